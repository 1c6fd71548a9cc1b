//! Builds receipts as reth does: without the bloom inside.

use alloy_consensus::{EthereumReceipt, EthereumTxEnvelope, TxEip4844, TxType};
use alloy_evm::{
    Evm,
    eth::receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
};

/// Builds [`EthereumReceipt`]s; the bloom is computed after execution, not in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Receipts;

impl ReceiptBuilder for Receipts {
    type Transaction = EthereumTxEnvelope<TxEip4844>;
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
