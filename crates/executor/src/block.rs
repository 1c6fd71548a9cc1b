//! Executes a whole block in one call.

use std::sync::Arc;

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Database, Evm, EvmEnv, EvmFactory, FromRecoveredTx, FromTxWithEncoded, ToTxEnv,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::{
    database::{State, states::bundle_state::BundleRetention},
    state::bal::BlockAccessIndex,
};

use crate::{
    base::BaseSource,
    evm::SpeculativeEvmFactory,
    factory::{ExecutionCtx, ParallelBlockExecutorFactory},
    look_ahead::LookAhead,
    merged::{self, MergedState},
    payment::PaymentRules,
    plan::{Plan, Strategy},
    stats::BlockStats,
};

/// A block's execution.
#[derive(Debug)]
pub struct BlockExecution<DB, R> {
    /// Receipts, requests and gas.
    pub result: BlockExecutionResult<R>,
    /// The state after the block, its bundle built with reverts. Nothing is to be executed on it: it may have forgotten
    /// what it read.
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
    if is_plainly_sequential(factory, &env, &transactions, strategy, &state) {
        return execute_in_order(factory, env, ctx, &transactions, state);
    }
    let look_ahead = LookAhead { transactions: transactions.clone(), base, strategy };
    let evm = factory.evm_factory().create_evm(MergedState::new(state), env);
    let mut executor = factory.create_executor(evm, ExecutionCtx { eth: ctx, look_ahead: Some(look_ahead) });

    executor.spare_payments();
    let mut probe = executor.put_off();
    executor.apply_pre_execution_changes()?;
    if probe.is_none() {
        executor.evm_mut().db_mut().begin_merging();
    }
    for (index, tx) in transactions.iter().enumerate() {
        // EIP-7928: transactions have the indexes from 1 on.
        let state = executor.evm_mut().db_mut().state_mut();
        state.set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        match probe.take() {
            Some(on) => probe = executor.execute_probing(tx, on)?,
            None => {
                executor.execute_foreseen(tx)?;
            }
        }
    }
    // EIP-7928: post-execution changes have the index after the last transaction's.
    let state = executor.evm_mut().db_mut().state_mut();
    state.set_bal_index(BlockAccessIndex::new(transactions.len() as u64 + 1));
    let stats = executor.stats();
    let assembly = executor.assembly();
    let expecting = assembly.expect();
    let (evm, result) = executor.finish()?;
    let state = evm.into_db().into_bundled(&assembly).map_err(BlockExecutionError::other)?;
    drop(expecting);
    Ok(BlockExecution { result, state, stats })
}

/// Whether nothing is gained over executing transaction after transaction on revm's `State` alone: no workers, and few
/// payments.
fn is_plainly_sequential<R, Spec, F, DB: Database>(
    factory: &ParallelBlockExecutorFactory<R, Spec, F>,
    env: &EvmEnv<F::Spec, F::BlockEnv>,
    transactions: &[Recovered<R::Transaction>],
    strategy: Strategy,
    state: &State<DB>,
) -> bool
where
    R: ReceiptBuilder<Transaction: Transaction>,
    F: SpeculativeEvmFactory,
{
    let evm_factory = factory.shared_evm_factory();
    let spares_payments = merged::can_merge(state) && PaymentRules::of(evm_factory.as_ref(), env).is_some();
    let is_payment =
        |tx: &Recovered<R::Transaction>| spares_payments && PaymentRules::is_candidate(tx.inner());
    let payment_count = transactions.iter().filter(|tx| is_payment(tx)).count();
    let gas_limits = transactions.iter().filter(|tx| !is_payment(tx)).map(|tx| tx.gas_limit());
    let spec = env.cfg_env.spec.into();
    let plan = Plan::new(strategy, spec, gas_limits, factory.pool().worker_count());
    plan == Plan::Sequential && payment_count * 2 <= transactions.len()
}

/// Executes a block as alloy-evm does.
fn execute_in_order<R, Spec, F, DB>(
    factory: &ParallelBlockExecutorFactory<R, Spec, F>,
    env: EvmEnv<F::Spec, F::BlockEnv>,
    ctx: EthBlockExecutionCtx<'_>,
    transactions: &[Recovered<R::Transaction>],
    state: State<DB>,
) -> Result<BlockExecution<DB, R::Receipt>, BlockExecutionError>
where
    R: ReceiptBuilder<Transaction: Transaction + Encodable2718 + Clone, Receipt: TxReceipt<Log = Log>>,
    Spec: EthExecutorSpec,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
    DB: Database,
    Recovered<R::Transaction>: ToTxEnv<F::Tx>,
{
    let evm = factory.shared_evm_factory().create_evm(state, env);
    let mut executor = EthBlockExecutor::new(evm, ctx, factory.spec(), factory.receipt_builder());
    executor.apply_pre_execution_changes()?;
    for (index, tx) in transactions.iter().enumerate() {
        executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        executor.execute_transaction(tx)?;
    }
    executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(transactions.len() as u64 + 1));
    let (evm, result) = executor.finish()?;
    let mut state = evm.into_db();
    state.merge_transitions(BundleRetention::Reverts);
    Ok(BlockExecution { result, state, stats: BlockStats { threads: 1, ..BlockStats::default() } })
}
