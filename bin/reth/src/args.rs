//! Options of our own, beside reth's.

use std::{num::NonZero, str::FromStr, sync::Arc, thread};

use clap::{Args, ValueEnum};
use eyre::WrapErr;
use tandem_executor::{Strategy, WorkerPool};

/// Options of every command that executes blocks.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tandem")]
pub(crate) struct TandemArgs {
    /// How blocks are executed.
    #[arg(long = "tandem.strategy", value_name = "STRATEGY", default_value = "auto", global = true)]
    strategy: StrategyArg,

    /// Threads that execute a block, reth's own included: a number, or `auto` for one a core.
    #[arg(long = "tandem.threads", value_name = "N", default_value = "auto", global = true)]
    threads: Threads,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StrategyArg {
    /// In parallel.
    Parallel,
    /// One transaction after the other.
    Sequential,
    /// In parallel where it is likely to pay.
    Auto,
}

#[derive(Clone, Copy, Debug)]
enum Threads {
    Auto,
    Number(NonZero<usize>),
}

impl FromStr for Threads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => {
                text.parse().map(Self::Number).map_err(|_| "expected a number from 1 on, or auto".to_owned())
            }
        }
    }
}

/// How blocks are executed.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Whether to speculate.
    pub(crate) strategy: Strategy,
    /// The workers.
    pub(crate) pool: Arc<WorkerPool>,
}

impl TandemArgs {
    /// Starts the workers.
    pub(crate) fn options(&self) -> eyre::Result<Options> {
        let strategy = match self.strategy {
            StrategyArg::Parallel => Strategy::Parallel,
            StrategyArg::Sequential => Strategy::Sequential,
            StrategyArg::Auto => Strategy::Auto,
        };
        let threads = match self.threads {
            Threads::Number(number) => number,
            Threads::Auto => thread::available_parallelism().wrap_err("the number of cores is not known")?,
        };
        let pool = WorkerPool::new(threads).wrap_err("no threads for workers")?;
        Ok(Options { strategy, pool: Arc::new(pool) })
    }
}
