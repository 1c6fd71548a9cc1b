//! Executes one block: alloy-evm's `EthBlockExecutor`, with results from speculation where they hold.

mod again;
mod whole;

use std::{
    any::type_name,
    cmp::min,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use again::{Refereed, Round};
use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Evm, EvmEnv, FromRecoveredTx, FromTxWithEncoded, RecoveredTx,
    block::{
        BlockExecutionError, BlockExecutionResult, BlockExecutor, ExecutableTx, ExecutableTxParts, GasOutput,
        StateDB,
    },
    eth::{EthBlockExecutor, EthTxResult, receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::{
    context_interface::{Block, Cfg, result::ResultAndState},
    inspector::NoOpInspector,
};

use crate::{
    bundle::Assembly,
    clock::{Part, Watch},
    error::WorkerPanic,
    evm::SpeculativeEvmFactory,
    factory::{ExecutionCtx, ParallelBlockExecutorFactory},
    frontier::Frontier,
    index::TxIndex,
    look_ahead::LookAhead,
    observer::Observer,
    payment::PaymentRules,
    plan::Plan,
    referee::Referee,
    speculation::Speculation,
    stats::BlockStats,
    worker,
    writes::WriteSet,
};

/// Executes one block, in parallel where a look-ahead allows it.
///
/// The inner executor keeps the books (gas, receipts, requests, state); this one only decides where the result of a
/// transaction comes from. While there is a look-ahead, the caller writes to the EVM's database, environment and
/// precompiles through this executor alone, and commits results as they were handed out. Whatever is not foreseen (no look-ahead, an inspector, another transaction than the one
/// looked ahead to, a result that is not committed, an error) is plain sequential execution from there on.
#[expect(missing_debug_implementations, reason = "EVMs have none")]
pub struct ParallelBlockExecutor<'a, E, F, Spec, R>
where
    E: Evm,
    F: SpeculativeEvmFactory,
    R: ReceiptBuilder,
{
    inner: EthBlockExecutor<'a, E, &'a Spec, &'a R>,
    factory: &'a ParallelBlockExecutorFactory<R, Spec, F>,
    look_ahead: Option<LookAhead<R::Transaction>>,
    frontier: Option<Frontier<F, R::Transaction>>,
    handed_out: HandedOut,
    /// How payments are told that need no EVM.
    payments: Option<PaymentRules>,
    stats: BlockStats,
    /// Who is told of the block, if there was a look-ahead.
    observer: Option<&'a dyn Observer>,
    /// Who decides whether a parallel execution stands.
    refereed: Option<Refereed<'a, E::DB, R::Transaction, R::Receipt>>,
}

/// A number of workers, and what they are to speculate on.
type Prepared<F, T> = (usize, Arc<Speculation<F, T>>);

/// Whether a result was handed out and not committed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HandedOut {
    Nothing,
    Result,
}

impl<'a, E, F, Spec, R> ParallelBlockExecutor<'a, E, F, Spec, R>
where
    F: SpeculativeEvmFactory,
    R: ReceiptBuilder,
    Spec: EthExecutorSpec,
    E: Evm,
{
    /// Creates an executor on an EVM whose database is at the parent block's state.
    pub fn new(
        factory: &'a ParallelBlockExecutorFactory<R, Spec, F>,
        evm: E,
        ctx: ExecutionCtx<'a, R::Transaction>,
    ) -> Self {
        // An inspector must see every execution, so nothing may come from elsewhere.
        let is_inspected = type_name::<E::Inspector>() != type_name::<NoOpInspector>();
        let look_ahead = ctx.look_ahead.filter(|_| !is_inspected);
        Self {
            inner: EthBlockExecutor::new(evm, ctx.eth, factory.spec(), factory.receipt_builder()),
            factory,
            observer: factory.observer().filter(|_| look_ahead.is_some()).map(AsRef::as_ref),
            look_ahead,
            frontier: None,
            handed_out: HandedOut::Nothing,
            payments: None,
            refereed: None,
            stats: BlockStats { threads: 1, ..BlockStats::default() },
        }
    }

    /// Lets a referee decide whether a parallel execution of the block stands.
    ///
    /// The block ends with a sequential execution's result then, in a state that has that one's changes alone.
    #[must_use]
    pub fn with_referee(mut self, referee: impl Referee<E::DB, R::Receipt> + 'a) -> Self {
        self.refereed = self.look_ahead.as_ref().map(|ahead| Refereed {
            referee: Box::new(referee),
            transactions: Arc::clone(&ahead.transactions),
            round: Round::First,
        });
        self
    }

    /// Returns what execution took so far.
    pub fn stats(&self) -> BlockStats
    where
        F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction>>,
        R::Transaction: Transaction,
    {
        self.frontier.as_ref().map_or_else(|| self.stats.clone(), Frontier::stats)
    }
}

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
    /// Starts workers on the look-ahead, if the plan is to.
    ///
    /// They are woken first: they come while the frontier gets ready. What was executed already wrote `earlier`.
    fn speculate(&mut self, earlier: &[WriteSet]) -> Result<(), WorkerPanic> {
        let pool = self.factory.pool();
        if let Some((workers, speculation)) = self.prepare_speculation(pool.worker_count()) {
            for writes in earlier {
                speculation.memory.publish(None, writes, None);
            }
            let clock = speculation.clock.clone();
            clock.passed(Part::Prepare, TxIndex::default());
            clock.tell(|watch| watch.start(workers));
            let job = speculation.clone();
            pool.start(workers, move || worker::run(&job));
            clock.passed(Part::Start, TxIndex::default());
            self.follow(&speculation, workers)?;
        }
        Ok(())
    }

    /// Prepares speculation for at most so many workers, if the plan is to; the caller makes them run.
    pub(crate) fn prepare_speculation(&mut self, worker_count: usize) -> Option<Prepared<F, R::Transaction>> {
        let ahead = self.look_ahead.take()?;
        let pool = self.factory.pool();
        let spec = (*self.inner.evm.cfg_env().spec()).into();
        let is_spared = |tx: &R::Transaction| self.payments.is_some() && PaymentRules::is_candidate(tx);
        let speculated = ahead.transactions.iter().filter(|tx| !is_spared(tx));
        let plan = Plan::new(ahead.strategy, spec, speculated.map(|tx| tx.gas_limit()), worker_count);
        let Plan::Parallel { workers } = plan else { return None };

        let evm = &self.inner.evm;
        // Simulations that forgive what a sender lacks make its balance matter in ways that needs do not tell.
        if evm.cfg_env().is_balance_check_disabled() || evm.cfg_env().is_fee_charge_disabled() {
            return None;
        }
        let env = EvmEnv { cfg_env: evm.cfg_env().clone(), block_env: evm.block().clone() };
        let speculation = Arc::new(Speculation::new(
            self.factory.shared_evm_factory().clone(),
            env,
            ahead,
            self.payments,
            pool.supplies(evm.block().beneficiary()),
            workers + 1,
            self.factory.clock(),
        ));
        for executed in 0..self.inner.receipts().len() {
            speculation.schedule.seize(TxIndex(executed));
        }
        Some((workers, speculation))
    }

    /// Makes this executor the frontier of a block that so many workers speculate on.
    ///
    /// A panic of the base state's reader is told as a worker's, although it is the frontier's thread that reads here.
    pub(crate) fn follow(
        &mut self,
        speculation: &Arc<Speculation<F, R::Transaction>>,
        workers: usize,
    ) -> Result<(), WorkerPanic> {
        // Without a reader of the base state, or where its system calls fail, there is no speculation.
        let next = TxIndex(self.inner.receipts().len());
        let Ok(mut frontier) = Frontier::new(speculation.clone(), workers + 1, self.factory.trust(), next)
        else {
            speculation.stop();
            speculation.clock.tell(Watch::over);
            return Ok(());
        };
        #[cfg(feature = "fault-injection")]
        frontier.set_fault(self.factory.fault());
        let (spec, ctx) = (self.inner.spec, &self.inner.ctx);
        let foreseen = catch_unwind(AssertUnwindSafe(|| {
            frontier.foresee_system_calls(spec, ctx.parent_hash, ctx.parent_beacon_block_root)
        }));
        match foreseen {
            Ok(Ok(())) => self.frontier = Some(frontier),
            Ok(Err(_)) => {}
            Err(panic) => return Err(WorkerPanic { message: worker::panic_message(panic.as_ref()) }),
        }
        Ok(())
    }

    /// Returns where the block's bundle is built, with the help of workers if there are any.
    pub(crate) fn assembly(&self) -> Arc<Assembly> {
        match &self.frontier {
            Some(frontier) => frontier.speculation().assembly.clone(),
            None => Arc::new(Assembly::new()),
        }
    }

    /// Ends speculation; what follows is sequential.
    fn depart(&mut self) {
        if let Some(frontier) = self.frontier.take() {
            self.stats = frontier.stats();
        }
    }

    /// Ends speculation because of what the caller does; to the block as it was looked ahead to, nobody objects any more.
    fn depart_unforeseen(&mut self) {
        self.depart();
        self.refereed = None;
    }

    /// Departs from the look-ahead unless `tx` is the transaction that comes next in it.
    fn check_foreseen(&mut self, tx: &impl RecoveredTx<R::Transaction>) {
        let is_foreseen = self.frontier.as_ref().is_some_and(|frontier| {
            frontier.speculation().transactions.get(frontier.next().0).is_some_and(|foreseen| {
                foreseen.signer() == *tx.signer() && foreseen.inner().trie_hash() == tx.tx().trie_hash()
            })
        });
        if self.frontier.is_some() && !is_foreseen {
            self.depart_unforeseen();
        }
    }

    /// Returns the result of the transaction that comes next in the look-ahead, if an attempt at it holds.
    fn take_attempt(
        &mut self,
        tx: &R::Transaction,
    ) -> Result<Option<<Self as BlockExecutor>::Result>, BlockExecutionError> {
        if self.handed_out != HandedOut::Nothing {
            self.depart_unforeseen();
        }
        if !self.admits(tx.gas_limit()) {
            return Ok(None);
        }
        let Some(frontier) = &mut self.frontier else { return Ok(None) };
        let attempt = frontier.take(self.inner.evm.db_mut()).map_err(BlockExecutionError::other)?;
        Ok(attempt.map(|result| outcome(result, tx)))
    }

    /// Executes a transaction on the frontier.
    fn execute(
        &mut self,
        tx: impl ExecutableTx<EthBlockExecutor<'a, E, &'a Spec, &'a R>>,
    ) -> Result<<Self as BlockExecutor>::Result, BlockExecutionError> {
        let result = self.inner.execute_transaction_without_commit(tx);
        if result.is_err() {
            self.depart();
        }
        result
    }

    /// Returns a result as the fault leaves it that the factory was given.
    #[cfg(feature = "fault-injection")]
    fn falsified(&self, mut output: <Self as BlockExecutor>::Result) -> <Self as BlockExecutor>::Result {
        if let Some(fault) = self.factory.fault() {
            fault.falsify(crate::index::TxIndex(self.inner.receipts().len()), &mut output.result);
        }
        output
    }

    /// Whether the block has gas left for a transaction; the rule of `EthBlockExecutor`.
    fn admits(&self, gas_limit: u64) -> bool {
        let inner = &self.inner;
        let cfg = inner.evm.cfg_env();
        let used = if cfg.enable_amsterdam_eip8037 {
            inner.block_regular_gas_used
        } else {
            inner.cumulative_tx_gas_used
        };
        let most = cfg.tx_gas_limit_cap.map_or(gas_limit, |cap| min(gas_limit, cap));
        inner.evm.block().gas_limit().checked_sub(used).is_some_and(|available| most <= available)
    }
}

