//! Errors are compared, and told apart from a world that fails.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::{sync::Arc, time::Duration};

use alloy_consensus::transaction::Recovered;
use alloy_eips::eip4788::BEACON_ROOTS_ADDRESS;
use alloy_primitives::Address;
use tandem_compare::{
    Check, Comparison, Engine, ExecuteError, Execution, Expectation, Observe, Place, StateRoot, Subject,
    Terms, Verdict, compare,
};
use tandem_corpus::{Absent, Case, Fork, PlainState, Workload};

mod support;

use support::REFERENCE;

fn terms(expectation: Expectation) -> Terms<'static> {
    Terms { expectation, state_root: StateRoot::Unchecked }
}

fn transfers() -> Case {
    support::generated(Workload::NativeTransfers, Fork::Prague, 5)
}

/// Gives a transaction to a sender who has no money and another nonce.
fn with_poor_sender(mut case: Case, index: usize) -> Case {
    let mut transactions = case.block.transactions.to_vec();
    let inner = transactions[index].inner().clone();
    transactions[index] = Recovered::new_unchecked(inner, Address::repeat_byte(0xaa));
    case.block.transactions = transactions.into();
    case
}

fn without(mut case: Case, address: Address, absent: Absent) -> Case {
    let mut state: PlainState = (*case.state).clone();
    state.accounts.remove(&address);
    state.absent = absent;
    case.state = Arc::new(state);
    case
}

fn run(case: &Case, expectation: Expectation) -> Comparison {
    let [one, two] = [0, 1].map(|_| REFERENCE.execute(case, Observe::Output));
    compare(case, &one, &two, &terms(expectation))
}

#[test]
fn equal_errors_match_only_where_the_block_may_be_wrong() {
    let case = with_poor_sender(transfers(), 3);
    for expectation in [Expectation::Invalid, Expectation::Agreement] {
        let comparison = run(&case, expectation);
        assert_eq!((comparison.verdict, comparison.checks.error), (Verdict::Match, Check::Match));
        let rejection = comparison.rejection.unwrap();
        assert!(rejection.starts_with("validation.invalid_tx: "), "{rejection}");
        assert!(rejection.ends_with("(at transaction 3)"), "{rejection}");
    }
    let comparison = run(&case, Expectation::Valid);
    assert_eq!((&comparison.verdict, comparison.checks.error), (&Verdict::Diverged, Check::Differ));
    assert_eq!(comparison.first_difference().unwrap().place, Some(Place::tx(3)));
}

#[test]
fn errors_at_different_transactions_differ() {
    let case = transfers();
    let one = REFERENCE.execute(&with_poor_sender(case.clone(), 3), Observe::Output);
    let two = REFERENCE.execute(&with_poor_sender(case.clone(), 5), Observe::Output);
    let comparison = compare(&case, &one, &two, &terms(Expectation::Invalid));
    assert_eq!((&comparison.verdict, comparison.checks.error), (&Verdict::Diverged, Check::Differ));
    assert_eq!(comparison.first_difference().unwrap().tx().unwrap().0, 3);
    assert_eq!(comparison.rejection, None);
}

#[test]
fn error_on_one_side_only_differs() {
    let case = transfers();
    let right = REFERENCE.execute(&case, Observe::Output);
    let wrong = REFERENCE.execute(&with_poor_sender(case.clone(), 3), Observe::Output);
    for (one, two) in [(&right, &wrong), (&wrong, &right)] {
        let comparison = compare(&case, one, two, &terms(Expectation::Invalid));
        assert_eq!((&comparison.verdict, comparison.checks.error), (&Verdict::Diverged, Check::Differ));
        assert_eq!(comparison.checks.bundle, Check::Absent);
        assert_eq!(comparison.first_difference().unwrap().subject, Subject::Error);
    }
}

#[test]
fn missing_sender_is_the_world_and_not_the_block() {
    let case = transfers();
    let sender = case.block.transactions[0].signer();
    let comparison = run(&without(case, sender, Absent::Unknown), Expectation::Valid);
    let reason = format!("sequential execution: account {sender} is not in the pre-state");
    assert_eq!(comparison.verdict, Verdict::Inconclusive { reason });
    assert!(comparison.differences.is_empty());
}

/// A tracer leaves out what does not exist, so the reader presumes; the accounts it presumed on are told.
#[test]
fn absent_accounts_that_execution_asks_for_are_told() {
    let case = transfers();
    let sender = case.block.transactions[0].signer();
    let absent = REFERENCE.absent_reads(&without(case.clone(), sender, Absent::Presumed));
    assert!(absent.contains(&sender));
    assert!(!REFERENCE.absent_reads(&case).contains(&sender));
}

/// alloy-evm turns the failed read of a system call into a validation error with a text.
#[test]
fn missing_system_contract_is_the_world_and_not_the_block() {
    let case = without(transfers(), BEACON_ROOTS_ADDRESS, Absent::Unknown);
    let comparison = run(&case, Expectation::Valid);
    let Verdict::Inconclusive { reason } = comparison.verdict else { panic!("{:?}", comparison.differences) };
    assert!(reason.contains(&BEACON_ROOTS_ADDRESS.to_string()), "{reason}");
}

/// alloy-evm drops the failed read when balances are incremented after the transactions.
#[test]
fn missing_withdrawal_recipient_is_the_world_and_not_the_block() {
    let mut case = transfers();
    let recipient = Address::repeat_byte(0xbb);
    let withdrawal = alloy_eips::eip4895::Withdrawal { address: recipient, amount: 1, ..Default::default() };
    case.block.withdrawals = Some(vec![withdrawal].into());
    // Everything that the transactions read is there, existing or not.
    let trace = REFERENCE.execute(&transfers(), Observe::Commits).trace.unwrap();
    let mut state = (*case.state).clone();
    for address in trace.commits.iter().flat_map(|commit| commit.state.keys()) {
        state.accounts.entry(*address).or_default();
    }
    case.state = Arc::new(state);
    let comparison = run(&without(case, recipient, Absent::Unknown), Expectation::Valid);
    let Verdict::Inconclusive { reason } = comparison.verdict else { panic!("{:?}", comparison.differences) };
    assert!(reason.contains(&recipient.to_string()), "{reason}");
}

#[test]
fn world_that_fails_for_the_parallel_execution_only_differs() {
    let case = transfers();
    let one = REFERENCE.execute(&case, Observe::Output);
    let result = Err(ExecuteError::World { reason: "gone".into() });
    let two = Execution { result, trace: None, duration: Duration::ZERO };
    let comparison = compare(&case, &one, &two, &terms(Expectation::Valid));
    assert_eq!(comparison.verdict, Verdict::Diverged);
    assert_eq!(comparison.first_difference().unwrap().parallel.to_string(), "world: gone");
}

#[test]
fn header_that_lies_makes_a_valid_block_diverge_and_an_invalid_one_rejected() {
    let mut case = transfers();
    case.block.header.gas_used += 1;
    let comparison = run(&case, Expectation::Valid);
    assert_eq!((&comparison.verdict, comparison.checks.gas_used), (&Verdict::Diverged, Check::Differ));
    assert!(comparison.first_difference().unwrap().is_from_header_only());
    let comparison = run(&case, Expectation::Invalid);
    assert_eq!((&comparison.verdict, comparison.checks.gas_used), (&Verdict::Match, Check::Match));
    assert!(comparison.rejection.unwrap().starts_with("gas_used"));
    let comparison = run(&case, Expectation::Agreement);
    assert_eq!((comparison.verdict, comparison.rejection), (Verdict::Match, None));
    assert!(!comparison.receipts_roots.header_checked);
}
