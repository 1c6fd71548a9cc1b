//! Executes a block with the parallel executor, through either of its seams.

use std::{borrow::Cow, cell::Cell, error::Error, sync::Arc, time::Instant};

use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, EthEvmFactory},
};
use alloy_hardforks::EthereumHardforks;
use revm::{
    database::{State, states::bundle_state::BundleRetention},
    state::bal::BlockAccessIndex,
};
use tandem_corpus::{Block, Case, ChainSpec};
use tandem_executor::{
    BlockStats, ExecutionCtx, LookAhead, ParallelBlockExecutorFactory, Receipts, Strategy, Trust,
    WorkerPanic, WorkerPool,
    base::SharedState,
    block::{BlockInput, execute_block},
    clock::Watch,
    driven::{Schedule, execute_block_driven},
};

use crate::{
    engine::{Engine, Observe, ParentState},
    error::ExecuteError,
    evidence::FaultEvidence,
    output::{Execution, Output, Receipt},
    place::Place,
    trace::Recorder,
    world::World,
};

/// The executor's factory on the corpus' chains.
pub type Factory = ParallelBlockExecutorFactory<Receipts, Arc<ChainSpec>, EthEvmFactory>;

/// The way in which a host calls the executor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// One call for the whole block.
    #[default]
    Block,
    /// One call for each transaction, with a look-ahead in the context; as reth's engine does.
    Transaction,
}

/// The parallel engine. Adapts a case to the executor; compares nothing.
#[derive(Clone, Debug)]
pub struct Parallel {
    /// Workers, shared between blocks.
    pub pool: Arc<WorkerPool>,
    /// Whether to speculate.
    pub strategy: Strategy,
    /// How to call the executor.
    pub seam: Seam,
    /// The schedule by which one thread executes with virtual workers; without one, the pool's threads execute.
    pub schedule: Option<Schedule>,
    /// Whether attempts are validated; anything but the default is a provoked fault.
    pub trust: Trust,
    /// What goes wrong on purpose.
    #[cfg(feature = "fault-injection")]
    pub fault: Option<FaultEvidence>,
    /// What sees, and times, what threads do in one execution; nothing in the product.
    pub watch: Option<Arc<dyn Watch>>,
}

impl Parallel {
    /// Creates an engine that validates.
    pub const fn new(pool: Arc<WorkerPool>, strategy: Strategy, seam: Seam) -> Self {
        Self {
            pool,
            strategy,
            seam,
            schedule: None,
            trust: Trust::Nothing,
            watch: None,
            #[cfg(feature = "fault-injection")]
            fault: None,
        }
    }

    /// Lets one thread execute by a schedule, which takes the place of seam and strategy.
    #[must_use]
    pub const fn with_schedule(mut self, schedule: Option<Schedule>) -> Self {
        self.schedule = schedule;
        self
    }

    /// Lets a watch see, and time, what threads do in the next execution.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Returns what goes wrong on purpose; in the product nothing.
    pub const fn fault_evidence(&self) -> Option<FaultEvidence> {
        #[cfg(feature = "fault-injection")]
        return self.fault;
        #[cfg(not(feature = "fault-injection"))]
        None
    }

    /// Executes a block and says what it took; without an output there are no counters.
    ///
    /// Timed up to the finished output, as [`Reference`](crate::Reference) is; the rest of the state is dropped after that.
    pub fn execute_counted<S: ParentState>(
        &self,
        case: &Case<S>,
        observe: Observe,
    ) -> (Execution, BlockStats) {
        let recorder = (observe == Observe::Commits).then(Recorder::new);
        let failure = Cell::new(None);
        let started = Instant::now();
        let mut stats = BlockStats::default();
        let (result, state) = self.run(case, &failure, recorder.as_ref(), &mut stats);
        let duration = started.elapsed();
        drop(state);
        (Execution { result, trace: recorder.map(|recorder| recorder.take()), duration }, stats)
    }

