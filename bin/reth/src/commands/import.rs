//! `import`: reth's command, with workers that can read its database.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_eips::BlockNumHash;
use clap::Parser;
use eyre::bail;
use reth_chainspec::ChainSpecProvider;
use reth_cli_commands::{
    common::{AccessRights, Environment, EnvironmentArgs},
    import_core::{ImportConfig, import_blocks_from_file},
};
use reth_ethereum_cli::chainspec::EthereumChainSpecParser;
use reth_node_ethereum::consensus::EthBeaconConsensus;
use reth_provider::providers::BlockchainProvider;
use reth_storage_api::BlockHashReader;
use reth_tasks::Runtime;
use tandem_exex::Contradiction;

use crate::{
    args::Options,
    config::ParallelEvmConfig,
    consensus::TandemConsensus,
    exex::overruled::{Consequence, Overruled},
    node::TandemNode,
    parents::PipelineParents,
};

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
    ///
    /// # Errors
    /// Also where a parallel execution was wrong and the policy is to halt. reth's pipeline ends with the file at hand.
    pub(crate) async fn run(
        self,
        options: Options,
        report_dir: Option<PathBuf>,
        runtime: Runtime,
    ) -> eyre::Result<()> {
        let Environment { provider_factory, config, data_dir } =
            self.env.init::<TandemNode>(AccessRights::RW, runtime.clone())?;
        let spec = provider_factory.chain_spec();
        let parents = Arc::new(PipelineParents(provider_factory.clone()));
        let executor = ParallelEvmConfig::new(Arc::clone(&spec), &options, parents);
        let consensus = EthBeaconConsensus::new(Arc::clone(&spec));
        let consensus = Arc::new(TandemConsensus::new(Arc::new(consensus), options.receipts.clone()));
        let report_dir = report_dir.unwrap_or_else(|| data_dir.data_dir().join("tandem-import"));
        let import = ImportConfig {
            no_state: self.no_state,
            chunk_len: self.chunk_len,
            fail_on_invalid_block: self.fail_on_invalid_block,
        };
        let import_file = async |path: &Path| {
            import_blocks_from_file(
                path,
                import.clone(),
                provider_factory.clone(),
                &config,
                executor.clone(),
                Arc::clone(&consensus),
                runtime.clone(),
            )
            .await
        };
        for path in &self.paths {
            let mut result = import_file(path).await?;
            if let (Some(invalid), true) = (result.bad_block, executor.counters().any_parallel()) {
                tracing::warn!(invalid, "executing sequentially before the block is called invalid");
                executor.batches.distrust();
                let first = result.last_valid_block.unwrap_or_default() + 1;
                result = import_file(path).await?;
                if !result.stopped_on_invalid_block
                    && let Some(hash) = provider_factory.provider()?.block_hash(invalid)?
                {
                    let what = format!("state root after blocks {first} to {invalid}: one of them was wrong");
                    let wrong = Contradiction { what, executed: None };
                    executor.overrule(BlockNumHash::new(invalid, hash), wrong);
                }
            }
            tracing::info!(
                path = %path.display(),
                blocks = result.total_imported_blocks,
                transactions = result.total_imported_txns,
                "Imported"
            );
            let overruled = Overruled::new(&options, &spec, &report_dir);
            if overruled.record(BlockchainProvider::new(provider_factory.clone())?)? == Consequence::Halt {
                bail!(
                    "a block diverged, and the policy is to halt; its record and evidence are in {}",
                    report_dir.display()
                );
            }
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