impl<E, F, Spec, R> BlockExecutor for ParallelBlockExecutor<'_, E, F, Spec, R>
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
    type Transaction = R::Transaction;
    type Receipt = R::Receipt;
    type Evm = E;
    type Result = EthTxResult<F::HaltReason, <R::Transaction as TransactionEnvelope>::TxType>;

    fn apply_pre_execution_changes(&mut self) -> Result<(), BlockExecutionError> {
        // Finds no look-ahead where speculation is prepared already.
        self.speculate(&[]).map_err(BlockExecutionError::other)?;
        self.inner.apply_pre_execution_changes()?;
        if let Some(frontier) = &self.frontier {
            frontier.passed(Part::Begin);
        }
        Ok(())
    }

    fn execute_transaction_without_commit(
        &mut self,
        tx: impl ExecutableTx<Self>,
    ) -> Result<Self::Result, BlockExecutionError> {
        let (tx_env, tx) = tx.into_parts();
        self.check_foreseen(&tx);
        let foreseen = self.frontier.as_ref().map(Frontier::next);
        let result = match self.take_attempt(tx.tx()) {
            Ok(Some(attempt)) => Ok(attempt),
            Ok(None) => self.execute(Parts(tx_env, tx)),
            Err(error) => Err(error),
        };
        let result = match (result, foreseen) {
            (Err(error), Some(at)) => self.start_over_at(at, error)?,
            (result, _) => result?,
        };
        self.handed_out = HandedOut::Result;
        Ok(result)
    }

    fn commit_transaction(&mut self, output: Self::Result) -> GasOutput {
        self.handed_out = HandedOut::Nothing;
        if let Some(frontier) = &mut self.frontier {
            frontier.commit(&output.result.state);
        }
        #[cfg(feature = "fault-injection")]
        let output = self.falsified(output);
        let gas = self.inner.commit_transaction(output);
        if let Some(frontier) = &mut self.frontier {
            frontier.give_back(None);
        }
        gas
    }

    fn finish(mut self) -> Result<(E, BlockExecutionResult<R::Receipt>), BlockExecutionError> {
        let panic = self.frontier.as_ref().and_then(|frontier| frontier.speculation().panic_message());
        if let Some(message) = panic {
            self.start_over(BlockExecutionError::other(WorkerPanic { message }))?;
        }
        self.depart();
        if let Some(observer) = self.observer {
            observer.executed(&self.stats, self.inner.receipts().len());
        }
        self.finish_refereed()
    }

    fn evm_mut(&mut self) -> &mut E {
        self.inner.evm_mut()
    }

    fn evm(&self) -> &E {
        self.inner.evm()
    }

    fn receipts(&self) -> &[R::Receipt] {
        self.inner.receipts()
    }
}

/// Returns what `EthBlockExecutor` makes of a transaction's result.
fn outcome<T: Transaction + TransactionEnvelope, H>(
    result: ResultAndState<H>,
    tx: &T,
) -> EthTxResult<H, T::TxType> {
    EthTxResult { result, blob_gas_used: tx.blob_gas_used().unwrap_or_default(), tx_type: tx.tx_type() }
}

/// A transaction that was taken apart.
struct Parts<TxEnv, T>(TxEnv, T);

impl<TxEnv, T: RecoveredTx<Tx>, Tx> ExecutableTxParts<TxEnv, Tx> for Parts<TxEnv, T> {
    type Recovered = T;

    fn into_parts(self) -> (TxEnv, T) {
        (self.0, self.1)
    }
}
