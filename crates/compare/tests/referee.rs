//! A parallel execution that its referee objects to is taken back, and ends as the sequential one.
//!
//! It is made wrong by what its workers read: a source of readers that answers from another state.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{
    borrow::Cow,
    num::NonZero,
    sync::{Arc, LazyLock, Mutex},
};

use alloy_evm::{
    EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, EthEvmFactory},
};
use alloy_primitives::U256;
use revm::{
    Database,
    database::{BundleState, State, WrapDatabaseRef, states::bundle_state::BundleRetention},
};
use tandem_compare::{Receipt, parallel::Factory};
use tandem_corpus::{Case, GenerateOptions, PlainState, Workload, generate::generate};
use tandem_executor::{
    BaseSource, ExecutionCtx, LookAhead, Overlay, OverlaySource, Receipts, Referee, Strategy, WorkerPool,
    Wrong, base::SharedState, take_back,
};

#[path = "support/faulty.rs"]
mod faulty;

type Given = BlockExecutionResult<Receipt>;

static POOL: LazyLock<Arc<WorkerPool>> =
    LazyLock::new(|| Arc::new(WorkerPool::new(NonZero::new(3).unwrap()).unwrap()));

/// Blocks that follow each other, whose logs tell what was read.
fn swaps() -> Vec<Case> {
    let options = GenerateOptions { blocks: 3, txs_per_block: 60, ..GenerateOptions::default() };
    generate(Workload::SwapsManyPools, 7, options).map(|case| case.unwrap()).collect()
}

/// The state before a block with something added to every slot.
fn falsified(state: &PlainState) -> PlainState {
    let mut state = state.clone();
    for account in state.accounts.values_mut() {
        account.storage.values_mut().for_each(|value| *value += U256::from(1));
    }
    state
}

/// What a referee saw.
#[derive(Debug, Default)]
struct Seen {
    asked: usize,
    /// What was wrong, whether it gave anything, and the bundle of what was taken back.
    taken_back: Vec<(String, bool, BundleState)>,
    overruled: usize,
}

/// Objects to all but what is expected.
struct Expecting<'a> {
    expected: &'a Given,
    seen: &'a Mutex<Seen>,
}

impl<DB: Database> Referee<&mut State<DB>, Receipt> for Expecting<'_> {
    fn objection(&mut self, given: &Given) -> Option<String> {
        self.seen.lock().unwrap().asked += 1;
        (given.receipts != self.expected.receipts).then(|| "receipts".to_owned())
    }

    fn take_back(&mut self, db: &mut &mut State<DB>, wrong: Wrong<Receipt>) {
        assert!(wrong.stats.threads > 1);
        let bundle = take_back(db);
        self.seen.lock().unwrap().taken_back.push((wrong.what, wrong.given.is_some(), bundle));
    }

    fn overrules(&mut self, given: &Given) {
        assert_eq!(given, self.expected);
        self.seen.lock().unwrap().overruled += 1;
    }
}

/// Executes a block on a state that may hold changes of earlier ones, as reth's pipeline does.
fn execute<DB: alloy_evm::Database>(
    case: &Case,
    state: &mut State<DB>,
    ahead: Option<Arc<dyn BaseSource>>,
    referee: Option<Expecting<'_>>,
) -> Result<Given, BlockExecutionError> {
    let block = &case.block;
    let factory = Factory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), Arc::clone(&POOL));
    let eth = EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: None,
    };
    let look_ahead = ahead.map(|base| LookAhead {
        transactions: block.transactions.clone(),
        base,
        strategy: Strategy::Parallel,
    });
    let evm = factory.evm_factory().create_evm(&mut *state, case.spec.evm_env(&block.header));
    let mut executor = factory.create_executor(evm, ExecutionCtx { eth, look_ahead });
    if let Some(referee) = referee {
        executor = executor.with_referee(referee);
    }
    executor.apply_pre_execution_changes()?;
    for tx in block.transactions.iter() {
        executor.execute_transaction(tx)?;
    }
    let (_, given) = executor.finish()?;
    state.merge_transitions(BundleRetention::Reverts);
    Ok(given)
}

fn fresh(case: &Case) -> State<WrapDatabaseRef<&PlainState>> {
    State::builder().with_database(WrapDatabaseRef(case.state.as_ref())).with_bundle_update().build()
}

/// Reverts come in no order.
fn sorted(mut bundle: BundleState) -> BundleState {
    bundle.reverts.iter_mut().for_each(|block| block.sort_by_key(|(address, _)| *address));
    bundle
}

/// Executes a case with a referee until it objects; whoever meets the false state first, frontier or worker, is chance.
fn until_objected(case: &Case, base: &Arc<dyn BaseSource>, expected: &Given) -> (Given, BundleState, Seen) {
    for _ in 0..200 {
        let (mut state, seen) = (fresh(case), Mutex::default());
        let referee = Expecting { expected, seen: &seen };
        let given = execute(case, &mut state, Some(Arc::clone(base)), Some(referee)).unwrap();
        let seen = seen.into_inner().unwrap();
        if !seen.taken_back.is_empty() {
            return (given, state.take_bundle(), seen);
        }
    }
    panic!("no worker read anything in 200 executions");
}

