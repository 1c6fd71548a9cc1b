//! A divergence is traced back to the first transaction, account and slot, and to who wrote it before.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::cell::Cell;

use alloy_primitives::U256;
use tandem_compare::{
    Engine, Evidence, Execution, Observe, Place, Provenance, Reproduction, Run, Side, Subject, Value,
    Verdict, compare, explain,
};
use tandem_corpus::{Case, Fork, Workload};

#[path = "support/stale.rs"]
mod stale;
mod support;

use stale::Stale;
use support::{REFERENCE, ROOTLESS};

fn hot_counter() -> Case {
    support::generated(Workload::HotCounter, Fork::Osaka, 7)
}

/// The first transactions whose sender has sent nothing before in the block, so that stale state lets them in.
fn first_of_their_senders(case: &Case) -> Vec<usize> {
    let signers: Vec<_> = case.block.transactions.iter().map(|transaction| transaction.signer()).collect();
    (1..signers.len()).filter(|index| !signers[..*index].contains(&signers[*index])).collect()
}

#[test]
fn stale_read_is_found_with_the_write_it_missed() {
    let case = hot_counter();
    let candidates = first_of_their_senders(&case);
    assert!(candidates.len() > 5);
    for index in [candidates[0], candidates[3], *candidates.last().unwrap()] {
        let wrong = Stale(index);
        let comparison = compare(
            &case,
            &REFERENCE.execute(&case, Observe::Output),
            &wrong.execute(&case, Observe::Output),
            &ROOTLESS,
        );
        assert_eq!(comparison.verdict, Verdict::Diverged);

        let explanation = explain(&case, &REFERENCE, &wrong, &ROOTLESS, None, 1);
        println!("{explanation}");
        assert_eq!(explanation.reproduction, Reproduction::Reproduced { attempt: 1 });
        assert_eq!(explanation.first.unwrap().place, Some(Place::tx(index)));
        assert_eq!(explanation.tx_hash, Some(*case.block.transactions[index].tx_hash()));
        let location = explanation.location.unwrap();
        assert!(matches!(location.subject, Subject::Storage(_, _, _, Side::Original)), "{location}");
        let written = explanation.written_sequentially.unwrap();
        assert_eq!(written.place, Some(Place::tx(index - 1)));
        assert_eq!(written.value, location.sequential, "the write before is what should have been read");
        let written = explanation.written_in_parallel.unwrap();
        assert_eq!(written.place, Some(Place::tx(index - 1)));
        assert_ne!(written.value, location.parallel);
    }
}

#[test]
fn replayed_evidence_gives_the_same_explanation() {
    let case = hot_counter();
    let wrong = Stale(first_of_their_senders(&case)[2]);
    let first = explain(&case, &REFERENCE, &wrong, &ROOTLESS, None, 1);
    let run = Run { strategy: "parallel".into(), threads: 2, seed: Some(7) };
    let evidence = Evidence::new(&case, run, Provenance::default(), first.first.clone());
    let directory = tempfile::tempdir().unwrap();
    let evidence = Evidence::read(&evidence.write(directory.path()).unwrap()).unwrap();
    let again =
        explain(&evidence.case().unwrap(), &REFERENCE, &wrong, &ROOTLESS, evidence.divergence.as_ref(), 1);
    assert_eq!(again.to_string(), first.to_string());
    assert_eq!(again.first, evidence.divergence);
}

/// An engine that is wrong the first time only, as one that loses a race.
#[test]
fn divergence_that_does_not_recur_is_explained_from_the_sequential_trace() {
    let case = hot_counter();
    let calls = Cell::new(0);
    let sometimes = |case: &Case, observe: Observe| -> Execution {
        calls.set(calls.get() + 1);
        let mut execution = REFERENCE.execute(case, observe);
        if calls.get() == 1 {
            let output = execution.result.as_mut().unwrap();
            let slot = output.bundle.state.values_mut().flat_map(|account| account.storage.values_mut());
            let slot = slot.max_by_key(|slot| slot.present_value != slot.previous_or_original_value).unwrap();
            slot.present_value += U256::from(1);
        }
        execution
    };
    let one = REFERENCE.execute(&case, Observe::Output);
    let two = sometimes.execute(&case, Observe::Output);
    let comparison = compare(&case, &one, &two, &ROOTLESS);
    let recorded = comparison.first_difference().unwrap();
    assert_eq!(recorded.place, None, "a finished bundle does not say which transaction");

    let explanation = explain(&case, &REFERENCE, &sometimes, &ROOTLESS, Some(recorded), 3);
    assert_eq!(explanation.reproduction, Reproduction::NotReproduced { attempts: 3 });
    // Each attempt is one observed and one that is not.
    assert_eq!(calls.get(), 7);
    assert_eq!(explanation.first.as_ref(), Some(recorded));
    let written = explanation.written_sequentially.unwrap();
    assert!(written.place.is_some());
    assert_eq!(written.value, recorded.sequential);
}

/// An engine that skips a transaction's state-hook call but has the right output.
#[test]
fn missing_state_hook_call_is_found() {
    let case = hot_counter();
    let silent = |case: &Case, observe: Observe| -> Execution {
        let mut execution = REFERENCE.execute(case, observe);
        if let Some(trace) = &mut execution.trace {
            trace.commits.pop();
        }
        execution
    };
    let explanation = explain(&case, &REFERENCE, &silent, &ROOTLESS, None, 1);
    let first = explanation.first.unwrap();
    assert_eq!(first.subject, Subject::CommitCount);
    assert_eq!(first.place, Some(Place::PostExecution));
    assert_ne!(first.sequential, Value::Absent);
}
