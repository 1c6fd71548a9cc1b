//! Options of our own, beside reth's.

use std::{num::NonZero, path::PathBuf, str::FromStr, sync::Arc, thread};

use clap::{Args, ValueEnum};
use eyre::WrapErr;
use tandem_executor::{Strategy, WorkerPool};
use tandem_exex::{Contradictions, Control, Mode, Policy};

#[cfg(feature = "fault-injection")]
use crate::fault::Fault;
use crate::{consensus::ReceiptRoots, counters::Counters, exex::ExexOptions};

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

    /// How a node's blocks are validated by a second execution behind it.
    #[arg(long = "tandem.exex", value_name = "MODE", default_value = "live", global = true)]
    exex: ExexArg,

    /// What follows when two executions of a block differ, beside a record and evidence.
    #[arg(long = "tandem.on-divergence", value_name = "POLICY", default_value = "report", global = true)]
    on_divergence: PolicyArg,

    /// Directory of the validator's report, or an import's; in the data directory where absent.
    #[arg(long = "tandem.report-dir", value_name = "DIR", global = true)]
    report_dir: Option<PathBuf>,

    /// What goes wrong on purpose.
    #[cfg(feature = "fault-injection")]
    #[arg(long = "tandem.fault", value_name = "FAULT", global = true)]
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ExexArg {
    /// The node executes as the strategy says, the validator sequentially.
    Live,
    /// The node executes sequentially, the validator in parallel.
    Shadow,
    /// Not at all.
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PolicyArg {
    /// Nothing.
    Report,
    /// The node executes sequentially from then on.
    Fallback,
    /// The node stops.
    Halt,
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
    /// What the validator asks for.
    pub(crate) control: Control,
    /// Parallel executions that were wrong, for the validator.
    pub(crate) contradictions: Contradictions,
    /// What follows from a divergence.
    pub(crate) policy: Policy,
    /// Receipts roots that are computed already.
    pub(crate) receipts: ReceiptRoots,
    /// What became of blocks.
    pub(crate) counters: Arc<Counters>,
    /// What goes wrong on purpose.
    #[cfg(feature = "fault-injection")]
    pub(crate) fault: Option<Fault>,
}

impl TandemArgs {
    /// Starts the workers.
    pub(crate) fn options(&self) -> eyre::Result<Options> {
        let strategy = match self.strategy {
            _ if matches!(self.exex, ExexArg::Shadow) => Strategy::Sequential,
            StrategyArg::Parallel => Strategy::Parallel,
            StrategyArg::Sequential => Strategy::Sequential,
            StrategyArg::Auto => Strategy::Auto,
        };
        let threads = match self.threads {
            Threads::Number(number) => number,
            Threads::Auto => thread::available_parallelism().wrap_err("the number of cores is not known")?,
        };
        let pool = WorkerPool::new(threads).wrap_err("no threads for workers")?;
        Ok(Options {
            strategy,
            pool: Arc::new(pool),
            control: Control::default(),
            contradictions: Contradictions::default(),
            policy: self.on_divergence.into(),
            receipts: ReceiptRoots::default(),
            counters: Arc::default(),
            #[cfg(feature = "fault-injection")]
            fault: self.fault,
        })
    }

    /// Returns where the report is to be, if that is said.
    pub(crate) fn report_dir(&self) -> Option<PathBuf> {
        self.report_dir.clone()
    }

    /// Returns how a node's blocks are validated, if they are.
    pub(crate) fn exex(&self) -> Option<ExexOptions> {
        let mode = match self.exex {
            ExexArg::Live => Mode::Live,
            ExexArg::Shadow => Mode::Shadow,
            ExexArg::Off => return None,
        };
        Some(ExexOptions { mode, policy: self.on_divergence.into(), report_dir: self.report_dir.clone() })
    }
}

impl From<PolicyArg> for Policy {
    fn from(policy: PolicyArg) -> Self {
        match policy {
            PolicyArg::Report => Self::Report,
            PolicyArg::Fallback => Self::Fallback,
            PolicyArg::Halt => Self::Halt,
        }
    }
}
