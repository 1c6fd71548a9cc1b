//! What reth knows of the executor.

use std::{convert::Infallible, sync::Arc};

use alloy_consensus::Header;
use alloy_eips::BlockNumHash;
use alloy_evm::{Database, EvmEnv, eth::EthEvmFactory};
use alloy_rpc_types_engine::ExecutionData;
use reth_chainspec::ChainSpec;
use reth_ethereum_primitives::{Block, EthPrimitives, TransactionSigned};
use reth_evm::{
    BlockExecutorForEvm, ConfigureEngineEvm, ConfigureEvm, ExecutableTxIterator, NextBlockEnvAttributes,
    SenderRecoveryCache,
};
use reth_evm_ethereum::{EthEvmConfig, RethReceiptBuilder};
use reth_primitives_traits::{SealedBlock, SealedHeader};
use revm::database::State;
use tandem_executor::{ExecutionCtx, ParallelBlockExecutorFactory, Strategy};
use tandem_exex::{Contradiction, Contradictions, Control, Policy, Trial};

use crate::{
    args::Options,
    assembler::Assembler,
    batch::{self, Batches, HeaderReferee},
    consensus::ReceiptRoots,
    counters::Counters,
    look_ahead::{self, Sequential},
    parents::ParentStates,
    payload::{PayloadSenders, Payloads},
};

/// The executor's factory, for reth's types.
pub(crate) type Factory = ParallelBlockExecutorFactory<RethReceiptBuilder, Arc<ChainSpec>, EthEvmFactory>;

/// Ethereum's configuration of reth, with the parallel executor in place of the sequential one.
///
/// Everything but execution is what [`EthEvmConfig`] says. Blocks that are being built, and whatever is executed again to
/// be looked at (tracing, witnesses, access lists), have no look-ahead and are executed sequentially.
#[derive(Clone, Debug)]
pub(crate) struct ParallelEvmConfig {
    pub(crate) eth: EthEvmConfig,
    factory: Factory,
    /// The factory after a fallback, and of a second execution, where `factory` makes faults.
    #[cfg(feature = "fault-injection")]
    sound: Factory,
    assembler: Assembler,
    pub(crate) parents: Arc<dyn ParentStates>,
    payloads: Payloads,
    pub(crate) batches: Batches,
    strategy: Strategy,
    control: Control,
    counters: Arc<Counters>,
    /// The engine's block at hand.
    pub(crate) trial: Trial,
    /// What is told to the validator.
    contradictions: Contradictions,
    policy: Policy,
    /// What is told to the consensus.
    pub(crate) receipts: ReceiptRoots,
}

impl ParallelEvmConfig {
    /// Creates a configuration whose workers read the states before blocks from `parents`.
    pub(crate) fn new(spec: Arc<ChainSpec>, options: &Options, parents: Arc<dyn ParentStates>) -> Self {
        let counters = Arc::clone(&options.counters);
        let eth = EthEvmConfig::new(Arc::clone(&spec));
        let pool = Arc::clone(&options.pool);
        let factory = Factory::new(RethReceiptBuilder::default(), spec, EthEvmFactory::default(), pool)
            .with_observer(counters.clone());
        #[cfg(feature = "fault-injection")]
        let sound = factory.clone();
        #[cfg(feature = "fault-injection")]
        let factory = match options.fault {
            Some(fault) => fault.in_factory(factory),
            None => factory,
        };
        Self {
            factory,
            #[cfg(feature = "fault-injection")]
            sound,
            assembler: Assembler(eth.block_assembler.clone()),
            eth,
            parents,
            payloads: Payloads::default(),
            batches: Batches::default(),
            strategy: options.strategy,
            control: options.control.clone(),
            counters,
            trial: Trial::default(),
            contradictions: options.contradictions.clone(),
            policy: options.policy,
            receipts: options.receipts.clone(),
        }
    }

    /// Uses senders that were recovered elsewhere in the node.
    pub(crate) fn with_sender_recovery_cache(mut self, cache: SenderRecoveryCache) -> Self {
        self.eth = self.eth.with_sender_recovery_cache(cache);
        self
    }

    /// Returns how to speculate, unless not to.
    pub(crate) fn strategy(&self) -> Result<Strategy, Sequential> {
        match self.strategy {
            Strategy::Sequential => Err(Sequential::Asked),
            _ if self.control.is_fallback() => Err(Sequential::FellBack),
            _ if self.trial.is_again() => Err(Sequential::Distrusted),
            strategy => Ok(strategy),
        }
    }

