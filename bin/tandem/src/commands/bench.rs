//! `tandem bench`: times sequential and parallel execution, in turn, in one process.

use std::{iter, num::NonZero, path::PathBuf};

use clap::Args;
use eyre::Result;
use tandem_compare::evidence;
use tandem_report::{BenchInfo, RunInfo};

use crate::{
    args::{Format, Generated, SeamArg, StrategyArg, Threads},
    bench::{
        contest::Contest,
        memory::{Alone, execute_alone},
        outcome::Outcome,
        run::run,
    },
    cli::Display,
    exit::Exit,
    interrupt::Interrupt,
    machine::machine,
    progress::Progress,
    valid::Sources,
};

const AFTER_HELP: &str = "\
Timed is, for both sides, from recovered transactions and a warm in-memory state to receipts and a finished bundle
with reverts. Sequential execution is alloy-evm's own. The logs bloom and the roots over receipts are a step of their
own after it (`digest`). A block whose executions differ in the warm-up has no figures.

Examples:
  tandem bench blocks/                                          1 thread and all threads of the computer
  tandem bench blocks/ --threads 1,2,4 --iterations 31
  tandem bench --generate erc20-transfers --generate hot-counter --json times.json";

/// Times sequential and parallel execution, in turn, in one process
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Bench {
    /// Blocks to execute, as for `tandem replay`; without any, an embedded workload is generated
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Also generate blocks: kind, number of blocks, and transactions in each; may be given several times
    #[arg(long, value_name = "WORKLOAD[:BLOCKS[:TXS]]")]
    generate: Vec<Generated>,
    /// Seed of generated blocks; the same seed gives the same blocks everywhere
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// End after so many timed blocks
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Numbers of threads to compare, each a number or `auto`
    #[arg(
        long,
        default_value = "1,auto",
        value_delimiter = ',',
        value_name = "LIST",
        help_heading = "Execution"
    )]
    threads: Vec<Threads>,
    /// How blocks execute in parallel; the default is the one that hosts get
    #[arg(long, value_enum, default_value = "auto", help_heading = "Execution")]
    strategy: StrategyArg,
    /// How the executor is called
    #[arg(long, value_enum, default_value_t, help_heading = "Execution")]
    seam: SeamArg,
    /// Execute each block so many times on each side; the median counts
    #[arg(long, default_value = "11", value_name = "K", help_heading = "Execution")]
    iterations: NonZero<usize>,
    /// Also measure the peak of memory, each side in a process of its own (Linux)
    #[arg(long, help_heading = "Execution")]
    memory: bool,
    /// Execute with one strategy only and print the peak of memory, in bytes; how `--memory` measures
    #[arg(long, hide = true, value_name = "sequential|N")]
    alone: Option<Alone>,

    /// Form of the results on standard output
    #[arg(long, value_enum, default_value_t, help_heading = "Results")]
    format: Format,
    /// Sum up the blocks of so much gas and more apart
    #[arg(long, default_value_t = 4_000_000, value_name = "G", help_heading = "Results")]
    gas_min: u64,
    /// Also write the results to a file, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    json: Option<PathBuf>,
}

impl Bench {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let embedded = [Generated::EMBEDDED];
        let is_empty = self.sources.is_empty() && self.generate.is_empty();
        let generated = if is_empty { &embedded } else { self.generate.as_slice() };
        let sources = Sources { paths: &self.sources, generated, seed: self.seed };
        if let Some(alone) = self.alone {
            return execute_alone(&sources, self.limit, alone, self.strategy.into(), self.seam.into());
        }
        let threads = Threads::counts(&self.threads);
        let contest = Contest::new(&threads, self.strategy.into(), self.seam.into(), self.iterations)?;
        let evidence = evidence::Run {
            strategy: self.strategy.name().to_owned(),
            threads: threads.iter().max().map_or(1, |threads| threads.get()),
            seed: Some(self.seed),
        };
        let interrupt = Interrupt::listen()?;
        let progress = Progress::start(display);
        let outcome =
            Outcome::new(self.info(), self.format, self.json.clone(), evidence, interrupt, progress);
        run(&sources, self.limit, contest, outcome, self.peaks())
    }

    /// Whose peak of memory is measured.
    fn peaks(&self) -> Vec<String> {
        if !self.memory {
            return Vec::new();
        }
        let threads = Threads::counts(&self.threads).into_iter().map(|threads| threads.to_string());
        iter::once("sequential".to_owned()).chain(threads).collect()
    }

    fn info(&self) -> BenchInfo {
        BenchInfo {
            iterations: self.iterations.get(),
            strategy: self.strategy.name().to_owned(),
            seam: self.seam.name().to_owned(),
            gas_min: self.gas_min,
            run: RunInfo {
                threads: None,
                seed: Some(self.seed),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
                commit: option_env!("TANDEM_COMMIT").map(str::to_owned),
                machine: Some(machine()),
                command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
                started: crate::machine::now(),
            },
        }
    }
}
