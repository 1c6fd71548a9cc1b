//! A divergence is seen, kept and explained: the one fault that matters is committing without validating.

use std::{num::NonZero, sync::Arc};

use alloy_primitives::{Address, U256};
use tandem_compare::{
    CarriedState, Engine, Evidence, Expectation, Limits, Observe, Parallel, Place, Provenance, Reference,
    Reproduction, Run, Seam, StateRoot, Terms, Verdict, compare,
    evidence::{FaultEvidence, FaultKindEvidence},
    explain,
};
use tandem_corpus::{Case, Workload};
use tandem_executor::{
    Strategy, Trust, WorkerPool,
    driven::{Changes, Schedule},
};
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

    let ended =
        run(scratch.path(), ["explain", path.to_str().unwrap(), "--attempts", "5", "--schedules", "3"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("tried 3 seeded schedules too"), "{}", ended.stdout);
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
    let whole = std::fs::read(evidence_of_a_dropped_write().0.write(scratch.path()).unwrap()).unwrap();
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 0).unwrap();
    let files: [(&str, &[u8], &str); 4] = [
        ("bad", b"no evidence", "bad: expected a whole zstd file"),
        ("cut", &whole[..whole.len() / 2], "cut: expected a whole zstd file"),
        ("later", &zstd(r#"{"schema":3}"#), "later: schema: expected at most 2, found 3"),
        ("other", &zstd(r#"{"schema":2}"#), "other: expected evidence as JSON: missing field"),
    ];
    for (name, bytes, _) in files {
        std::fs::write(scratch.path().join(name), bytes).unwrap();
    }
    let told = files.iter().map(|(name, _, told)| (*name, *told));
    for (file, told) in told.chain([("absent", "absent: No such file")]) {
        let ended = run(scratch.path(), ["explain", file]);
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}

/// The terms on which evidence is compared.
const AGREEMENT: Terms<'static> =
    Terms { expectation: Expectation::Agreement, state_root: StateRoot::Unchecked };

/// Evidence of a fault in one transaction, as a fault-injecting build makes it, what is told of it, and its reduction.
fn evidence_of_a_dropped_write() -> (Evidence, String) {
    let case = generated(Workload::HotCounter, 1, 40).cases.remove(0);
    let tx = *case.block.transactions[29].tx_hash();
    let kind = FaultKindEvidence::DropWrite { address: counter(&case), slot: U256::ZERO };
    let schedule = Schedule { workers: 2, seed: 7, changes: Changes::Merged };
    let run = Run { strategy: "parallel".to_owned(), threads: 1, seed: Some(7) };
    let made = Provenance { version: "0.0.0".into(), commit: "0000000".into(), crates: [].into() };
    let mut evidence = Evidence::new(&case, run, made, None);
    evidence.schedule = Some(schedule.into());
    evidence.fault = Some(FaultEvidence { tx, kind });
    let parallel = evidence.parallel(Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap()), Seam::Block);
    let explanation = explain(&case, &Reference::default(), &parallel, &AGREEMENT, None, 1);
    evidence.divergence.clone_from(&explanation.first);
    let limits = Limits { trials_max: 500, time_max: std::time::Duration::from_secs(60) };
    (evidence.shrunken(&parallel, limits).unwrap(), explanation.to_string())
}

fn golden(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn explanation_is_as_agreed() {
    golden("explanation", &evidence_of_a_dropped_write().1);
}

#[test]
fn product_says_that_it_injects_no_fault_and_matches() {
    let scratch = tempfile::tempdir().unwrap();
    let (evidence, _) = evidence_of_a_dropped_write();
    let path = evidence.write(scratch.path()).unwrap();
    for (name, format) in [("explain", "table"), ("explain-json", "json")] {
        let ended = run(scratch.path(), ["explain", path.to_str().unwrap(), "--format", format]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        golden(name, &ended.stdout);
    }
}

/// A program that injects again what evidence names; built here, because the program that users get has no such feature.
#[test]
#[ignore = "builds the program once more: cargo test -p tandem-tests --test it -- --ignored fault_injecting_program"]
fn fault_injecting_program_reproduces_what_evidence_names() {
    let scratch = tempfile::tempdir().unwrap();
    let again = scratch.path().join("again");
    let explained = |evidence: &Evidence| {
        let path = evidence.write(scratch.path()).unwrap();
        let ended = std::process::Command::new(env!("CARGO"))
            .args(["run", "--package", "tandem", "--features", "fault-injection", "--", "explain"])
            .arg(path)
            .args(["--attempts", "2", "--shrink-to"])
            .arg(&again)
            .current_dir(tandem_tests::program::root())
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(told.contains("injected here too") && told.contains("reproduced at once"), "{told}");
        (told, Evidence::read(&again.join(evidence.file_name())).unwrap())
    };
    let (evidence, _) = evidence_of_a_dropped_write();
    let (told, smaller) = explained(&evidence);
    let slot = evidence.divergence.as_ref().unwrap().subject.to_string();
    assert!(told.contains(&slot), "{slot} is not in {told}");
    assert_eq!(
        (smaller.block, smaller.state),
        (evidence.block, evidence.state),
        "it was as small as it gets"
    );

    // Threads that cannot show it, because there is but one: an order of virtual workers does.
    let case = case();
    let run = Run { strategy: "parallel".to_owned(), threads: 1, seed: None };
    let mut stale = Evidence::new(&case, run, Provenance::default(), None);
    let tx = *case.block.transactions[20].tx_hash();
    stale.fault = Some(FaultEvidence { tx, kind: FaultKindEvidence::PassStale });
    let (told, smaller) = explained(&stale);
    assert!(told.contains("by the schedule of seed"), "{told}");
    assert!(smaller.schedule.is_some() && smaller.is_shrunken(), "{:?}", smaller.reduction);
}