    /// Takes note that a parallel execution was wrong: the block's sequential one agrees with its header.
    ///
    /// To fall back does not wait for the validator, which comes to the block later, or not at all.
    pub(crate) fn overrule(&self, block: BlockNumHash, wrong: Contradiction) {
        tracing::error!(
            number = block.number,
            hash = %block.hash,
            what = %wrong.what,
            "a parallel execution was wrong; the block was executed sequentially"
        );
        metrics::counter!("tandem_contradictions_total").increment(1);
        self.contradictions.add(block, wrong);
        if self.policy == Policy::Fallback {
            self.control.fall_back(block.number);
        }
    }

    /// Returns what became of blocks.
    pub(crate) const fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}

impl ConfigureEvm for ParallelEvmConfig {
    type Primitives = EthPrimitives;
    type Error = Infallible;
    type NextBlockEnvCtx = NextBlockEnvAttributes;
    type BlockExecutorFactory = Factory;
    type BlockAssembler = Assembler;

    fn block_executor_factory(&self) -> &Factory {
        #[cfg(feature = "fault-injection")]
        if self.control.is_fallback() || self.trial.is_again() {
            return &self.sound;
        }
        &self.factory
    }

    fn block_assembler(&self) -> &Assembler {
        &self.assembler
    }

    fn evm_env(&self, header: &Header) -> Result<EvmEnv, Infallible> {
        self.eth.evm_env(header)
    }

    fn next_evm_env(
        &self,
        parent: &Header,
        attributes: &NextBlockEnvAttributes,
    ) -> Result<EvmEnv, Infallible> {
        self.eth.next_evm_env(parent, attributes)
    }

    fn context_for_block<'a>(
        &self,
        block: &'a SealedBlock<Block>,
    ) -> Result<ExecutionCtx<'a, TransactionSigned>, Infallible> {
        let look_ahead = self.counters.unless(look_ahead::for_block(self, block));
        if look_ahead.is_some() {
            self.counters.begin(block.hash());
            self.trial.executes_in_parallel(block.hash());
        }
        Ok(ExecutionCtx { eth: self.eth.context_for_block(block)?, look_ahead })
    }

    fn context_for_next_block(
        &self,
        parent: &SealedHeader,
        attributes: NextBlockEnvAttributes,
    ) -> Result<ExecutionCtx<'_, TransactionSigned>, Infallible> {
        self.eth.context_for_next_block(parent, attributes).map(Into::into)
    }

    fn executor_for_block<'a, DB: Database>(
        &'a self,
        state: &'a mut State<DB>,
        block: &'a SealedBlock<Block>,
    ) -> Result<BlockExecutorForEvm<'a, Self, DB>, Infallible> {
        let look_ahead = self.counters.unless(batch::for_block(self, state, block));
        let evm = self.evm_for_block(state, block.header())?;
        let eth = self.eth.context_for_block(block)?;
        let executor = self.create_executor(evm, ExecutionCtx { eth, look_ahead });
        Ok(executor.with_referee(HeaderReferee::new(self, block)))
    }
}

impl ConfigureEngineEvm<ExecutionData> for ParallelEvmConfig {
    fn evm_env_for_payload(&self, payload: &ExecutionData) -> Result<EvmEnv, Infallible> {
        self.eth.evm_env_for_payload(payload)
    }

    fn context_for_payload<'a>(
        &self,
        payload: &'a ExecutionData,
    ) -> Result<ExecutionCtx<'a, TransactionSigned>, Infallible> {
        let senders = self.payloads.take(payload.block_hash());
        let look_ahead = self.counters.unless(look_ahead::for_payload(self, payload, senders));
        self.counters.begin(payload.block_hash());
        if look_ahead.is_some() {
            self.trial.executes_in_parallel(payload.block_hash());
        }
        Ok(ExecutionCtx { eth: self.eth.context_for_payload(payload)?, look_ahead })
    }

    fn tx_iterator_for_payload(
        &self,
        payload: &ExecutionData,
    ) -> Result<impl ExecutableTxIterator<Self>, Infallible> {
        let transactions = payload.payload.transactions().clone();
        let count = transactions.len();
        let cache = self.eth.sender_recovery_cache.clone();
        let senders = Arc::new(PayloadSenders::new(transactions, cache));
        self.payloads.add(payload.block_hash(), Arc::clone(&senders));
        Ok(((0..count).collect::<Vec<_>>(), move |index| senders.recovered(index)))
    }
}
