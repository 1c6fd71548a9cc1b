//! A divergence is seen, kept and explained: the one fault that matters is committing without validating.

use std::{num::NonZero, sync::Arc};

use alloy_primitives::Address;
use tandem_compare::{
    CarriedState, Engine, Evidence, Expectation, Observe, Parallel, Place, Provenance, Reference,
    Reproduction, Run, Seam, StateRoot, Terms, Verdict, compare, explain,
};
use tandem_corpus::{Case, Workload};
use tandem_executor::{Strategy, Trust, WorkerPool};
use tandem_tests::{program::run, sources::generated};

const TERMS: Terms<'static> =
    Terms { expectation: Expectation::Valid, state_root: StateRoot::Header(&CarriedState) };

/// The parallel engine with validation switched off; only tests can make one.
fn faulty(seam: Seam) -> Parallel {
    let pool = WorkerPool::new(NonZero::new(4).unwrap()).unwrap();
    Parallel { trust: Trust::Everything, ..Parallel::new(Arc::new(pool), Strategy::Parallel, seam) }
}

/// A block in which every transaction increments one number.
fn case() -> Case {
    generated(Workload::HotCounter, 1, 200).cases.remove(0)
}

#[test]
fn without_validation_executions_differ_through_both_seams() {
    let case = case();
    let sequential = Reference::default().execute(&case, Observe::Output);
    for seam in [Seam::Block, Seam::Transaction] {
        let engine = faulty(seam);
        // Speculation may be late for every transaction of one run, and then nothing is wrong.
        let caught = (0..200).any(|_| {
            let parallel = engine.execute(&case, Observe::Output);
            compare(&case, &sequential, &parallel, &TERMS).verdict == Verdict::Diverged
        });
        assert!(caught, "{seam:?}: validation is off and comparison does not see it");
    }
}

#[test]
fn first_difference_names_the_transaction_and_the_account() {
    let case = case();
    let explanation = explain(&case, &Reference::default(), &faulty(Seam::Block), &TERMS, None, 200);
    assert!(matches!(explanation.reproduction, Reproduction::Reproduced { .. }), "{explanation}");
    let location = explanation.location.clone().expect("a location differs");
    // Nothing is moved onto committed state any more: neither the counter nor the credit of the fees.
    let expected = [counter(&case), case.block.header.beneficiary];
    assert!(expected.iter().any(|address| location.subject.address() == Some(*address)), "{explanation}");
    let Some(Place::Transaction(index)) = location.place else { panic!("no transaction: {explanation}") };
    assert_eq!(explanation.tx_hash, Some(*case.block.transactions[index.0].tx_hash()));
    // The step before wrote what this one did not see.
    assert!(explanation.written_sequentially.is_some(), "{explanation}");
}

#[test]
fn a_stale_counter_is_seen_at_its_slot() {
    let case = case();
    let (reference, engine) = (Reference::default(), faulty(Seam::Block));
    let sequential = reference.execute(&case, Observe::Commits);
    let is_seen = (0..200).any(|_| {
        let comparison = compare(&case, &sequential, &engine.execute(&case, Observe::Commits), &TERMS);
        comparison.differences.iter().any(|difference| {
            difference.subject.address() == Some(counter(&case)) && difference.subject.slot().is_some()
        })
    });
    assert!(is_seen, "no attempt read the counter late");
}

/// The contract that every transaction of the block calls.
fn counter(case: &Case) -> Address {
    alloy_consensus::Transaction::to(case.block.transactions[0].inner()).unwrap()
}

#[test]
fn evidence_of_a_fault_is_explained_by_the_product_which_validates() {
    let scratch = tempfile::tempdir().unwrap();
    let case = case();
    let explanation = explain(&case, &Reference::default(), &faulty(Seam::Block), &TERMS, None, 200);
    let run_info = Run { strategy: "parallel".to_owned(), threads: 4, seed: None };
    let evidence = Evidence::new(&case, run_info, Provenance::default(), explanation.location.clone());
    let path = evidence.write(scratch.path()).unwrap();

    let ended = run(scratch.path(), ["explain", path.to_str().unwrap(), "--attempts", "5"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("not reproduced in 5 attempts"), "{}", ended.stdout);
    let slot = explanation.location.unwrap().subject.to_string();
    assert!(ended.stdout.contains(&slot), "{slot} is not in {}", ended.stdout);
    assert!(ended.stdout.contains("200 transactions"), "{}", ended.stdout);
}

#[test]
fn no_option_of_the_product_switches_validation_off() {
    for arguments in [["replay", "--help"], ["explain", "--help"]] {
        let help = run(std::path::Path::new("."), arguments).stdout.to_lowercase();
        assert!(!help.contains("trust") && !help.contains("--valid") && !help.contains("inject"), "{help}");
    }
}

#[test]
fn what_is_no_evidence_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("bad"), "no evidence").unwrap();
    for (file, told) in [("bad", "bad: expected a whole zstd file"), ("absent", "absent: No such file")] {
        let ended = run(scratch.path(), ["explain", file]);
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
}
