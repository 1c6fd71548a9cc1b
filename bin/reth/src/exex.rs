//! Has every block of the node validated by Tandem's ExEx.

mod block;
mod host;
pub(crate) mod overruled;
mod state;

use std::{
    future::{self, Future},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use eyre::{WrapErr, bail};
use futures_util::TryStreamExt;
use host::RethHost;
use reth_chainspec::{ChainSpec, EthChainSpec};
use reth_ethereum_primitives::EthPrimitives;
use reth_exex::{ExExContext, ExExNotificationsStream};
use reth_node_api::{FullNodeComponents, NodeTypes};
use tandem_compare::{
    Parallel, Seam,
    evidence::{Provenance, Run},
};
use tandem_executor::Strategy;
use tandem_exex::{Bounds, Mode, Overflow, Policy, ReportSink, Settings, Sink, Validator};
use tandem_report::ReportError;

use crate::args::Options;

/// How the node's blocks are validated.
#[derive(Clone, Debug)]
pub(crate) struct ExexOptions {
    /// Who executes how.
    pub(crate) mode: Mode,
    /// What follows from a divergence.
    pub(crate) policy: Policy,
    /// Where the report goes; the node's data directory knows, unless an option says so.
    pub(crate) report_dir: Option<PathBuf>,
}

/// How long the node waits for room in the validator's queue before it goes on without.
const PATIENCE: Duration = Duration::from_millis(20);

/// How often the node asks whether it is to halt.
const HALT_EVERY: Duration = Duration::from_millis(100);

/// Starts the validator, and returns what feeds it for as long as the node runs.
pub(crate) async fn start<N>(
    mut ctx: ExExContext<N>,
    options: Options,
    exex: ExexOptions,
) -> eyre::Result<impl Future<Output = eyre::Result<()>> + Send>
where
    N: FullNodeComponents<Types: NodeTypes<Primitives = EthPrimitives, ChainSpec = ChainSpec>>,
{
    // The validator knows from its own records where to go on, and reads what it missed back itself.
    ctx.notifications.set_without_head();
    let report_dir = exex.report_dir.unwrap_or_else(|| ctx.config.datadir().data_dir().join("tandem-report"));
    let spec = &ctx.config.chain;
    let host = Arc::new(RethHost::new(
        ctx.components.provider().clone(),
        Arc::new(tandem_corpus::ChainSpec::from_genesis(spec.genesis())),
        spec.genesis_hash(),
        ctx.events.clone(),
        options.contradictions.clone(),
    ));
    let settings = Settings {
        mode: exex.mode,
        policy: exex.policy,
        bounds: Bounds::default(),
        overflow: Overflow::Defer { patience: PATIENCE },
        parallel: engine(&options),
        report_dir: Some(report_dir.clone()),
        alert: None,
    };
    let sink_options = options.clone();
    let open = move || sink(&sink_options, exex.mode, &report_dir);
    let control = options.control.clone();
    let asked = control.clone();
    let validator = tokio::task::spawn_blocking(move || Validator::start(host, settings, asked, open))
        .await?
        .wrap_err("the validator cannot start")?;
    let validator = Arc::new(validator);

    Ok(async move {
        let mut halt = tokio::time::interval(HALT_EVERY);
        loop {
            let notification = tokio::select! {
                notification = ctx.notifications.try_next() => notification?,
                _ = halt.tick() => {
                    if control.is_halted() {
                        bail!("a block diverged, and the policy is to halt; its record and evidence are in the report");
                    }
                    continue;
                }
            };
            let Some(notification) = notification else {
                // The node is going down; reth takes an ExEx that ends for a failure.
                return future::pending().await;
            };
            let (validator, told) = (Arc::clone(&validator), block::notification(&notification, &options));
            tokio::task::spawn_blocking(move || validator.notify(told)).await?;
        }
    })
}

/// Returns what executes in parallel for the validator.
fn engine(options: &Options) -> Parallel {
    let engine = Parallel::new(Arc::clone(&options.pool), Strategy::Auto, Seam::Block);
    #[cfg(feature = "fault-injection")]
    let engine = match options.fault {
        Some(fault) => fault.in_engine(engine),
        None => engine,
    };
    engine
}

/// Opens a report.
fn sink(
    options: &Options,
    #[cfg_attr(not(feature = "fault-injection"), expect(unused_variables))] mode: Mode,
    report_dir: &Path,
) -> Result<impl Sink + use<>, ReportError> {
    let threads = options.pool.worker_count() + 1;
    let run = Run { strategy: format!("{:?}", options.strategy).to_lowercase(), threads, seed: None };
    let provenance = Provenance { version: env!("CARGO_PKG_VERSION").to_owned(), ..Provenance::default() };
    let sink = ReportSink::open(report_dir, run, provenance);
    #[cfg(feature = "fault-injection")]
    let sink = sink.map(|sink| {
        let fault = options.fault.filter(|_| mode == Mode::Live);
        crate::fault::Naming { fault, sink }
    });
    sink
}
