//! Executes a drafted block and fills in what its header says about execution.

use std::sync::Arc;

use alloy_consensus::{EthereumReceipt, Header, TxReceipt, TxType, constants::EMPTY_OMMER_ROOT_HASH, proofs};
use alloy_eips::eip4895::{Withdrawal, Withdrawals};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_primitives::Bloom;
use revm::database::{BundleState, State, WrapDatabaseRef, states::bundle_state::BundleRetention};

use super::{draft::Draft, fork::Fork};
use crate::{Block, ChainSpec, PlainState, Transaction};

/// Builds the receipts that blocks of [`Transaction`] have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Receipts;

impl ReceiptBuilder for Receipts {
    type Transaction = Transaction;
    type Receipt = EthereumReceipt;

    fn build_receipt<E: Evm>(&self, ctx: ReceiptBuilderCtx<'_, TxType, E>) -> EthereumReceipt {
        EthereumReceipt {
            tx_type: ctx.tx_type,
            success: ctx.result.is_success(),
            cumulative_gas_used: ctx.cumulative_gas_used,
            logs: ctx.result.into_logs(),
        }
    }
}

/// Executes the draft sequentially on the state before it; returns the block, without state root, and its changes.
pub(super) fn seal(
    draft: Draft<'_>,
    withdrawals: Vec<Withdrawal>,
    spec: &Arc<ChainSpec>,
    state: &PlainState,
) -> Result<(Block, BundleState), BlockExecutionError> {
    let blob_gas_used = draft.blob_gas_used();
    let fork = draft.world.fork;
    let Draft { header, transactions, .. } = draft;
    let mut block = Block {
        hash: header.parent_hash,
        header,
        transactions: transactions.into(),
        ommers: Vec::new(),
        withdrawals: Some(Withdrawals::new(withdrawals)),
    };
    let (result, bundle) = execute(&block, spec, state)?;
    let withdrawals = block.withdrawals.as_deref().map_or(&[][..], |list| list);
    block.header = Header {
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        transactions_root: proofs::calculate_transaction_root(&block.transactions),
        withdrawals_root: Some(proofs::calculate_withdrawals_root(withdrawals)),
        receipts_root: EthereumReceipt::calculate_receipt_root_no_memo(&result.receipts),
        logs_bloom: result.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
        gas_used: result.gas_used,
        blob_gas_used: (fork >= Fork::Cancun).then_some(blob_gas_used),
        requests_hash: (fork >= Fork::Prague).then(|| result.requests.requests_hash()),
        ..block.header
    };
    Ok((block, bundle))
}

/// Executes a block with the unmodified sequential executor of alloy-evm.
pub(super) fn execute(
    block: &Block,
    spec: &Arc<ChainSpec>,
    state: &PlainState,
) -> Result<(BlockExecutionResult<EthereumReceipt>, BundleState), BlockExecutionError> {
    let mut db = State::builder().with_database(WrapDatabaseRef(state)).with_bundle_update().build();
    let factory = EthBlockExecutorFactory::new(Receipts, Arc::clone(spec), EthEvmFactory::default());
    let ctx = EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_deref().map(|list| list.as_slice().into()),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: None,
    };
    let evm = factory.evm_factory().create_evm(&mut db, spec.evm_env(&block.header));
    let result = factory.create_executor(evm, ctx).execute_block(block.transactions.iter())?;
    db.merge_transitions(BundleRetention::Reverts);
    Ok((result, db.take_bundle()))
}
