//! `tandem import`: imports a chain into the embedded store.

use std::{net::SocketAddr, num::NonZero, path::PathBuf, sync::Arc};

use clap::Args;
use eyre::{Result, WrapErr, eyre};
use tandem_chain::{Batch, Executor, Host, HostSettings, Keep};
use tandem_compare::{Parallel, Seam, evidence};
use tandem_executor::{Strategy, WorkerPool};
use tandem_exex::{AlertCommand, Bounds, Control, Mode, Overflow};
use tandem_report::RunInfo;

use crate::{
    args::{ExexArg, Format, PolicyArg, StrategyArg, Threads},
    cli::Display,
    commands::replay::OnDivergence,
    exit::Exit,
    import::{datadir, divergence, records::Records, validated::Validated, watch::Watch},
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
  tandem import --datadir data --genesis genesis.json chain.rlp --exex live --report-dir report

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

    /// Validate every imported block by a second execution
    #[arg(long, value_enum, default_value_t, value_name = "MODE", help_heading = "Validation")]
    exex: ExexArg,
    /// What follows when the two executions of a block differ
    #[arg(long, value_enum, default_value_t, value_name = "POLICY", help_heading = "Validation")]
    on_divergence: PolicyArg,
    /// Program to run on each divergence; it reads the block's record, one line of JSON, from its standard input
    #[arg(long, value_name = "PROGRAM", help_heading = "Validation")]
    alert_command: Option<PathBuf>,

    /// Break the parallel execution of a transaction, as {"tx":"0x…","kind":{"gas":{"excess":1}}}
    #[cfg(feature = "fault-injection")]
    #[arg(long, value_name = "JSON", value_parser = fault, help_heading = "Validation")]
    inject_fault: Option<evidence::FaultEvidence>,

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

/// Reads a fault.
#[cfg(feature = "fault-injection")]
fn fault(json: &str) -> serde_json::Result<evidence::FaultEvidence> {
    serde_json::from_str(json)
}

impl Import {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let threads = self.threads.count();
        let interrupt = Interrupt::listen()?;
        if let Some(address) = self.metrics {
            metrics::serve(address)?;
        }
        #[cfg(feature = "fault-injection")]
        if let Some(fault) = self.inject_fault {
            tandem_chain::fault::inject(fault.tx, fault.kind.into());
        }
        let (store, spec) = datadir::open(&self.datadir, &self.genesis)?;
        let pool = WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
        let (pool, store) = (Arc::new(pool), Arc::new(store));
        let control = Control::default();
        // In the shadow, what the host does not do is the validator's.
        let strategy = match self.exex {
            ExexArg::Shadow => Strategy::Sequential,
            ExexArg::Live | ExexArg::Off => self.strategy.into(),
        };
        let executor = Executor { pool: Arc::clone(&pool), strategy, fallback: control.fallback_flag() };
        let keep = if self.exex.mode().is_some() { Keep::Executions } else { Keep::Stored };
        let settings = HostSettings { executor, threads, keep, batch: Batch::default() };
        let host = Host::open(Arc::clone(&store), Arc::clone(&spec), settings)?;

        let open = || Results::open(self.settings(threads), interrupt.clone(), Progress::start(display));
        let blocks = || datadir::blocks(self.chain.clone());
        let mut watch;
        let (imported, results) = match self.exex.mode() {
            None => {
                let mut host = host;
                let records = Records::new(open()?, self.report_dir.as_deref(), &store)?;
                watch = Watch::new(Some(records), Arc::clone(&spec), self.format);
                let imported = host.import_all(blocks(), &|| interrupt.is_wanted(), &mut watch);
                (imported, watch.take_records()?.map(Records::into_results))
            }
            Some(mode) => {
                watch = Watch::new(None, Arc::clone(&spec), self.format);
                let settings = self.validator(mode, pool);
                let (spec, datadir) = (Arc::clone(&spec), &*self.datadir);
                let validated = Validated { datadir, spec, settings, control, interrupt: &interrupt };
                let (imported, results) = validated.import(host, blocks, &mut watch, open)?;
                (imported, Some(results))
            }
        };
        let results = results.ok_or_else(|| eyre!("broken invariant: an import has results"))?;
        let diverged = divergence::of(&store, &spec, &imported);
        watch.finish(results, &imported, diverged, store.head(), self.info(threads))
    }

    fn validator(&self, mode: Mode, pool: Arc<WorkerPool>) -> tandem_exex::Settings {
        let alert = self.alert_command.clone();
        let parallel = Parallel::new(pool, self.strategy.into(), Seam::Block);
        #[cfg(feature = "fault-injection")]
        let parallel = Parallel { fault: self.inject_fault, ..parallel };
        tandem_exex::Settings {
            mode,
            policy: self.on_divergence.into(),
            bounds: Bounds::default(),
            // Every block of a file is to be checked, however long it takes.
            overflow: Overflow::Wait,
            parallel,
            report_dir: self.report_dir.clone(),
            alert: alert.map(|program| AlertCommand { program, arguments: Vec::new() }),
        }
    }

    /// Says whether a divergence ends the import: where the executor's own check finds it, it does.
    const fn ending(&self) -> OnDivergence {
        match (self.exex, self.on_divergence) {
            (ExexArg::Off, _) | (_, PolicyArg::Halt) => OnDivergence::Halt,
            (ExexArg::Live | ExexArg::Shadow, _) => OnDivergence::Continue,
        }
    }

    fn settings(&self, threads: NonZero<usize>) -> Settings {
        let strategy = self.strategy.name().to_owned();
        Settings {
            format: self.format,
            report_dir: self.report_dir.clone(),
            on_divergence: self.ending(),
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
