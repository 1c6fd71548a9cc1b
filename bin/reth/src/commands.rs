//! Runs reth's commands with our components.

mod import;

use std::sync::Arc;

use clap::{Args, CommandFactory, FromArgMatches};
use eyre::eyre;
use import::ImportArgs;
use reth_chainspec::ChainSpec;
use reth_cli_runner::CliRunner;
use reth_ethereum_cli::{Commands, chainspec::EthereumChainSpecParser, interface::Cli};
use reth_node_ethereum::consensus::EthBeaconConsensus;
use reth_tracing::Layers;

use crate::{
    args::TandemArgs, config::ParallelEvmConfig, consensus::TandemConsensus, exex, node::TandemNode,
    parents::NoParents,
};

/// Parses the command line and runs what it says.
pub(crate) fn run() -> eyre::Result<()> {
    let command = TandemArgs::augment_args(Cli::<EthereumChainSpecParser>::command()).name("tandem-reth");
    let matches = command.get_matches();
    let mut cli = Cli::<EthereumChainSpecParser>::from_arg_matches(&matches)?;
    let tandem = TandemArgs::from_arg_matches(&matches)?;
    let options = tandem.options()?;
    tracing::debug!(?options, "tandem");

    if let Commands::Import(_) = cli.command {
        // reth's own command keeps its database to itself, so that workers would have nothing to read from.
        let (_, matches) = matches.subcommand().ok_or_else(|| eyre!("no command"))?;
        let args = ImportArgs::from_arg_matches(matches)?;
        let runner = CliRunner::try_default_runtime()?;
        let _guard = cli.init_tracing(&runner, Layers::new())?;
        let runtime = runner.runtime();
        return runner.run_blocking_until_ctrl_c(args.run(options, tandem.report_dir(), runtime));
    }

    let node = TandemNode::new(options.clone());
    let (exex, node_options) = (tandem.exex(), options.clone());
    let components = move |spec: Arc<ChainSpec>| {
        let config = ParallelEvmConfig::new(Arc::clone(&spec), &options, Arc::new(NoParents));
        let consensus =
            TandemConsensus::new(Arc::new(EthBeaconConsensus::new(spec)), options.receipts.clone());
        (config, consensus)
    };
    cli.run_with_components::<TandemNode>(components, async move |builder, _| {
        let builder = builder.node(node);
        let handle = match exex {
            Some(exex) => {
                let start = move |ctx| exex::start(ctx, node_options, exex);
                builder.install_exex("tandem", start).launch_with_debug_capabilities().await?
            }
            None => builder.launch_with_debug_capabilities().await?,
        };
        handle.wait_for_node_exit().await
    })
}
