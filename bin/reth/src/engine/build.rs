//! Builds the engine's validator of blocks.

use std::sync::Arc;

use alloy_primitives::B256;
use reth_chainspec::ChainSpec;
use reth_engine_tree::tree::{BasicEngineValidator, TreeConfig};
use reth_ethereum_primitives::{Block, EthPrimitives, Receipt};
use reth_execution_types::BlockExecutionOutput;
use reth_node_api::{AddOnsContext, FullNodeComponents, InvalidBlockHook, NodeTypes, PayloadValidator};
use reth_node_builder::{
    invalid_block_hook::InvalidBlockHookExt,
    rpc::{EngineValidatorBuilder, PayloadValidatorBuilder},
};
use reth_primitives_traits::{RecoveredBlock, SealedHeader};
use reth_storage_overlay::OverlayManager;
use reth_trie_common::updates::TrieUpdates;
use tandem_compare::Output;
use tandem_exex::{HostExecution, Trial};

use super::{TandemEngineValidator, prewarm::PoolTransactions};
use crate::{config::ParallelEvmConfig, counters::Counters, node::Payload};

/// Builds reth's validator of blocks and what asks it twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct TandemEngineValidatorBuilder<EV> {
    payload_validator: EV,
}

impl<Node, EV> EngineValidatorBuilder<Node> for TandemEngineValidatorBuilder<EV>
where
    Node: FullNodeComponents<
            Types: NodeTypes<Primitives = EthPrimitives, Payload = Payload, ChainSpec = ChainSpec>,
            Evm = ParallelEvmConfig,
        >,
    EV: PayloadValidatorBuilder<Node>,
    EV::Validator: PayloadValidator<Payload, Block = Block> + Clone,
{
    type EngineValidator =
        TandemEngineValidator<BasicEngineValidator<Node::Provider, ParallelEvmConfig, EV::Validator>>;

    /// Does as reth's `BasicEngineValidatorBuilder` does, but for the hook.
    async fn build_tree_validator(
        self,
        ctx: &AddOnsContext<'_, Node>,
        tree_config: TreeConfig,
        overlay_manager: OverlayManager<EthPrimitives>,
    ) -> eyre::Result<Self::EngineValidator> {
        let config = ctx.node.evm_config().clone();
        let hook = FirstVerdicts {
            trial: config.trial.clone(),
            counters: Arc::clone(config.counters()),
            believed: ctx.create_invalid_block_hook(&ctx.config.datadir()).await?,
        };
        let prewarming = tree_config.txpool_prewarming();
        let mut inner = BasicEngineValidator::new(
            ctx.node.provider().clone(),
            Arc::new(ctx.node.consensus().clone()),
            config.clone(),
            self.payload_validator.build(ctx).await?,
            tree_config,
            Box::new(hook),
            overlay_manager,
            ctx.node.task_executor().clone(),
        );
        if prewarming {
            inner = inner.with_txpool_prewarming(PoolTransactions(ctx.node.pool().clone()));
        }
        Ok(TandemEngineValidator { inner, config })
    }
}

/// Keeps what parallel executions gave that contradicts a header; reth's own hook is told of invalid blocks alone.
struct FirstVerdicts {
    trial: Trial,
    counters: Arc<Counters>,
    believed: Box<dyn InvalidBlockHook<EthPrimitives>>,
}

impl InvalidBlockHook<EthPrimitives> for FirstVerdicts {
    fn on_invalid_block(
        &self,
        parent: &SealedHeader,
        block: &RecoveredBlock<Block>,
        output: &BlockExecutionOutput<Receipt>,
        trie_updates: Option<(&TrieUpdates, B256)>,
    ) {
        let given = || {
            let (stats, duration) = self.counters.took(block.hash()).unwrap_or_default();
            let output = Output { result: output.result.clone(), bundle: output.state.clone(), bal: None };
            HostExecution { output, state_root: None, stats, duration }
        };
        if !self.trial.contradicts(block.hash(), given) {
            self.believed.on_invalid_block(parent, block, output, trie_updates);
        }
    }
}
