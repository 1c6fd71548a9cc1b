//! Calls executors through both seams, on any state and with any EVM.

#![allow(dead_code, reason = "every test program uses a part")]

use std::{borrow::Cow, sync::Arc};

use alloy_consensus::transaction::Recovered;
use alloy_evm::{
    Database, Evm, EvmFactory, FromRecoveredTx, FromTxWithEncoded, ToTxEnv,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory, ExecutableTx},
    eth::{EthBlockExecutionCtx, EthBlockExecutorFactory},
};
use revm::{
    context::BlockEnv,
    database::{BundleState, State, states::bundle_state::BundleRetention},
    primitives::hardfork::SpecId,
};
use tandem_compare::{Receipt, Seam};
use tandem_corpus::{Block, Case, Transaction};
use tandem_executor::{
    BaseSource, BlockStats, ExecutionCtx, LookAhead, ParallelBlockExecutorFactory, Receipts,
    SpeculativeEvmFactory, Strategy, WorkerPool,
    block::{BlockExecution, BlockInput, execute_block},
};

/// What a block gives, and what it took.
#[derive(Debug)]
pub(crate) struct Executed {
    pub(crate) result: BlockExecutionResult<Receipt>,
    pub(crate) bundle: BundleState,
    pub(crate) stats: BlockStats,
}

/// Returns a state with bundle over a database.
pub(crate) fn state<DB: Database>(db: DB) -> State<DB> {
    State::builder().with_database(db).with_bundle_update().build()
}

/// Returns the context of a block.
pub(crate) fn context(block: &Block) -> EthBlockExecutionCtx<'_> {
    EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: block.header.slot_number,
    }
}

/// Executes a block with unmodified alloy-evm and this EVM.
pub(crate) fn sequential<F, DB>(factory: F, case: &Case, db: DB) -> Result<Executed, BlockExecutionError>
where
    F: EvmFactory<Spec = SpecId, BlockEnv = BlockEnv> + 'static,
    F::Tx: FromRecoveredTx<Transaction> + FromTxWithEncoded<Transaction>,
    DB: Database,
    Recovered<Transaction>: ToTxEnv<F::Tx>,
{
    let factory = EthBlockExecutorFactory::new(Receipts, case.spec.clone(), factory);
    let evm = factory.evm_factory().create_evm(state(db), case.spec.evm_env(&case.block.header));
    let executor = factory.create_executor(evm, context(&case.block));
    let (evm, result) = drive(executor, &case.block)?;
    Ok(finished(evm.into_db(), result, BlockStats::default()))
}

/// Executes a block in parallel through a seam, with this EVM.
pub(crate) fn parallel<F, DB>(
    factory: F,
    case: &Case,
    pool: &Arc<WorkerPool>,
    seam: Seam,
    db: DB,
    base: Arc<dyn BaseSource>,
) -> Result<Executed, BlockExecutionError>
where
    F: SpeculativeEvmFactory<Spec = SpecId, BlockEnv = BlockEnv>,
    F::Tx: FromRecoveredTx<Transaction> + FromTxWithEncoded<Transaction>,
    DB: Database,
    Recovered<Transaction>: ToTxEnv<F::Tx>,
{
    let factory = ParallelBlockExecutorFactory::new(Receipts, case.spec.clone(), factory, pool.clone());
    let (env, ctx) = (case.spec.evm_env(&case.block.header), context(&case.block));
    let transactions = case.block.transactions.clone();
    let strategy = Strategy::Parallel;
    match seam {
        Seam::Block => {
            let input = BlockInput { env, ctx, transactions, base, strategy };
            Ok(executed(execute_block(&factory, input, state(db))?))
        }
        Seam::Transaction => {
            let evm = factory.evm_factory().create_evm(state(db), env);
            let look_ahead = Some(LookAhead { transactions, base, strategy });
            let executor = factory.create_executor(evm, ExecutionCtx { eth: ctx, look_ahead });
            let (evm, result) = drive(executor, &case.block)?;
            Ok(finished(evm.into_db(), result, BlockStats::default()))
        }
    }
}

/// Feeds a block to an executor, transaction by transaction.
pub(crate) fn drive<E>(
    mut executor: E,
    block: &Block,
) -> Result<(E::Evm, BlockExecutionResult<Receipt>), BlockExecutionError>
where
    E: BlockExecutor<Transaction = Transaction, Receipt = Receipt>,
    for<'a> &'a Recovered<Transaction>: ExecutableTx<E>,
{
    executor.apply_pre_execution_changes()?;
    for transaction in block.transactions.iter() {
        executor.execute_transaction(transaction)?;
    }
    executor.finish()
}

/// Takes the bundle of a block that was executed as a whole.
pub(crate) fn executed<DB: Database>(mut execution: BlockExecution<DB, Receipt>) -> Executed {
    Executed { result: execution.result, bundle: execution.state.take_bundle(), stats: execution.stats }
}

/// Finishes a block's state.
pub(crate) fn finished<DB: Database>(
    mut state: State<DB>,
    result: BlockExecutionResult<Receipt>,
    stats: BlockStats,
) -> Executed {
    state.merge_transitions(BundleRetention::Reverts);
    Executed { result, bundle: state.take_bundle(), stats }
}
