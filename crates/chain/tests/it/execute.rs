//! Executes a block sequentially with unmodified alloy-evm and computes everything that a header commits to.

use std::{borrow::Cow, sync::Arc};

use alloy_consensus::{EthereumReceipt, Header};
use alloy_eips::{eip7685::Requests, eip7928::compute_block_access_list_hash};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutor, BlockExecutorFactory},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;
use revm::{
    database::{State, states::bundle_state::BundleRetention},
    state::bal::BlockAccessIndex,
};
use tandem_chain::{ConsensusError, ExecutionOutput, IntermediateRoots, state_root, validate_output};
use tandem_corpus::{Block, ChainSpec, PlainState, Transaction};

/// Builds the receipts of alloy-consensus.
#[derive(Clone, Copy)]
struct Receipts;

impl ReceiptBuilder for Receipts {
    type Transaction = Transaction;
    type Receipt = EthereumReceipt;

    fn build_receipt<E: Evm>(
        &self,
        ctx: ReceiptBuilderCtx<'_, alloy_consensus::TxType, E>,
    ) -> EthereumReceipt {
        EthereumReceipt {
            tx_type: ctx.tx_type,
            success: ctx.result.is_success(),
            cumulative_gas_used: ctx.cumulative_gas_used,
            logs: ctx.result.into_logs(),
        }
    }
}

/// What an execution gave.
pub(crate) struct Executed {
    gas_used: u64,
    blob_gas_used: u64,
    receipts: Vec<EthereumReceipt>,
    requests: Requests,
    intermediate_roots: Vec<B256>,
    block_access_list_hash: Option<B256>,
    pub(crate) post_state: PlainState,
}

impl Executed {
    pub(crate) fn validate(&self, spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
        let output = ExecutionOutput {
            gas_used: self.gas_used,
            blob_gas_used: self.blob_gas_used,
            receipts: &self.receipts,
            intermediate_roots: IntermediateRoots::Known(&self.intermediate_roots),
            requests: &self.requests,
            state_root: Some(state_root(&self.post_state)),
            post_state: Some(&self.post_state),
            block_access_list_hash: self.block_access_list_hash,
        };
        validate_output(spec, header, &output)
    }
}

pub(crate) fn execute(
    spec: &Arc<ChainSpec>,
    block: &Block,
    pre_state: &PlainState,
) -> Result<Executed, BlockExecutionError> {
    let header = &block.header;
    let state_roots = !spec.is_byzantium_active_at_block(header.number);
    let mut state = State::builder()
        .with_database_ref(pre_state)
        .with_bundle_update()
        .with_bal_builder_if(spec.is_amsterdam_active_at_timestamp(header.timestamp))
        .build();
    let factory = EthBlockExecutorFactory::new(Receipts, spec.at(header), EthEvmFactory::default());
    let evm = factory.evm_factory().create_evm(&mut state, spec.evm_env(header));
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: header.slot_number,
    };
    let mut executor = factory.create_executor(evm, context);
    let mut intermediate_roots = Vec::new();

    executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::PRE_EXECUTION);
    executor.apply_pre_execution_changes()?;
    for (index, transaction) in block.transactions.iter().enumerate() {
        executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        executor.execute_transaction(transaction)?;
        if state_roots {
            let state = executor.evm_mut().db_mut();
            state.merge_transitions(BundleRetention::Reverts);
            let mut so_far = pre_state.clone();
            so_far.apply(&state.bundle_state);
            intermediate_roots.push(state_root(&so_far));
        }
    }
    executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(block.transactions.len() as u64 + 1));
    let result = executor.apply_post_execution_changes()?;

    state.merge_transitions(BundleRetention::Reverts);
    let block_access_list_hash = state.take_built_alloy_bal().map(|bal| compute_block_access_list_hash(&bal));
    let mut post_state = pre_state.clone();
    post_state.apply(&state.take_bundle());
    Ok(Executed {
        gas_used: result.gas_used,
        blob_gas_used: result.blob_gas_used,
        receipts: result.receipts,
        requests: result.requests,
        intermediate_roots,
        block_access_list_hash,
        post_state,
    })
}