#[test]
fn wrong_execution_ends_as_the_sequential_one() {
    let case = &swaps()[0];
    let mut state = fresh(case);
    let expected = execute(case, &mut state, None, None).unwrap();
    let lies: Arc<dyn BaseSource> = Arc::new(SharedState(Arc::new(falsified(&case.state))));
    let (given, bundle, seen) = until_objected(case, &lies, &expected);
    assert_eq!(given, expected);
    let right = sorted(state.take_bundle());
    assert_eq!(sorted(bundle), right);
    assert_eq!((seen.asked, seen.overruled, seen.taken_back.len()), (2, 1, 1));
    let (what, is_given, wrong) = seen.taken_back.into_iter().next().unwrap();
    assert_eq!((what.as_str(), is_given), ("receipts", true));
    assert!(!wrong.state.is_empty() && sorted(wrong) != right);
}

/// Without a referee the same source makes a wrong block: the test above can fail.
#[test]
fn without_a_referee_the_execution_is_wrong() {
    let case = &swaps()[0];
    let expected = execute(case, &mut fresh(case), None, None).unwrap();
    let lies: Arc<dyn BaseSource> = Arc::new(SharedState(Arc::new(falsified(&case.state))));
    let is_wrong = |_| execute(case, &mut fresh(case), Some(Arc::clone(&lies)), None).unwrap() != expected;
    assert!((0..200).any(is_wrong));
}

#[test]
fn right_execution_is_asked_for_once_and_stands() {
    let case = &swaps()[0];
    let expected = execute(case, &mut fresh(case), None, None).unwrap();
    let (mut state, seen) = (fresh(case), Mutex::default());
    let referee = Expecting { expected: &expected, seen: &seen };
    let truth: Arc<dyn BaseSource> = Arc::new(SharedState(case.state.clone()));
    assert_eq!(execute(case, &mut state, Some(truth), Some(referee)).unwrap(), expected);
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.asked, seen.overruled, seen.taken_back.len()), (1, 0, 0));
    assert!(!state.use_preloaded_bundle);
}

#[test]
fn wrong_block_is_executed_twice_and_nobody_is_overruled() {
    let case = &swaps()[0];
    let right = execute(case, &mut fresh(case), None, None).unwrap();
    let expected = Given { receipts: Vec::new(), ..right.clone() };
    let truth: Arc<dyn BaseSource> = Arc::new(SharedState(case.state.clone()));
    let (given, _, seen) = until_objected(case, &truth, &expected);
    assert_eq!(given, right);
    assert_eq!((seen.asked, seen.overruled, seen.taken_back.len()), (2, 0, 1));
}

#[test]
fn sequential_execution_has_no_referee() {
    let case = &swaps()[0];
    let expected = execute(case, &mut fresh(case), None, None).unwrap();
    let seen = Mutex::default();
    let referee = Expecting { expected: &expected, seen: &seen };
    execute(case, &mut fresh(case), None, Some(referee)).unwrap();
    assert_eq!(seen.into_inner().unwrap().asked, 0);
}

/// The state that is taken back holds earlier blocks' changes in its bundle alone, and later blocks read them there.
#[test]
fn batch_with_wrong_executions_gives_the_sequential_bundle() {
    for _ in 0..200 {
        let cases = swaps();
        let (mut sequential, mut state) = (fresh(&cases[0]), fresh(&cases[0]));
        let mut objected = 0;
        for case in &cases {
            let expected = execute(case, &mut sequential, None, None).unwrap();
            let lies = SharedState(Arc::new(falsified(&cases[0].state)));
            let overlay = Overlay::of(&state.bundle_state);
            let base: Arc<dyn BaseSource> = Arc::new(OverlaySource::new(overlay, lies));
            let seen = Mutex::default();
            let referee = Expecting { expected: &expected, seen: &seen };
            assert_eq!(execute(case, &mut state, Some(base), Some(referee)).unwrap(), expected);
            objected += seen.into_inner().unwrap().overruled;
        }
        assert_eq!(sorted(state.take_bundle()), sorted(sequential.take_bundle()));
        if objected > 1 {
            return;
        }
    }
    panic!("no two blocks of a batch were wrong in 200 batches");
}

/// A worker that panics ends the block; a referee has it executed again.
#[test]
fn failed_execution_is_executed_again() {
    let case = &swaps()[0];
    let mut state = fresh(case);
    let expected = execute(case, &mut state, None, None).unwrap();
    for n in 1..200 {
        let fault = faulty::Fault::nth(faulty::Effect::Panic, n);
        let base: Arc<dyn BaseSource> = Arc::new(faulty::Faulty::new(&case.state, Some(&fault)));
        let (mut state, seen) = (fresh(case), Mutex::default());
        let referee = Expecting { expected: &expected, seen: &seen };
        // Where the first reads panic, nothing is executed yet, and there is nothing to take back.
        let Ok(given) = execute(case, &mut state, Some(base), Some(referee)) else { continue };
        assert_eq!(given, expected);
        let seen = seen.into_inner().unwrap();
        if let Some((what, is_given, _)) = seen.taken_back.first() {
            assert!(what.contains(faulty::PANIC) && !is_given, "{what}");
            assert_eq!(seen.overruled, 1);
            return;
        }
    }
    panic!("no worker panicked in 200 executions");
}
