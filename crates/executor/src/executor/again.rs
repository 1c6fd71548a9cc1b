//! Executes a block again, sequentially, that its referee objects to.

use std::sync::Arc;

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Evm, FromRecoveredTx, FromTxWithEncoded,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, StateDB},
    eth::{EthBlockExecutor, receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;

use super::ParallelBlockExecutor;
use crate::{
    error::may_be_ours,
    evm::SpeculativeEvmFactory,
    index::TxIndex,
    referee::{Referee, Wrong},
};

/// A block that has a referee.
pub(super) struct Refereed<'a, DB, T, Receipt> {
    pub(super) referee: Box<dyn Referee<DB, Receipt> + 'a>,
    /// All transactions of the block, as they were looked ahead to and executed.
    pub(super) transactions: Arc<[Recovered<T>]>,
    pub(super) round: Round,
}

/// Which execution is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    First,
    Second,
}

/// An EVM, and what it gave.
type Finished<E, Receipt> = Result<(E, BlockExecutionResult<Receipt>), BlockExecutionError>;

impl<'a, E, F, Spec, R> ParallelBlockExecutor<'a, E, F, Spec, R>
where
    E: Evm<DB: StateDB, Tx = F::Tx, HaltReason = F::HaltReason, Spec = F::Spec, BlockEnv = F::BlockEnv>,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    Spec: EthExecutorSpec,
    R: ReceiptBuilder<
            Transaction: Transaction + Encodable2718 + Send + Sync + 'static,
            Receipt: TxReceipt<Log = Log>,
        >,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
{
    /// Executes again what was executed so far, where that was in parallel and ended with an error.
    ///
    /// # Errors
    /// That error, where there is no referee, execution was sequential, or the state could not be read; the sequential
    /// execution's otherwise.
    pub(super) fn start_over(&mut self, error: BlockExecutionError) -> Result<(), BlockExecutionError> {
        self.depart();
        let stats = self.stats.clone();
        let is_doubted = stats.threads > 1 && may_be_ours(&error);
        let doubted = |refereed: &&mut Refereed<'a, _, _, _>| is_doubted && refereed.round == Round::First;
        let Some(refereed) = self.refereed.as_mut().filter(doubted) else { return Err(error) };
        refereed.round = Round::Second;
        let wrong = Wrong { what: error.to_string(), given: None, stats };
        refereed.referee.take_back(self.inner.evm.db_mut(), wrong);
        let executed = self.inner.receipts.len();
        let transactions = Arc::clone(&refereed.transactions);
        self.inner.receipts.clear();
        self.inner.cumulative_tx_gas_used = 0;
        self.inner.block_regular_gas_used = 0;
        self.inner.block_state_gas_used = 0;
        self.inner.blob_gas_used = 0;
        execute(&mut self.inner, &transactions[..executed])
    }

    /// Does so, and executes the transaction that comes next in the look-ahead.
    pub(super) fn start_over_at(
        &mut self,
        next: TxIndex,
        error: BlockExecutionError,
    ) -> Result<<Self as BlockExecutor>::Result, BlockExecutionError> {
        self.start_over(error)?;
        let transactions = self.refereed.as_ref().map(|refereed| Arc::clone(&refereed.transactions));
        let transactions = transactions.expect("it started over because of a referee");
        self.inner.execute_transaction_without_commit(&transactions[next.0])
    }

    /// Ends the block, and executes it again where that meets an objection.
    pub(super) fn finish_refereed(mut self) -> Finished<E, R::Receipt> {
        let is_parallel = self.stats.threads > 1;
        let Some(Refereed { mut referee, transactions, round }) =
            self.refereed.take().filter(|_| is_parallel)
        else {
            return self.inner.finish();
        };
        let (ctx, spec, receipt_builder) =
            (self.inner.ctx.clone(), self.inner.spec, self.inner.receipt_builder);
        let (mut evm, given) = self.inner.finish()?;
        let Some(what) = referee.objection(&given) else {
            if round == Round::Second {
                referee.overrules(&given);
            }
            return Ok((evm, given));
        };
        if round == Round::Second {
            return Ok((evm, given));
        }
        referee.take_back(evm.db_mut(), Wrong { what, given: Some(given), stats: self.stats });
        let mut again = EthBlockExecutor::new(evm, ctx, spec, receipt_builder);
        execute(&mut again, &transactions)?;
        let (evm, given) = again.finish()?;
        if referee.objection(&given).is_none() {
            referee.overrules(&given);
        }
        Ok((evm, given))
    }
}

/// Executes a block up to the end of these transactions, and commits them.
fn execute<E, Spec, R>(
    executor: &mut EthBlockExecutor<'_, E, Spec, R>,
    transactions: &[Recovered<R::Transaction>],
) -> Result<(), BlockExecutionError>
where
    E: Evm<DB: StateDB, Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    Spec: EthExecutorSpec,
    R: ReceiptBuilder<Transaction: Transaction + Encodable2718, Receipt: TxReceipt<Log = Log>>,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
{
    executor.apply_pre_execution_changes()?;
    for tx in transactions {
        let result = executor.execute_transaction_without_commit(tx)?;
        executor.commit_transaction(result);
    }
    Ok(())
}
