//! `import`: reth's command, with workers that can read its database.

use std::{path::PathBuf, sync::Arc};

use clap::Parser;
use eyre::bail;
use reth_chainspec::ChainSpecProvider;
use reth_cli_commands::{
    common::{AccessRights, Environment, EnvironmentArgs},
    import_core::{ImportConfig, import_blocks_from_file},
};
use reth_ethereum_cli::chainspec::EthereumChainSpecParser;
use reth_node_ethereum::consensus::EthBeaconConsensus;
use reth_tasks::Runtime;

use crate::{args::Options, config::ParallelEvmConfig, node::TandemNode, parents::PipelineParents};

/// The options of reth's `import`, under reth's names: they are read from what reth's own command parsed.
#[derive(Debug, Parser)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    env: EnvironmentArgs<EthereumChainSpecParser>,
    #[arg(long)]
    no_state: bool,
    #[arg(long)]
    chunk_len: Option<u64>,
    #[arg(long)]
    fail_on_invalid_block: bool,
    #[arg(required = true, num_args = 1..)]
    paths: Vec<PathBuf>,
}

impl ImportArgs {
    /// Imports the files.
    pub(crate) async fn run(self, options: Options, runtime: Runtime) -> eyre::Result<()> {
        let Environment { provider_factory, config, .. } =
            self.env.init::<TandemNode>(AccessRights::RW, runtime.clone())?;
        let spec = provider_factory.chain_spec();
        let parents = Arc::new(PipelineParents(provider_factory.clone()));
        let executor = ParallelEvmConfig::new(Arc::clone(&spec), &options, parents);
        let consensus = Arc::new(EthBeaconConsensus::new(spec));
        let import = ImportConfig {
            no_state: self.no_state,
            chunk_len: self.chunk_len,
            fail_on_invalid_block: self.fail_on_invalid_block,
        };
        for path in &self.paths {
            let result = import_blocks_from_file(
                path,
                import.clone(),
                provider_factory.clone(),
                &config,
                executor.clone(),
                Arc::clone(&consensus),
                runtime.clone(),
            )
            .await?;
            tracing::info!(
                path = %path.display(),
                blocks = result.total_imported_blocks,
                transactions = result.total_imported_txns,
                "Imported"
            );
            if result.stopped_on_invalid_block {
                tracing::warn!(block = ?result.bad_block, "Stopped at an invalid block");
                break;
            }
            if !result.is_successful() {
                bail!(
                    "{}: imported {} of {} blocks",
                    path.display(),
                    result.total_imported_blocks,
                    result.total_decoded_blocks
                );
            }
        }
        tracing::info!("{}", executor.counters());
        Ok(())
    }
}
