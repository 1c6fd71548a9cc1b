//! Evidence is left with what its difference needs, and nothing is left out where the difference comes and goes.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use alloy_primitives::B256;
use tandem_compare::{
    Engine, Evidence, Execution, Limits, Observe, ParentState, Provenance, Run, Shrunken, Subject,
    evidence::{Reduction, ReductionEnd},
    shrink,
};
use tandem_corpus::{Case, Fork, Workload};

mod support;

use support::REFERENCE;

const LIMITS: Limits = Limits { trials_max: 1000, time_max: Duration::from_secs(60) };

/// Tells the status of `wrong` wrongly in every execution of a number divisible by `every`, if `cause` comes before.
struct Faulty {
    cause: B256,
    wrong: B256,
    every: usize,
    calls: AtomicUsize,
}

impl Faulty {
    fn in_transactions(case: &Case, cause: usize, wrong: usize) -> Self {
        let hash = |index: usize| *case.block.transactions[index].tx_hash();
        Self { cause: hash(cause), wrong: hash(wrong), every: 1, calls: AtomicUsize::new(0) }
    }
}

impl<S: ParentState> Engine<S> for Faulty {
    fn execute(&self, case: &Case<S>, observe: Observe) -> Execution {
        let mut execution = REFERENCE.execute(case, observe);
        let at = |hash| case.block.transactions.iter().position(|tx| *tx.tx_hash() == hash);
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.every)
            && let (Some(cause), Some(wrong), Ok(output)) =
                (at(self.cause), at(self.wrong), &mut execution.result)
            && cause < wrong
        {
            output.result.receipts[wrong].success ^= true;
        }
        execution
    }
}

fn case() -> Case {
    support::generated(Workload::Mixed, Fork::Osaka, 5)
}

#[test]
fn only_what_the_difference_needs_is_left() {
    let case = case();
    let faulty = Faulty::in_transactions(&case, 7, 31);
    let Shrunken { case: small, first, reduction } = shrink(&case, &REFERENCE, &faulty, LIMITS).unwrap();
    let hashes: Vec<_> = small.block.transactions.iter().map(|tx| *tx.tx_hash()).collect();
    assert!(hashes.contains(&faulty.cause) && hashes.contains(&faulty.wrong));
    let Reduction::Shrunken { transactions, of, end, .. } = &reduction else { panic!("{reduction}") };
    assert_eq!((*of, *end), (48, ReductionEnd::Smallest));
    // What is left beside the two are transactions without which these cannot be: the ones that pay or prepare for them.
    assert!(transactions.len() <= 6, "{reduction:?}");
    assert_eq!(first.place.and_then(tandem_compare::Place::tx_index).unwrap().0, hashes.len() - 1);
    assert!(matches!(first.subject, Subject::Receipt(..)), "{first}");
    assert!(small.state.accounts.len() * 4 < case.state.accounts.len(), "the state is smaller too");
    assert!(REFERENCE.execute(&small, Observe::Output).result.is_ok());
}

#[test]
fn same_case_gives_the_same_evidence() {
    let case = case();
    let [one, two] = [0, 1].map(|_| {
        let faulty = Faulty::in_transactions(&case, 3, 20);
        let Shrunken { case, first, reduction } = shrink(&case, &REFERENCE, &faulty, LIMITS).unwrap();
        (Evidence::new(&case, Run::default(), Provenance::default(), Some(first)), reduction)
    });
    assert_eq!(one, two);
}

#[test]
fn difference_that_comes_and_goes_is_left_whole() {
    let case = case();
    for every in [2, 3, 5] {
        let faulty = Faulty { every, ..Faulty::in_transactions(&case, 3, 20) };
        let reduction = shrink(&case, &REFERENCE, &faulty, LIMITS).unwrap_err();
        assert_eq!(reduction.to_string(), "not shrunken: the executions do not differ every time");
    }
}

#[test]
fn bound_on_trials_ends_the_search_with_what_it_has() {
    let case = case();
    let faulty = Faulty::in_transactions(&case, 7, 31);
    let limits = Limits { trials_max: 3, ..LIMITS };
    let Shrunken { case: small, reduction, .. } = shrink(&case, &REFERENCE, &faulty, limits).unwrap();
    let Reduction::Shrunken { end, trials, .. } = reduction else { panic!("{reduction}") };
    assert_eq!(end, ReductionEnd::Trials);
    assert!(trials <= 4, "{trials}: one more looks at the result");
    assert!(small.block.transactions.len() < 48);
}
