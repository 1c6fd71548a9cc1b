//! Executes a whole block in one call.

use std::sync::Arc;

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Database, Evm, EvmEnv, EvmFactory, FromRecoveredTx, FromTxWithEncoded, ToTxEnv,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::{database::State, state::bal::BlockAccessIndex};

use crate::{
    base::BaseSource,
    evm::SpeculativeEvmFactory,
    factory::{ExecutionCtx, ParallelBlockExecutorFactory},
    look_ahead::LookAhead,
    merged::MergedState,
    plan::Strategy,
    stats::BlockStats,
};

/// A block's execution.
#[derive(Debug)]
pub struct BlockExecution<DB, R> {
    /// Receipts, requests and gas.
    pub result: BlockExecutionResult<R>,
    /// The state after the block, its transitions not merged.
    pub state: State<DB>,
    /// What it took.
    pub stats: BlockStats,
}

/// A block to execute.
#[derive(Debug)]
pub struct BlockInput<'a, F: EvmFactory, T> {
    /// The block's environment.
    pub env: EvmEnv<F::Spec, F::BlockEnv>,
    /// The block's context.
    pub ctx: EthBlockExecutionCtx<'a>,
    /// Its transactions, with their senders.
    pub transactions: Arc<[Recovered<T>]>,
    /// Readers of the state before it.
    pub base: Arc<dyn BaseSource>,
    /// Whether to speculate.
    pub strategy: Strategy,
}

/// Executes a block on a state at its parent.
pub fn execute_block<R, Spec, F, DB>(
    factory: &ParallelBlockExecutorFactory<R, Spec, F>,
    block: BlockInput<'_, F, R::Transaction>,
    state: State<DB>,
) -> Result<BlockExecution<DB, R::Receipt>, BlockExecutionError>
where
    R: ReceiptBuilder<
            Transaction: Transaction + Encodable2718 + Clone + Send + Sync + 'static,
            Receipt: TxReceipt<Log = Log>,
        > + 'static,
    Spec: EthExecutorSpec + 'static,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
    DB: Database,
    Recovered<R::Transaction>: ToTxEnv<F::Tx>,
{
    let BlockInput { env, ctx, transactions, base, strategy } = block;
    // A state that checks reads against a block access list must see all of them (EIP-7928).
    let strategy = if state.has_bal() { Strategy::Sequential } else { strategy };
    let look_ahead = LookAhead { transactions: transactions.clone(), base, strategy };
    let evm = factory.evm_factory().create_evm(MergedState::new(state), env);
    let mut executor = factory.create_executor(evm, ExecutionCtx { eth: ctx, look_ahead: Some(look_ahead) });

    executor.spare_payments();
    executor.apply_pre_execution_changes()?;
    executor.evm_mut().db_mut().begin_merging();
    for (index, tx) in transactions.iter().enumerate() {
        // EIP-7928: transactions have the indexes from 1 on.
        let state = executor.evm_mut().db_mut().state_mut();
        state.set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        executor.execute_foreseen(tx)?;
    }
    // EIP-7928: post-execution changes have the index after the last transaction's.
    let state = executor.evm_mut().db_mut();
    state.end_merging();
    state.state_mut().set_bal_index(BlockAccessIndex::new(transactions.len() as u64 + 1));
    let stats = executor.stats();
    let (evm, result) = executor.finish()?;
    Ok(BlockExecution { result, state: evm.into_db().into_state(), stats })
}
