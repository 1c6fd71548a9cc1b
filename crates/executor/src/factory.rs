//! Stands where alloy-evm's `EthBlockExecutorFactory` stands.

use std::sync::Arc;

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt};
use alloy_eips::Encodable2718;
use alloy_evm::{
    EvmFactory, FromRecoveredTx, FromTxWithEncoded,
    block::{BlockExecutorFactory, StateDB},
    eth::{EthBlockExecutionCtx, EthTxResult, receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::Inspector;

use crate::{
    clock::{Clock, Watch},
    evm::SpeculativeEvmFactory,
    executor::ParallelBlockExecutor,
    look_ahead::LookAhead,
    observer::Observer,
    pool::WorkerPool,
    validation::Trust,
};

/// Context of one block's execution: Ethereum's own, and a look-ahead.
#[derive(Debug)]
pub struct ExecutionCtx<'a, T> {
    /// What `EthBlockExecutor` needs.
    pub eth: EthBlockExecutionCtx<'a>,
    /// What workers need to start; without it execution is sequential.
    pub look_ahead: Option<LookAhead<T>>,
}

impl<T> Clone for ExecutionCtx<'_, T> {
    fn clone(&self) -> Self {
        Self { eth: self.eth.clone(), look_ahead: self.look_ahead.clone() }
    }
}

impl<'a, T> From<EthBlockExecutionCtx<'a>> for ExecutionCtx<'a, T> {
    fn from(eth: EthBlockExecutionCtx<'a>) -> Self {
        Self { eth, look_ahead: None }
    }
}

/// Creates [`ParallelBlockExecutor`]s that share a pool of workers.
#[derive(Clone, Debug)]
pub struct ParallelBlockExecutorFactory<R, Spec, F> {
    receipt_builder: R,
    spec: Spec,
    evm_factory: Arc<F>,
    pool: Arc<WorkerPool>,
    trust: Trust,
    watch: Option<Arc<dyn Watch>>,
    #[cfg(feature = "fault-injection")]
    fault: Option<crate::fault::Fault>,
    observer: Option<Arc<dyn Observer>>,
}

impl<R, Spec, F> ParallelBlockExecutorFactory<R, Spec, F> {
    /// Creates a factory.
    pub fn new(receipt_builder: R, spec: Spec, evm_factory: F, pool: Arc<WorkerPool>) -> Self {
        Self {
            receipt_builder,
            spec,
            evm_factory: Arc::new(evm_factory),
            pool,
            trust: Trust::Nothing,
            watch: None,
            #[cfg(feature = "fault-injection")]
            fault: None,
            observer: None,
        }
    }

    /// Tells an observer of each block that is executed transaction by transaction with a look-ahead.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets what goes wrong in each block, to show that comparison sees it.
    #[cfg(feature = "fault-injection")]
    #[must_use]
    pub const fn with_fault(mut self, fault: Option<crate::fault::Fault>) -> Self {
        self.fault = fault;
        self
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) const fn fault(&self) -> Option<crate::fault::Fault> {
        self.fault
    }

    /// Sets whether attempts are validated, to show that comparison sees it when they are not.
    #[cfg(feature = "fault-injection")]
    #[must_use]
    pub const fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Lets a watch see, and time, what threads do; a watch is good for one block.
    #[must_use]
    pub fn with_watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Returns the chain specification.
    pub const fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the worker pool.
    pub const fn pool(&self) -> &Arc<WorkerPool> {
        &self.pool
    }

    pub(crate) const fn receipt_builder(&self) -> &R {
        &self.receipt_builder
    }

    pub(crate) const fn shared_evm_factory(&self) -> &Arc<F> {
        &self.evm_factory
    }

    pub(crate) const fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.observer.as_ref()
    }

    /// Returns a clock for a block's threads.
    pub(crate) fn clock(&self) -> Clock {
        Clock::new(self.watch.clone())
    }

    pub(crate) const fn trust(&self) -> Trust {
        self.trust
    }
}

impl<R, Spec, F> BlockExecutorFactory for ParallelBlockExecutorFactory<R, Spec, F>
where
    R: ReceiptBuilder<
            Transaction: Transaction + Encodable2718 + Send + Sync + 'static,
            Receipt: TxReceipt<Log = Log>,
        > + 'static,
    Spec: EthExecutorSpec + 'static,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
{
    type EvmFactory = F;
    type ExecutionCtx<'a> = ExecutionCtx<'a, R::Transaction>;
    type Transaction = R::Transaction;
    type Receipt = R::Receipt;
    type TxExecutionResult = EthTxResult<F::HaltReason, <R::Transaction as TransactionEnvelope>::TxType>;
    type Executor<'a, DB: StateDB, I: Inspector<F::Context<DB>>> =
        ParallelBlockExecutor<'a, <F as EvmFactory>::Evm<DB, I>, F, Spec, R>;

    fn evm_factory(&self) -> &F {
        &self.evm_factory
    }

    fn create_executor<'a, DB, I>(
        &'a self,
        evm: F::Evm<DB, I>,
        ctx: Self::ExecutionCtx<'a>,
    ) -> Self::Executor<'a, DB, I>
    where
        DB: StateDB,
        I: Inspector<F::Context<DB>>,
    {
        ParallelBlockExecutor::new(self, evm, ctx)
    }
}
