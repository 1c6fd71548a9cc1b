//! Executes the transactions of a block that is there as a whole: their changes are merged.

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Database, Evm, EvmEnv, FromRecoveredTx, FromTxWithEncoded,
    block::{BlockExecutionError, BlockExecutor, GasOutput},
    eth::{receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::{context_interface::result::ResultAndState, state::EvmState};

use super::{ParallelBlockExecutor, outcome};
use crate::{
    clock::Part,
    evm::SpeculativeEvmFactory,
    merged::{Applied, MergedState},
    payment::PaymentRules,
    probe::{Finding, Probe},
};

impl<E, F, Spec, R, DB> ParallelBlockExecutor<'_, E, F, Spec, R>
where
    DB: Database,
    E: Evm<
            DB = MergedState<DB>,
            Tx = F::Tx,
            HaltReason = F::HaltReason,
            Spec = F::Spec,
            BlockEnv = F::BlockEnv,
        >,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    Spec: EthExecutorSpec,
    R: ReceiptBuilder<
            Transaction: Transaction + Encodable2718 + Send + Sync + 'static,
            Receipt: TxReceipt<Log = Log>,
        >,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
{
    /// Puts speculation off if the block is worth a probe.
    pub(crate) fn put_off(&mut self) -> Option<Probe<R::Transaction>> {
        match Probe::new(self.look_ahead.take()?) {
            Ok(probe) => Some(probe),
            Err(look_ahead) => {
                self.look_ahead = Some(look_ahead);
                None
            }
        }
    }

    /// Executes and commits the next transaction of a block that is probed.
    ///
    /// Gives the probe back while it is open. Where the block is free, speculation begins after this transaction.
    pub(crate) fn execute_probing(
        &mut self,
        tx: &Recovered<R::Transaction>,
        mut probe: Probe<R::Transaction>,
    ) -> Result<Option<Probe<R::Transaction>>, BlockExecutionError> {
        let result = self.execute(tx)?;
        let finding = probe.look(tx.to(), &result.result.state);
        self.commit_transaction(result);
        match finding {
            Finding::Open => return Ok(Some(probe)),
            Finding::Chain => {}
            Finding::Free => {
                self.look_ahead = Some(probe.look_ahead);
                self.speculate(&probe.writes).map_err(BlockExecutionError::other)?;
                if let Some(frontier) = &self.frontier {
                    frontier.passed(Part::Begin);
                }
                self.inner.evm.db_mut().begin_merging();
            }
        }
        Ok(None)
    }

    /// Executes the transaction that comes next in the look-ahead and commits it.
    pub(crate) fn execute_foreseen(
        &mut self,
        tx: &Recovered<R::Transaction>,
    ) -> Result<GasOutput, BlockExecutionError> {
        if !self.inner.evm.db().is_merging() {
            return self.execute_transaction_as_it_comes(tx);
        }
        let is_admitted = self.admits(tx.gas_limit());
        if is_admitted && let Some(gas) = self.pay(tx)? {
            return Ok(gas);
        }
        let taken = match &mut self.frontier {
            Some(frontier) if is_admitted => {
                frontier.take_merging(self.inner.evm.db_mut()).map_err(BlockExecutionError::other)?
            }
            _ => None,
        };
        let mut part = Part::CommitAttempt;
        let result = match taken {
            Some(result) => outcome(result, tx.inner()),
            None => {
                part = Part::CommitExecution;
                self.execute(tx)?
            }
        };
        if let Some(frontier) = &mut self.frontier {
            if part == Part::CommitExecution {
                frontier.passed(Part::Execute);
            }
            frontier.commit_merging(&result.result.state);
        }
        #[cfg(feature = "fault-injection")]
        let result = self.falsified(result);
        let gas = self.inner.commit_transaction(result);
        let spent = self.inner.evm.db_mut().take_spent();
        if let Some(frontier) = &mut self.frontier {
            frontier.give_back(spent);
            frontier.committed(part);
        }
        Ok(gas)
    }

    /// Applies the transaction that comes next if it is a payment.
    fn pay(&mut self, tx: &Recovered<R::Transaction>) -> Result<Option<GasOutput>, BlockExecutionError> {
        let Some(rules) = &self.payments else { return Ok(None) };
        let Some(payment) = rules.payment(tx.inner(), tx.signer()) else { return Ok(None) };
        // A state that fails here fails again, and is reported, when the EVM executes.
        let paid = self.inner.evm.db_mut().pay(&payment, rules.beneficiary);
        if !matches!(paid, Ok(Applied::Yes)) {
            return Ok(None);
        }
        let result =
            outcome(ResultAndState { result: rules.result(), state: EvmState::default() }, tx.inner());
        #[cfg(feature = "fault-injection")]
        let result = self.falsified_payment(result);
        match &mut self.frontier {
            Some(frontier) => frontier.pass(),
            None => self.stats.paid += 1,
        }
        let gas = self.inner.commit_transaction(result);
        if let Some(frontier) = &self.frontier {
            frontier.committed(Part::Pay);
        }
        Ok(Some(gas))
    }

    /// Does as [`Self::falsified`] where the state was changed already.
    #[cfg(feature = "fault-injection")]
    fn falsified_payment(
        &mut self,
        result: <Self as BlockExecutor>::Result,
    ) -> <Self as BlockExecutor>::Result {
        let tx = crate::index::TxIndex(self.inner.receipts().len());
        if let Some((address, excess)) = self.factory.fault().and_then(|fault| fault.excess(tx)) {
            self.inner.evm.db_mut().falsify_balance(address, excess);
        }
        self.falsified(result)
    }

    /// Lets payments be applied without an EVM where that is possible and nobody observes it.
    pub(crate) fn spare_payments(&mut self) {
        let evm = &self.inner.evm;
        if evm.db().can_merge() {
            let env = EvmEnv { cfg_env: evm.cfg_env().clone(), block_env: evm.block().clone() };
            self.payments = PaymentRules::of(self.factory.shared_evm_factory().as_ref(), &env);
        }
    }

    /// Does as [`Self::execute_foreseen`] where changes are not merged.
    fn execute_transaction_as_it_comes(
        &mut self,
        tx: &Recovered<R::Transaction>,
    ) -> Result<GasOutput, BlockExecutionError> {
        let result = match self.take_attempt(tx.inner())? {
            Some(result) => result,
            None => self.execute(tx)?,
        };
        Ok(self.commit_transaction(result))
    }
}
