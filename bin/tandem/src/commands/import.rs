//! `tandem import`: imports a chain into the embedded store.

use std::{net::SocketAddr, num::NonZero, path::PathBuf, sync::Arc};

use clap::Args;
use eyre::{Result, WrapErr};
use tandem_chain::{Batch, Executor, Host, HostSettings};
use tandem_compare::evidence;
use tandem_executor::WorkerPool;
use tandem_report::RunInfo;

use crate::{
    args::{Format, StrategyArg, Threads},
    cli::Display,
    commands::replay::OnDivergence,
    exit::Exit,
    import::{datadir, watch::Watch},
    interrupt::Interrupt,
    machine::{self, machine},
    metrics,
    progress::Progress,
    replay::results::{Opening, Results, Settings},
};

const AFTER_HELP: &str = "\
Files of blocks are told apart by looking at them, and may be compressed:
  rlp     concatenated RLP blocks, as hive and `geth import` use
  era1    mainnet's history before the merge

Examples:
  tandem import --datadir data --genesis genesis.json chain.rlp
  tandem import --datadir data --genesis mainnet.json.zst *.era1 --report-dir report

A second run goes on where the first one stopped. Ctrl-C ends at a block boundary.";

/// Imports a chain into the embedded store, every header's roots checked
///
/// Stages overlap: decode, recover senders, execute in parallel, compute state roots, write. A block is on disk only if
/// all its roots match its header. Where the parallel execution contradicts a header, a sequential one decides whether
/// the block is invalid (status 2) or the executions differ (status 1). Either ends the import.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Import {
    /// Files of blocks, in the order of the chain
    #[arg(required = true, value_name = "CHAIN")]
    chain: Vec<PathBuf>,
    /// Directory of the store; made by the first import
    #[arg(long, value_name = "DIR")]
    datadir: PathBuf,
    /// The chain's genesis in geth's format
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,

    /// Threads that execute a block: a number, or as many as the computer has
    #[arg(long, default_value_t, value_name = "N|auto", help_heading = "Execution")]
    threads: Threads,
    /// How blocks execute
    #[arg(long, value_enum, default_value_t, help_heading = "Execution")]
    strategy: StrategyArg,

    /// Form of the results on standard output
    #[arg(long, value_enum, default_value_t, help_heading = "Results")]
    format: Format,
    /// Where to write blocks.jsonl, summary.json and report.html; records that are there stay
    #[arg(long, value_name = "DIR", help_heading = "Results")]
    report_dir: Option<PathBuf>,
    /// Serve metrics in Prometheus' format at an address, as 127.0.0.1:9090
    #[arg(long, value_name = "ADDR", help_heading = "Results")]
    metrics: Option<SocketAddr>,
}

impl Import {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let threads = self.threads.count();
        let interrupt = Interrupt::listen()?;
        if let Some(address) = self.metrics {
            metrics::serve(address)?;
        }
        let (store, spec) = datadir::open(&self.datadir, &self.genesis)?;
        let pool = WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
        let executor = Executor { pool: Arc::new(pool), strategy: self.strategy.into() };
        let settings = HostSettings { executor, threads, batch: Batch::default() };
        let mut host = Host::open(Arc::new(store), Arc::clone(&spec), settings)?;

        let results = Results::open(self.settings(threads), interrupt.clone(), Progress::start(display))?;
        let mut watch = Watch::new(results, spec, self.report_dir.as_deref(), self.format)?;
        let blocks = datadir::blocks(self.chain.clone());
        let imported = host.import_all(blocks, &|| interrupt.is_wanted(), &mut watch);
        watch.finish(&imported, host.store().head(), self.info(threads))
    }

    fn settings(&self, threads: NonZero<usize>) -> Settings {
        let strategy = self.strategy.name().to_owned();
        Settings {
            format: self.format,
            report_dir: self.report_dir.clone(),
            on_divergence: OnDivergence::Halt,
            run: evidence::Run { strategy, threads: threads.get(), seed: None },
            opening: Opening::Resume,
        }
    }

    fn info(&self, threads: NonZero<usize>) -> RunInfo {
        RunInfo {
            threads: Some(threads.get()),
            seed: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            commit: option_env!("TANDEM_COMMIT").map(str::to_owned),
            machine: Some(machine()),
            command: Some(std::env::args().collect::<Vec<_>>().join(" ")),
            started: machine::now(),
        }
    }
}
