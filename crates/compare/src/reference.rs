//! Executes a block sequentially with unmodified alloy-evm: the reference path.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::BTreeSet,
    error::Error,
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::{TransactionEnvelope, TxType};
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::Address;
use revm::{
    Database,
    database::{State, states::bundle_state::BundleRetention},
    database_interface::WrapDatabaseRef,
    state::bal::BlockAccessIndex,
};
use tandem_corpus::{AbsentReads, Block, Case, ChainSpec, Transaction};

use crate::{
    engine::{Engine, Observe, ParentState},
    error::ExecuteError,
    output::{Execution, Output, Receipt},
    place::Place,
    trace::Recorder,
    world::World,
};

/// The sequential engine.
///
/// Knows nothing of the parallel executor: it shares only alloy-evm's and revm's public interface with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reference {
    /// Which blocks get a block access list.
    pub build_bal: BuildBal,
}

/// Which blocks get a block access list (EIP-7928).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildBal {
    /// Blocks whose header commits to one.
    #[default]
    FromAmsterdam,
    /// All blocks: a list can be built for older ones too, and then shows who changed what.
    Always,
}

type Factory = EthBlockExecutorFactory<ReferenceReceiptBuilder, Arc<ChainSpec>, EthEvmFactory>;

impl Reference {
    /// Executes a case only to learn which accounts it asks for that its state does not hold.
    ///
    /// For a case that presumes absent accounts not to exist ([`Absent::Presumed`](tandem_corpus::Absent)) and whose
    /// outcome contradicts its header: give them to `Case::missing_account`.
    pub fn absent_reads(&self, case: &Case) -> BTreeSet<Address> {
        let state = AbsentReads::new(&case.state);
        // How it ends is known already; what it read is what is asked for.
        let _outcome = execute(case, WrapDatabaseRef(&state), &Cell::new(None), self.build_bal, None);
        state.accounts()
    }
}

impl Reference {
    /// Executes a case once and returns how long each transaction took, its commit included.
    pub fn transaction_times<S: ParentState>(&self, case: &Case<S>) -> Result<Vec<Duration>, ExecuteError> {
        let failure = Cell::new(None);
        let mut state =
            State::builder().with_database(World::new(&*case.state, &failure)).with_bundle_update().build();
        let mut begun = Vec::with_capacity(case.block.transactions.len() + 2);
        let executed = run(case, &mut state, &mut |place| begun.push((place, Instant::now())));
        let place = begun.last().map(|(place, _)| *place);
        executed.map_err(|error| ExecuteError::classify(error, failure.take(), place))?;
        let is_transaction = |place: &Place| matches!(place, Place::Transaction(_));
        let steps = begun.windows(2).filter(|pair| is_transaction(&pair[0].0));
        Ok(steps.map(|pair| pair[1].1 - pair[0].1).collect())
    }
}

impl<S: ParentState> Engine<S> for Reference {
    fn execute(&self, case: &Case<S>, observe: Observe) -> Execution {
        let recorder = (observe == Observe::Commits).then(Recorder::new);
        let failure = Cell::new(None);
        let world = World::new(&*case.state, &failure);
        let (result, duration) = execute(case, world, &failure, self.build_bal, recorder.as_ref());
        Execution { result, trace: recorder.map(|recorder| recorder.take()), duration }
    }
}

/// Executes a case and times it, up to the finished output; the rest of the state is dropped after that.
fn execute<S, DB: Database<Error: Error + Clone + Send + Sync + 'static> + Debug>(
    case: &Case<S>,
    parent: DB,
    failure: &Cell<Option<DB::Error>>,
    build_bal: BuildBal,
    recorder: Option<&Recorder>,
) -> (Result<Output, ExecuteError>, Duration) {
    let started = Instant::now();
    let is_amsterdam = case.spec.is_amsterdam_active_at_timestamp(case.block.header.timestamp);
    let mut state = State::builder()
        .with_database(parent)
        .with_bundle_update()
        .with_bal_builder_if(is_amsterdam || build_bal == BuildBal::Always)
        .build()
        .with_state_hook(recorder.map(Recorder::hook));

    let mut place = Place::PreExecution;
    let executed = run(case, &mut state, &mut |next| {
        place = next;
        if let Some(recorder) = recorder {
            recorder.enter(next);
        }
    });
    let result = match executed {
        Ok(result) => {
            state.merge_transitions(BundleRetention::Reverts);
            let bal = state.take_built_alloy_bal();
            Ok(Output { result, bundle: state.take_bundle(), bal })
        }
        Err(error) => Err(ExecuteError::classify(error, failure.take(), Some(place))),
    };
    (result, started.elapsed())
}

/// Runs the steps of a block in order on `state`; calls `enter` before each.
///
/// The index of the block access list is 0 before the transactions, n + 1 for transaction n, and one more than the
/// last transaction's afterwards (EIP-7928); alloy-evm leaves setting it to its caller.
fn run<S, DB: Database<Error: Error + Send + Sync + 'static> + Debug>(
    case: &Case<S>,
    state: &mut State<DB>,
    enter: &mut dyn FnMut(Place),
) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError> {
    let block = &case.block;
    let spec = case.spec.at(&block.header);
    let env = spec.evm_env(&block.header);
    let factory = Factory::new(ReferenceReceiptBuilder, spec, EthEvmFactory::default());
    let evm = factory.evm_factory().create_evm(state, env);
    let mut executor = factory.create_executor(evm, context(block));

    enter(Place::PreExecution);
    executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::PRE_EXECUTION);
    executor.apply_pre_execution_changes()?;
    for (index, transaction) in block.transactions.iter().enumerate() {
        enter(Place::tx(index));
        executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        executor.execute_transaction(transaction)?;
    }
    enter(Place::PostExecution);
    executor.evm_mut().db_mut().set_bal_index(BlockAccessIndex::new(block.transactions.len() as u64 + 1));
    executor.apply_post_execution_changes()
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

/// Builds receipts without a bloom, as reth does.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceReceiptBuilder;

impl ReceiptBuilder for ReferenceReceiptBuilder {
    type Transaction = Transaction;
    type Receipt = Receipt;

    fn build_receipt<E: Evm>(
        &self,
        ctx: ReceiptBuilderCtx<'_, <Transaction as TransactionEnvelope>::TxType, E>,
    ) -> Receipt {
        let tx_type: TxType = ctx.tx_type;
        Receipt {
            tx_type,
            success: ctx.result.is_success(),
            cumulative_gas_used: ctx.cumulative_gas_used,
            logs: ctx.result.into_logs(),
        }
    }
}
