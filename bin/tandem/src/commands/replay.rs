//! `tandem replay`: executes blocks in parallel and sequentially, compares, reports.

use std::{num::NonZero, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use eyre::{Result, WrapErr};
use tandem_compare::{evidence, parallel::Parallel};
use tandem_executor::WorkerPool;
use tandem_report::{ReportDir, RunInfo, parquet};

use crate::{
    args::{Format, Generated, SeamArg, Shard, StrategyArg, Threads},
    cli::Display,
    exit::Exit,
    interrupt::Interrupt,
    machine::machine,
    progress::Progress,
    replay::{
        results::{DEFAULT_DIR, Opening, Results, Settings},
        run::run,
        twins::Twins,
    },
};

/// Numbers of threads that blocks are analyzed for.
const OUTLOOK_THREADS: [usize; 5] = [2, 4, 8, 16, 32];

const AFTER_HELP: &str = "\
Sources are told apart by looking at them; directories are searched, and files may be compressed:
  case              a directory with block.json and pre_state.json
  blockchain tests  a JSON file of ethereum/tests or the execution-spec tests
  chain             genesis.json and *.rlp or *.era1 in a directory
  witness           a JSON file with a block and the result of debug_executionWitness

Workloads:
  mixed, native-transfers, erc20-transfers, erc20-one-recipient, swaps-many-pools, swaps-one-pool,
  mint-rush, game-moves, rollup-batches, nonce-chain, hot-account, hot-counter,
  create2-selfdestruct, delegation, failing, fee-recipient, precompiles

Examples:
  tandem replay                                    generated blocks of all kinds, report in tandem-report/
  tandem replay blocks/ --report-dir report        all sources in a directory
  tandem replay --generate swaps-one-pool:50:400   50 blocks of 400 transactions
  tandem replay blocks/ --format jsonl | jq -c 'select(.verdict != \"match\")'";

/// Executes blocks in parallel and sequentially, compares, and reports
///
/// Each block is executed both ways on the same parent state. Receipts, gas, logs, requests, every changed account and
/// slot, reverts, state roots and errors must be equal, and equal to the block's header where the source allows it.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Replay {
    /// Blocks to execute; without any, an embedded workload is generated
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Also generate blocks: kind, number of blocks, and transactions in each
    #[arg(long, value_name = "WORKLOAD[:BLOCKS[:TXS]]")]
    generate: Option<Generated>,
    /// Seed of generated blocks; the same seed gives the same blocks everywhere
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// End after so many blocks
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Do the I-th of N equal parts, from 0; `tandem report` merges them
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    /// Threads that execute a block: a number, or as many as the computer has
    #[arg(long, default_value_t, value_name = "N|auto", help_heading = "Execution")]
    threads: Threads,
    /// How the block that is checked executes
    #[arg(long, value_enum, default_value_t, help_heading = "Execution")]
    strategy: StrategyArg,
    /// How the executor is called
    #[arg(long, value_enum, default_value_t, help_heading = "Execution")]
    seam: SeamArg,
    /// Execute each block so many times in parallel; every time must match
    #[arg(long, default_value = "1", value_name = "K", help_heading = "Execution")]
    repeat: NonZero<usize>,
    /// Also analyze each block, as `tandem analyze` does: three more executions, after those that are timed
    #[arg(long, help_heading = "Execution")]
    analyze: bool,
    /// What to do after a block that diverged
    #[arg(long, value_enum, default_value_t, value_name = "WHAT", help_heading = "Execution")]
    on_divergence: OnDivergence,

    /// Form of the results on standard output
    #[arg(long, value_enum, default_value_t, help_heading = "Results")]
    format: Format,
    /// Where to write blocks.jsonl, summary.json, report.html and evidence/ [default: tandem-report if there is no
    /// SOURCE, else no report]
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    report_dir: Option<PathBuf>,
    /// Also write blocks.parquet, at the end
    #[arg(long, help_heading = "Results")]
    parquet: bool,
}

/// What to do after a block that diverged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDivergence {
    /// Keep evidence and go on
    #[default]
    Continue,
    /// Keep evidence and end
    Halt,
}

impl Replay {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let threads = self.threads.count();
        let pool = WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
        let parallel = Parallel::new(Arc::new(pool), self.strategy.into(), self.seam.into());
        let analyzed_for = if self.analyze {
            OUTLOOK_THREADS.into_iter().filter_map(NonZero::new).collect()
        } else {
            Vec::new()
        };
        let mut twins = Twins::new(parallel, self.repeat).analyzing(analyzed_for);
        eyre::ensure!(!self.parquet || self.report_dir().is_some(), "--parquet: expected --report-dir too");

        let interrupt = Interrupt::listen()?;
        let results = Results::open(self.settings(threads), interrupt, Progress::start(display))?;
        let exit = run(&self.work(), &mut twins, results, self.info(threads))?;
        if let Some(dir) = self.report_dir().filter(|_| self.parquet) {
            parquet::write(&ReportDir::new(dir))?;
        }
        Ok(exit)
    }

    fn report_dir(&self) -> Option<PathBuf> {
        let default = self.sources.is_empty().then(|| PathBuf::from(DEFAULT_DIR));
        self.report_dir.clone().or(default)
    }

    fn work(&self) -> crate::replay::run::Work<'_> {
        let is_empty = self.sources.is_empty() && self.generate.is_none();
        crate::replay::run::Work {
            paths: &self.sources,
            generated: self.generate.or(is_empty.then_some(Generated::EMBEDDED)),
            seed: self.seed,
            shard: self.shard.unwrap_or(Shard::WHOLE),
            limit: self.limit,
        }
    }

    fn settings(&self, threads: NonZero<usize>) -> Settings {
        Settings {
            format: self.format,
            report_dir: self.report_dir(),
            on_divergence: self.on_divergence,
            run: evidence::Run {
                strategy: self.strategy.name().to_owned(),
                threads: threads.get(),
                seed: Some(self.seed),
            },
            opening: Opening::Fresh,
        }
    }

    fn info(&self, threads: NonZero<usize>) -> RunInfo {
        RunInfo {
            threads: Some(threads.get()),
            seed: Some(self.seed),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            commit: option_env!("TANDEM_COMMIT").map(str::to_owned),
            machine: Some(machine()),
            command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
            started: crate::machine::now(),
        }
    }
}
