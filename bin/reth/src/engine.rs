//! Lets a sequential execution decide before the engine calls a block invalid that was executed in parallel.
//!
//! reth's validator of blocks is asked a second time, with the same block, where its parallel execution contradicts the
//! header, or fails. What it says then is the verdict. So reth itself does everything twice, state root included, and a
//! wrong execution leaves nothing behind: each time it starts from the parent's state, and with a state root task of its
//! own. The engine remembers an invalid block only after the verdict.

mod build;
mod prewarm;

use alloy_primitives::B256;
pub(crate) use build::TandemEngineValidatorBuilder;
use reth_chain_state::ExecutedBlock;
use reth_engine_tree::tree::{
    CacheWaitDurations, EngineApiTreeState, EngineValidator, ValidationOutcome, WaitForCaches,
    error::{InsertBlockErrorKind, InsertPayloadError},
    payload_validator::TreeCtx,
};
use reth_ethereum_primitives::{Block, EthPrimitives};
use reth_node_api::{
    BuiltPayload, BuiltPayloadExecutedBlock, ExecutionPayload, InvalidPayloadAttributesError,
    NewPayloadError, PayloadTypes,
};
use reth_payload_builder::PayloadBuilderResources;
use reth_primitives_traits::SealedBlock;
use reth_storage_api::errors::provider::ProviderResult;
use tandem_executor::may_be_ours;
use tandem_exex::{Contradiction, End};

use crate::config::ParallelEvmConfig;

/// reth's validator of blocks, asked twice where it must be.
#[derive(Debug)]
pub(crate) struct TandemEngineValidator<V> {
    inner: V,
    config: ParallelEvmConfig,
}

impl<V> TandemEngineValidator<V> {
    /// Says what follows from a first verdict, if a second one decides.
    fn doubt(&self, block: B256, first: &ValidationOutcome<EthPrimitives>) -> Option<Contradiction> {
        let Err(InsertPayloadError::Block(error)) = first else { return None };
        let end = match error.kind() {
            InsertBlockErrorKind::Execution(error) if may_be_ours(error) => End::Failed,
            _ => End::Judged,
        };
        self.config.trial.again(block, end, || error.kind().to_string())
    }

    /// Tells what was wrong, the execution or the block.
    fn decide(&self, wrong: Contradiction, second: &ValidationOutcome<EthPrimitives>) {
        match second {
            Ok(valid) => self.config.overrule(valid.executed_block.recovered_block().num_hash(), wrong),
            Err(_) => {
                tracing::debug!(what = %wrong.what, "the block contradicts sequential execution as well")
            }
        }
    }
}

/// Lends what a validation needs for one of two.
const fn lend<'a>(ctx: &'a mut TreeCtx<'_, EthPrimitives>) -> TreeCtx<'a, EthPrimitives> {
    let canonical = ctx.canonical_in_memory_state();
    TreeCtx::new(ctx.state_mut(), canonical)
}

impl<V, T> EngineValidator<T> for TandemEngineValidator<V>
where
    V: EngineValidator<T>,
    T: PayloadTypes<BuiltPayload: BuiltPayload<Primitives = EthPrimitives>>,
{
    fn validate_payload(
        &mut self,
        payload: T::ExecutionData,
        mut ctx: TreeCtx<'_, EthPrimitives>,
    ) -> ValidationOutcome<EthPrimitives> {
        let block = payload.block_hash();
        self.config.trial.begin(block);
        let mut outcome = self.inner.validate_payload(payload.clone(), lend(&mut ctx));
        if let Some(wrong) = self.doubt(block, &outcome) {
            outcome = self.inner.validate_payload(payload, ctx);
            self.decide(wrong, &outcome);
        }
        self.config.trial.end();
        outcome
    }

    fn validate_block(
        &mut self,
        block: SealedBlock<Block>,
        mut ctx: TreeCtx<'_, EthPrimitives>,
    ) -> ValidationOutcome<EthPrimitives> {
        let hash = block.hash();
        self.config.trial.begin(hash);
        let mut outcome = self.inner.validate_block(block, lend(&mut ctx));
        if let Some(wrong) = self.doubt(hash, &outcome)
            && let Err(InsertPayloadError::Block(error)) = outcome
        {
            outcome = self.inner.validate_block(error.into_block(), ctx);
            self.decide(wrong, &outcome);
        }
        self.config.trial.end();
        outcome
    }

    fn validate_payload_attributes_against_header(
        &self,
        attributes: &T::PayloadAttributes,
        header: &alloy_consensus::Header,
    ) -> Result<(), InvalidPayloadAttributesError> {
        self.inner.validate_payload_attributes_against_header(attributes, header)
    }

    fn convert_payload_to_block(
        &self,
        payload: T::ExecutionData,
    ) -> Result<SealedBlock<Block>, NewPayloadError> {
        self.inner.convert_payload_to_block(payload)
    }

    fn on_inserted_executed_block(
        &self,
        block: BuiltPayloadExecutedBlock<EthPrimitives>,
    ) -> ProviderResult<ExecutedBlock<EthPrimitives>> {
        self.inner.on_inserted_executed_block(block)
    }

    fn on_canonical_head_changed(&self, hash: B256, state: &EngineApiTreeState<EthPrimitives>) {
        self.inner.on_canonical_head_changed(hash, state);
    }

    fn payload_builder_resources(
        &self,
        parent_hash: B256,
        parent_header: &alloy_consensus::Header,
        timestamp: u64,
        state: &mut EngineApiTreeState<EthPrimitives>,
    ) -> PayloadBuilderResources {
        self.inner.payload_builder_resources(parent_hash, parent_header, timestamp, state)
    }
}

impl<V: WaitForCaches> WaitForCaches for TandemEngineValidator<V> {
    fn wait_for_caches(&self) -> CacheWaitDurations {
        self.inner.wait_for_caches()
    }
}