    /// Returns the output, and the state that it was taken from.
    fn run<'a, S: ParentState>(
        &self,
        case: &'a Case<S>,
        failure: &'a Cell<Option<S::Error>>,
        recorder: Option<&Recorder>,
        stats: &mut BlockStats,
    ) -> (Result<Output, ExecuteError>, Option<State<World<'a, S>>>) {
        let builds_bal = case.spec.is_amsterdam_active_at_timestamp(case.block.header.timestamp);
        let state = State::builder()
            .with_database(World::new(&*case.state, failure))
            .with_bundle_update()
            .with_bal_builder_if(builds_bal)
            .build()
            .with_state_hook(recorder.map(Recorder::hook));
        let mut place = None;
        let executed = match self.seam {
            _ if self.schedule.is_some() => self.whole(case, state, stats),
            Seam::Block => self.whole(case, state, stats),
            Seam::Transaction => self.stepwise(case, state, stats, &mut |next| {
                place = Some(next);
                if let Some(recorder) = recorder {
                    recorder.enter(next);
                }
            }),
        };
        match executed {
            Ok((result, mut state)) => {
                let bal = state.take_built_alloy_bal();
                (Ok(Output { result, bundle: state.take_bundle(), bal }), Some(state))
            }
            Err(error) => (Err(classify(error, failure, place)), None),
        }
    }

    fn whole<'a, S: ParentState>(
        &self,
        case: &Case<S>,
        state: State<World<'a, S>>,
        stats: &mut BlockStats,
    ) -> Result<(BlockExecutionResult<Receipt>, State<World<'a, S>>), BlockExecutionError> {
        let input = BlockInput {
            env: case.spec.evm_env(&case.block.header),
            ctx: context(&case.block),
            transactions: case.block.transactions.clone(),
            base: Arc::new(SharedState(case.state.clone())),
            strategy: self.strategy,
        };
        let factory = self.factory(case);
        let execution = match self.schedule {
            None => execute_block(&factory, input, state)?,
            Some(schedule) => {
                let input = BlockInput { strategy: Strategy::Parallel, ..input };
                execute_block_driven(&factory, input, state, schedule)?
            }
        };
        *stats = execution.stats;
        Ok((execution.result, execution.state))
    }

    fn stepwise<'a, S: ParentState>(
        &self,
        case: &Case<S>,
        state: State<World<'a, S>>,
        stats: &mut BlockStats,
        enter: &mut dyn FnMut(Place),
    ) -> Result<(BlockExecutionResult<Receipt>, State<World<'a, S>>), BlockExecutionError> {
        let block = &case.block;
        let factory = self.factory(case);
        let evm = factory.evm_factory().create_evm(state, case.spec.evm_env(&block.header));
        let look_ahead = Some(LookAhead {
            transactions: block.transactions.clone(),
            base: Arc::new(SharedState(case.state.clone())),
            strategy: self.strategy,
        });
        let mut executor = factory.create_executor(evm, ExecutionCtx { eth: context(block), look_ahead });
        enter(Place::PreExecution);
        executor.apply_pre_execution_changes()?;
        for (index, transaction) in block.transactions.iter().enumerate() {
            enter(Place::tx(index));
            executor.execute_transaction_with_index(transaction, index)?;
        }
        enter(Place::PostExecution);
        let after = BlockAccessIndex::new(block.transactions.len() as u64 + 1);
        executor.evm_mut().db_mut().set_bal_index(after);
        *stats = executor.stats();
        let (evm, result) = executor.finish()?;
        let mut state = evm.into_db();
        state.merge_transitions(BundleRetention::Reverts);
        Ok((result, state))
    }

    fn factory<S>(&self, case: &Case<S>) -> Factory {
        let factory = Factory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), self.pool.clone());
        #[cfg(feature = "fault-injection")]
        let factory = factory.with_trust(self.trust).with_fault(self.fault_in(&case.block));
        match &self.watch {
            Some(watch) => factory.with_watch(watch.clone()),
            None => factory,
        }
    }
}

#[cfg(feature = "fault-injection")]
impl Parallel {
    /// Returns the fault, if it is in a block's transaction.
    fn fault_in(&self, block: &Block) -> Option<tandem_executor::Fault> {
        let fault = self.fault?;
        let tx = block.transactions.iter().position(|tx| *tx.tx_hash() == fault.tx)?;
        Some(tandem_executor::Fault { tx: tandem_executor::TxIndex(tx), kind: fault.kind.into() })
    }
}

impl<S: ParentState> Engine<S> for Parallel {
    fn execute(&self, case: &Case<S>, observe: Observe) -> Execution {
        self.execute_counted(case, observe).0
    }
}

fn context(block: &Block) -> EthBlockExecutionCtx<'_> {
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

/// Sorts an error; a worker's panic is ours.
fn classify<E: Error + Clone + 'static>(
    error: BlockExecutionError,
    failure: &Cell<Option<E>>,
    place: Option<Place>,
) -> ExecuteError {
    if let BlockExecutionError::Internal(internal) = &error
        && let Some(panic) = internal.downcast_other::<WorkerPanic>()
    {
        return ExecuteError::Invariant { what: panic.to_string() };
    }
    ExecuteError::classify(error, failure.take(), place)
}
