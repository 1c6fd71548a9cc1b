//! `tandem analyze`: says what blocks would allow.

use std::{fs, num::NonZero, path::PathBuf};

use clap::Args;
use eyre::{Result, WrapErr};
use tandem_report::{AnalysisInfo, RunInfo};

use crate::{
    analyze::run::{Task, run},
    args::{Format, Generated, Threads},
    cli::Display,
    exit::Exit,
    interrupt::Interrupt,
    machine::machine,
    progress::Progress,
    valid::Sources,
};

const AFTER_HELP: &str = "\
A transaction depends on an earlier one if it needs a value that the earlier one changed: a storage slot, code, the
nonce of its sender, or a balance where the very balance matters or would not suffice. The critical path is the longest
chain of dependencies; shards are groups of transactions that share nothing.

Speedups by number of threads:
  bound      the number of threads, or all time over the critical path's, whichever is less; an executor that guesses
             values (this one guesses nonces) may exceed it
  in order   an executor that knows all dependencies beforehand, takes transactions in block order, and pays for
             nothing else

Partitions: what a thread for each sender, each called contract, each type of transaction, or each group that shares
nothing (which only execution tells) would give, each executing its transactions in order and waiting where one depends
on another part's.";

/// Says what blocks would allow: dependencies, critical paths, shards and speedups by number of threads
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Analyze {
    /// Blocks to analyze, as for `tandem replay`; without any, an embedded workload is generated
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Also generate blocks: kind, number of blocks, and transactions in each; may be given several times
    #[arg(long, value_name = "WORKLOAD[:BLOCKS[:TXS]]")]
    generate: Vec<Generated>,
    /// Seed of generated blocks; the same seed gives the same blocks everywhere
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// End after so many blocks
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Numbers of threads to look at, each a number or `auto`
    #[arg(long, default_value = "2,4,8,16,32", value_delimiter = ',', value_name = "LIST")]
    threads: Vec<Threads>,
    /// Execute each block so many times; the median is a transaction's time
    #[arg(long, default_value = "5", value_name = "K")]
    iterations: NonZero<usize>,
    /// Sum up the blocks of so much gas and more apart
    #[arg(long, default_value_t = 4_000_000, value_name = "G")]
    gas_min: u64,
    /// Draw each block's graph into a directory: NUMBER-HASH.svg, and .dot for graphviz
    #[arg(long, value_name = "DIR")]
    graph: Option<PathBuf>,
    /// Form of the results on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Analyze {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let embedded = [Generated::EMBEDDED];
        let is_empty = self.sources.is_empty() && self.generate.is_empty();
        let generated = if is_empty { &embedded } else { self.generate.as_slice() };
        let sources = Sources { paths: &self.sources, generated, seed: self.seed };
        let task = Task {
            threads: Threads::counts(&self.threads),
            iterations: self.iterations,
            limit: self.limit,
            graph: self.graph.clone(),
            format: self.format,
        };
        if let Some(dir) = &self.graph {
            fs::create_dir_all(dir).wrap_err_with(|| format!("{}: cannot create", dir.display()))?;
        }
        run(&sources, task, self.info(), Interrupt::listen()?, Progress::start(display))
    }

    fn info(&self) -> AnalysisInfo {
        AnalysisInfo {
            iterations: self.iterations.get(),
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
