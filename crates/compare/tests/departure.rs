//! Callers that depart from their look-ahead get sequential execution's answer.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{borrow::Cow, num::NonZero, sync::Arc};

use alloy_consensus::transaction::Recovered;
use alloy_evm::{
    Evm, EvmFactory,
    block::{BlockExecutionError, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, EthEvmFactory},
};
use alloy_primitives::Address;
use revm::database::{BundleState, State, WrapDatabaseRef, states::bundle_state::BundleRetention};
use tandem_compare::{Engine, Observe, Output, Reference, parallel::Factory};
use tandem_corpus::{Case, GenerateOptions, Transaction, Workload, generate::generate};
use tandem_executor::{
    BaseSource, BlockStats, ExecutionCtx, LookAhead, Receipts, Strategy, WorkerPool, base::SharedState,
};

type Txs = Arc<[Recovered<Transaction>]>;
type Fed = (Vec<tandem_compare::Receipt>, BundleState, BlockStats);

fn case(workload: Workload) -> Case {
    let options = GenerateOptions { blocks: 1, txs_per_block: 30, ..GenerateOptions::default() };
    generate(workload, 7, options).next().unwrap().unwrap()
}

fn pool(threads: usize) -> Arc<WorkerPool> {
    Arc::new(WorkerPool::new(NonZero::new(threads).unwrap()).unwrap())
}

fn reference(case: &Case) -> Output {
    Reference::default().execute(case, Observe::Output).result.unwrap()
}

/// How a caller feeds one transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Feed {
    Commit,
    /// Executes it, throws the result away, and executes it again.
    Twice,
    /// First tries one that is invalid: its sender has nothing.
    AfterInvalid,
}

/// Feeds a case's transactions to an executor that looks ahead to `ahead`.
fn feed(
    case: &Case,
    pool: Arc<WorkerPool>,
    ahead: Txs,
    base: Arc<dyn BaseSource>,
    how: impl Fn(usize) -> Feed,
) -> Result<Fed, BlockExecutionError> {
    let block = &case.block;
    let factory = Factory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), pool);
    let state =
        State::builder().with_database(WrapDatabaseRef(case.state.as_ref())).with_bundle_update().build();
    let eth = EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: None,
    };
    let look_ahead = Some(LookAhead { transactions: ahead, base, strategy: Strategy::Parallel });
    let evm = factory.evm_factory().create_evm(state, case.spec.evm_env(&block.header));
    let mut executor = factory.create_executor(evm, ExecutionCtx { eth, look_ahead });
    executor.apply_pre_execution_changes()?;
    for (index, tx) in block.transactions.iter().enumerate() {
        match how(index) {
            Feed::Commit => {}
            Feed::Twice => drop(executor.execute_transaction_without_commit(tx)?),
            Feed::AfterInvalid => {
                let stranger = Recovered::new_unchecked(tx.inner().clone(), Address::repeat_byte(0xdd));
                executor.execute_transaction(&stranger).unwrap_err();
            }
        }
        executor.execute_transaction(tx)?;
    }
    let stats = executor.stats();
    let (evm, result) = executor.finish()?;
    let mut state = evm.into_db();
    state.merge_transitions(BundleRetention::Reverts);
    Ok((result.receipts, state.take_bundle(), stats))
}

fn shared(case: &Case) -> Arc<dyn BaseSource> {
    Arc::new(SharedState(case.state.clone()))
}

fn assert_same(fed: &Fed, expected: &Output) {
    assert_eq!(fed.0, expected.result.receipts);
    assert_eq!(fed.1, expected.bundle);
}

#[test]
fn look_ahead_to_other_transactions_is_left_at_the_first() {
    let case = case(Workload::Mixed);
    let reversed: Txs = case.block.transactions.iter().rev().cloned().collect();
    let fed = feed(&case, pool(3), reversed, shared(&case), |_| Feed::Commit).unwrap();
    assert_same(&fed, &reference(&case));
    assert_eq!(fed.2.committed_attempts, 0);
}

#[test]
fn look_ahead_that_ends_early_is_left_at_its_end() {
    let case = case(Workload::Mixed);
    let half: Txs = case.block.transactions[..15].into();
    let fed = feed(&case, pool(3), half, shared(&case), |_| Feed::Commit).unwrap();
    assert_same(&fed, &reference(&case));
    assert!(fed.2.committed_attempts + fed.2.frontier_executed <= 15);
}

#[test]
fn look_ahead_with_another_sender_is_left() {
    let case = case(Workload::NativeTransfers);
    let mut ahead: Vec<_> = case.block.transactions.to_vec();
    ahead[4] = Recovered::new_unchecked(ahead[4].inner().clone(), Address::repeat_byte(0xdd));
    let fed = feed(&case, pool(3), ahead.into(), shared(&case), |_| Feed::Commit).unwrap();
    assert_same(&fed, &reference(&case));
}

#[test]
fn result_that_is_not_committed_is_forgotten() {
    let case = case(Workload::Mixed);
    let expected = reference(&case);
    for at in [0, 1, 10, 29] {
        let how = |index| if index == at { Feed::Twice } else { Feed::Commit };
        let fed = feed(&case, pool(3), case.block.transactions.clone(), shared(&case), how).unwrap();
        assert_same(&fed, &expected);
    }
}

#[test]
fn invalid_transaction_between_others_changes_nothing() {
    let case = case(Workload::Mixed);
    let expected = reference(&case);
    for at in [0, 7, 29] {
        let how = |index| if index == at { Feed::AfterInvalid } else { Feed::Commit };
        let fed = feed(&case, pool(3), case.block.transactions.clone(), shared(&case), how).unwrap();
        assert_same(&fed, &expected);
    }
}
