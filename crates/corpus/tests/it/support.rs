//! What the tests share: where the data is, and plain sequential execution by alloy-evm.

use std::path::PathBuf;

use alloy_consensus::{EthereumReceipt, ReceiptWithBloom, TxReceipt, TxType, proofs::calculate_receipt_root};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_primitives::{B256, Bloom};
use revm::{
    DatabaseRef,
    database::{BundleState, State, WrapDatabaseRef, states::bundle_state::BundleRetention},
};
use tandem_corpus::{Block, ChainSpec, Transaction};

/// Returns a folder of the data, or says that the test did not run.
pub(crate) fn data(folder: &str, test: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let path = std::env::var_os("TANDEM_DATA").map_or_else(beside, PathBuf::from).join(folder);
    if !path.exists() {
        eprintln!("not run: {test}: no {folder} in TANDEM_DATA or ../shared/data");
        return None;
    }
    Some(path)
}

struct Receipts;

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

/// Executes a block sequentially.
pub(crate) fn execute<DB>(
    spec: &ChainSpec,
    block: &Block,
    state: DB,
) -> Result<(BlockExecutionResult<EthereumReceipt>, BundleState), BlockExecutionError>
where
    DB: DatabaseRef + std::fmt::Debug,
    DB::Error: std::error::Error + Send + Sync + 'static,
{
    let mut state = State::builder().with_database(WrapDatabaseRef(state)).with_bundle_update().build();
    let factory = EthBlockExecutorFactory::new(Receipts, spec.clone(), EthEvmFactory::default());
    let evm = factory.evm_factory().create_evm(&mut state, spec.evm_env(&block.header));
    let context = EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_deref().map(|withdrawals| withdrawals.as_slice().into()),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: block.header.slot_number,
    };
    let executor = factory.create_executor(evm, context);
    let result = executor.execute_block(block.transactions.iter())?;
    state.merge_transitions(BundleRetention::Reverts);
    Ok((result, state.take_bundle()))
}

/// Returns the receipts root and the bloom of all logs.
pub(crate) fn receipts_root_and_bloom(receipts: &[EthereumReceipt]) -> (B256, Bloom) {
    let receipts: Vec<ReceiptWithBloom<&EthereumReceipt>> =
        receipts.iter().map(|receipt| receipt.with_bloom_ref()).collect();
    let bloom = receipts.iter().fold(Bloom::ZERO, |all, receipt| all | receipt.bloom());
    (calculate_receipt_root(&receipts), bloom)
}
