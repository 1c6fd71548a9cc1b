//! Every single fault in an output is seen and named; equal outputs are equal.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::sync::OnceLock;

use proptest::{prelude::*, test_runner::FileFailurePersistence};
use tandem_compare::{Check, Engine, Observe, Output, Verdict, compare};
use tandem_corpus::{Case, Fork, Workload};

#[path = "support/mutation.rs"]
mod mutation;
mod support;

use mutation::Mutation;

/// Blocks that between them have everything a fault can be in.
fn blocks() -> &'static [(Case, Output)] {
    static BLOCKS: OnceLock<Vec<(Case, Output)>> = OnceLock::new();
    BLOCKS.get_or_init(|| {
        let with_output = |case: Case| {
            let output = support::output(&case);
            (case, output)
        };
        let cases = [
            (Workload::Mixed, Fork::Osaka, 1),
            (Workload::Create2Selfdestruct, Fork::Cancun, 2),
            (Workload::Delegation, Fork::Prague, 3),
            (Workload::RollupBatches, Fork::Cancun, 4),
        ];
        cases.map(|(workload, fork, seed)| with_output(support::generated(workload, fork, seed))).into()
    })
}

/// Applies a fault and says whether it could be applied; panics where it is not seen or named wrongly.
fn is_seen((name, what, check, break_it): &Mutation, case: &Case, right: &Output, n: usize) -> bool {
    let mut wrong = right.clone();
    if !break_it(&mut wrong, n) {
        return false;
    }
    let comparison = support::compared(case, right, &wrong);
    let found: Vec<_> = comparison.differences.iter().map(ToString::to_string).collect();
    assert_eq!(comparison.verdict, Verdict::Diverged, "{name} {n}");
    assert_eq!(check(&comparison.checks), Check::Differ, "{name} {n}: {found:?}");
    let named = comparison.differences.iter().any(|difference| difference.subject.what().starts_with(what));
    assert!(named, "{name} {n}: {found:?}");

    // The other way round too: what is missing on one side is extra on the other.
    let comparison = support::compared(case, &wrong, right);
    assert_eq!(check(&comparison.checks), Check::Differ, "{name} {n} reversed");
    true
}

#[test]
fn every_fault_can_be_applied_and_is_seen() {
    for mutation in mutation::ALL {
        let applied: usize = blocks()
            .iter()
            .flat_map(|block| (0..3).map(move |n| (block, n)))
            .filter(|((case, output), n)| is_seen(mutation, case, output, *n))
            .count();
        assert!(applied > 0, "no block has anything for: {}", mutation.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_single_fault_is_seen(fault in 0..mutation::ALL.len(), block in 0..4_usize, n in any::<u16>()) {
        let (case, output) = &blocks()[block];
        is_seen(&mutation::ALL[fault], case, output, n.into());
    }

    /// Two faults in different transactions: the earlier one is the first difference.
    #[test]
    fn the_earlier_of_two_faults_comes_first(one in any::<u16>(), two in any::<u16>()) {
        let (case, output) = &blocks()[0];
        let mut wrong = output.clone();
        let count = wrong.result.receipts.len();
        let (one, two) = (usize::from(one) % count, usize::from(two) % count);
        wrong.result.receipts[one].cumulative_gas_used += 1;
        if one != two {
            wrong.result.receipts[two].success ^= true;
        }
        let comparison = support::compared(case, output, &wrong);
        let first = comparison.first_difference().unwrap();
        prop_assert_eq!(first.tx().unwrap().0, one.min(two));
    }
}

#[test]
fn an_output_equals_itself() {
    for (case, output) in blocks() {
        let comparison = support::compared(case, output, output);
        assert_eq!(comparison.verdict, Verdict::Match, "{:?}", comparison.differences);
        assert_eq!(comparison.checks.bal_hash, Check::Match);
        assert_eq!(comparison.checks.error, Check::Absent);
    }
}

/// Each execution's root comes from its own bundle.
#[test]
fn a_wrong_slot_shows_in_the_state_root() {
    let (case, output) = &blocks()[2];
    let mut wrong = output.clone();
    let account = wrong.bundle.state.values_mut().find(|account| !account.storage.is_empty()).unwrap();
    account.storage.values_mut().next().unwrap().present_value ^= alloy_primitives::U256::from(1);
    let [right, wrong] = [output, &wrong].map(|output| support::execution(output.clone()));
    let comparison = compare(case, &right, &wrong, &support::VALID);
    assert_eq!(comparison.checks.state_root, Check::Differ);
    assert_ne!(comparison.state_roots.sequential, comparison.state_roots.parallel);
    assert!(!comparison.state_roots.header_checked);
    let comparison = compare(case, &right, &right, &support::VALID);
    assert_eq!(comparison.checks.state_root, Check::Match);
}

/// revm keeps the accounts of one block's reverts in the order of a hash map: that order says nothing.
#[test]
fn order_of_reverts_inside_a_block_says_nothing() {
    let (case, output) = &blocks()[0];
    let mut other = output.clone();
    other.bundle.reverts[0].reverse();
    let comparison = support::compared(case, output, &other);
    assert_eq!(comparison.verdict, Verdict::Match, "{:?}", comparison.differences);
}

#[test]
fn two_observed_executions_are_equal_call_by_call() {
    for (case, _) in blocks() {
        let [one, two] = [0, 1].map(|_| support::REFERENCE.execute(case, Observe::Commits));
        let comparison = compare(case, &one, &two, &support::ROOTLESS);
        assert_eq!(comparison.verdict, Verdict::Match, "{:?}", comparison.differences);
        assert_eq!(comparison.checks.commits, Check::Match);
        assert!(one.trace.unwrap().commits.len() >= case.block.transactions.len());
    }
}
