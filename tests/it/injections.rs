//! Faults of every kind are caught, located at their transaction and field, and replayed from their evidence.
//!
//! Where a fault must show follows from the sequential execution alone (`plan`), and whether an execution is wrong from
//! the equality of revm's own types (`raw`). One schedule, of one seed, runs each block, so that all of it happens again.
//!
//! A thousand of them: `cargo test -p tandem-tests --test it -- --ignored thousand_injections --nocapture`.

#![expect(clippy::print_stdout, reason = "what became of a thousand injections is shown")]

use std::{num::NonZero, path::Path, sync::Arc, time::Duration};

use tandem_compare::{
    Difference, Engine, Evidence, Execution, Expectation, Limits, Observe, Parallel, Place, Provenance,
    Reference, Reproduction, Run, Seam, StateRoot, Terms, Verdict, compare,
    evidence::{FaultKindEvidence, Reduction},
    explain,
};
use tandem_corpus::{Case, Fork, GenerateOptions, Workload, generate};
use tandem_executor::{
    Strategy, WorkerPool,
    driven::{Changes, Schedule},
};

mod plan;
mod raw;

use plan::{Expected, FAMILIES, Injection, family, injections};

const TERMS: Terms<'static> = Terms { expectation: Expectation::Agreement, state_root: StateRoot::Unchecked };

const LIMITS: Limits = Limits { trials_max: 200, time_max: Duration::from_secs(60) };

/// Blocks that between them have everything that can be broken.
const BLOCKS: [(Workload, Fork); 10] = [
    (Workload::Mixed, Fork::Osaka),
    (Workload::Create2Selfdestruct, Fork::Shanghai),
    (Workload::Delegation, Fork::Prague),
    (Workload::HotCounter, Fork::Cancun),
    (Workload::Create2Selfdestruct, Fork::Osaka),
    (Workload::SwapsOnePool, Fork::Osaka),
    (Workload::MintRush, Fork::Prague),
    (Workload::FeeRecipient, Fork::Osaka),
    (Workload::Mixed, Fork::Shanghai),
    (Workload::NativeTransfers, Fork::Osaka),
];

const TXS: usize = 24;

/// What became of injections, by family.
#[derive(Debug, Default)]
struct Sums {
    located: [usize; FAMILIES.len()],
    /// Attempts that were passed and had read what they should have, or that there were none of.
    without_effect: usize,
    /// Of these, whose block's output is right where changes are merged: later transactions overwrote what was wrong, or
    /// what was read late is only added to.
    masked: [usize; FAMILIES.len()],
    /// Of the others, located from outputs alone too, as where nobody can observe the steps.
    from_outputs: usize,
    /// Of the others, located from outputs at a later transaction: an attempt that is passed depends on the schedule, and
    /// a beginning of the block has another one.
    later_from_outputs: usize,
    shrunken: usize,
    kept_whole: usize,
    transactions_left: usize,
}

impl Sums {
    fn located(&self) -> usize {
        self.located.iter().sum()
    }
}

/// One block, its right execution, and everything that can be broken in it.
struct Victim {
    name: String,
    case: Case,
    right: Execution,
    injections: Vec<Injection>,
    schedule: Schedule,
}

fn victim(number: u64) -> Victim {
    let (workload, fork) = BLOCKS[number as usize % BLOCKS.len()];
    let options = GenerateOptions { blocks: 1, txs_per_block: TXS, fork, ..GenerateOptions::default() };
    let case = generate(workload, number, options).next().unwrap().unwrap();
    prepared(format!("{workload} {fork} seed {number}"), case, number)
}

fn prepared(name: String, case: Case, number: u64) -> Victim {
    let right = Reference::default().execute(&case, Observe::Commits);
    let injections = injections(&case, &right);
    let schedule = Schedule { workers: 1 + number as usize % 4, seed: number, changes: Changes::Merged };
    let victim = Victim { name, case, right, injections, schedule };
    // Without a fault everything is equal, by both measures: there are no false alarms.
    for observe in [Observe::Commits, Observe::Output] {
        let clean = victim.engine(None).execute(&victim.case, observe);
        assert!(raw::same_output(&victim.right, &clean), "{}", victim.name);
        assert_eq!(
            compare(&victim.case, &victim.right, &clean, &TERMS).verdict,
            Verdict::Match,
            "{}",
            victim.name
        );
        if observe == Observe::Commits {
            assert_eq!(raw::first_call(&victim.right, &clean), None, "{}", victim.name);
        }
    }
    victim
}

impl Victim {
    fn engine(&self, injection: Option<&Injection>) -> Parallel {
        let pool = Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap());
        let parallel = Parallel::new(pool, Strategy::Parallel, Seam::Block);
        let fault = injection.map(|injection| injection.fault);
        Parallel { fault, ..parallel.with_schedule(Some(self.schedule)) }
    }

    /// Injects one fault, and checks all that is promised of it.
    fn check(&self, injection: &Injection, scratch: &Path, sums: &mut Sums) {
        let name = format!("{} {:?}", self.name, injection);
        let wrong = self.engine(Some(injection));
        let observed = wrong.execute(&self.case, Observe::Commits);
        let Some(expected) = self.expected(injection, &observed, &name) else {
            // Nothing differs, so nothing may be reported.
            let comparison = compare(&self.case, &self.right, &observed, &TERMS);
            assert_eq!(comparison.verdict, Verdict::Match, "{name}");
            sums.without_effect += 1;
            return;
        };
        let is_expected = |found: &Difference| {
            let (subject, values) = &expected;
            found.place == Some(Place::Transaction(injection.tx))
                && found.subject == *subject
                && values.as_ref().is_none_or(|(one, two)| (&found.sequential, &found.parallel) == (one, two))
        };

        let explanation = explain(&self.case, &Reference::default(), &wrong, &TERMS, None, 1);
        assert_eq!(explanation.reproduction, Reproduction::Reproduced { attempt: 1 }, "{name}");
        let found = explanation.location.clone().or(explanation.first.clone()).unwrap();
        assert!(is_expected(&found), "{name}: expected {expected:?}: {explanation}");
        assert_eq!(explanation.tx_hash, Some(injection.fault.tx), "{name}");
        sums.located[family(&injection.fault.kind)] += 1;
        self.check_outputs(injection, &wrong, &name, sums);
        self.check_evidence(&wrong, found, &is_expected, injection, scratch, &name, sums);
    }

    /// Returns where the fault must show and, if the plan says them, both values; nothing if nothing is wrong.
    fn expected(
        &self,
        injection: &Injection,
        observed: &Execution,
        name: &str,
    ) -> Option<(tandem_compare::Subject, Option<(tandem_compare::Value, tandem_compare::Value)>)> {
        let call = raw::first_call(&self.right, observed);
        let is_right = call.is_none() && raw::same_output(&self.right, observed);
        match &injection.expected {
            Expected::There(subject, one, two) => {
                assert!(!is_right, "{name}: the fault must have an effect and has none");
                Some((*subject, Some((one.clone(), two.clone()))))
            }
            Expected::WhatWasStale if is_right => None,
            Expected::WhatWasStale => {
                let call = call.unwrap_or_else(|| panic!("{name}: no state-hook call differs"));
                let commits = |execution: &Execution| execution.trace.as_ref().unwrap().commits[call].clone();
                let (one, two) = (commits(&self.right), commits(observed));
                assert_eq!(one.place, Some(Place::Transaction(injection.tx)), "{name}");
                let stale = raw::stale(&one.state, &two.state);
                Some((stale.unwrap_or_else(|| panic!("{name}: nothing stale was read")), None))
            }
        }
    }

    /// Checks what an execution that nobody observes shows: its changes are merged, and only its output can be compared.
    fn check_outputs(&self, injection: &Injection, wrong: &Parallel, name: &str, sums: &mut Sums) {
        let merged = wrong.execute(&self.case, Observe::Output);
        let comparison = compare(&self.case, &self.right, &merged, &TERMS);
        if raw::same_output(&self.right, &merged) {
            assert_eq!(comparison.verdict, Verdict::Match, "{name}");
            sums.masked[family(&injection.fault.kind)] += 1;
            return;
        }
        assert_eq!(comparison.verdict, Verdict::Diverged, "{name}: missed");
        // An engine whose faults nobody can observe.
        let hidden = |case: &Case, observe: Observe| match observe {
            Observe::Commits => Reference::default().execute(case, observe),
            Observe::Output => wrong.execute(case, observe),
        };
        let explanation = explain(&self.case, &Reference::default(), &hidden, &TERMS, None, 1);
        assert_eq!(explanation.seen, Observe::Output, "{name}");
        if explanation.tx_hash == Some(injection.fault.tx) {
            sums.from_outputs += 1;
        } else {
            assert_eq!(injection.fault.kind, FaultKindEvidence::PassStale, "{name}: {explanation}");
            sums.later_from_outputs += 1;
        }
    }

    /// Checks that evidence is shrunken, survives a file, and is explained in the same way where it is read again.
    #[expect(clippy::too_many_arguments, reason = "all of it belongs to one injection")]
    fn check_evidence(
        &self,
        wrong: &Parallel,
        found: Difference,
        is_expected: &dyn Fn(&Difference) -> bool,
        injection: &Injection,
        scratch: &Path,
        name: &str,
        sums: &mut Sums,
    ) {
        let run = Run { strategy: "parallel".to_owned(), threads: 1, seed: None };
        let mut evidence = Evidence::new(&self.case, run, Provenance::default(), Some(found.clone()));
        evidence.schedule = Some(self.schedule.into());
        evidence.fault = Some(injection.fault);
        let evidence = evidence.shrunken(wrong, LIMITS).unwrap();
        let path = evidence.write(scratch).unwrap();
        let read = Evidence::read(&path).unwrap();
        assert_eq!(read, evidence, "{name}");

        let pool = Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap());
        let case = read.case().unwrap();
        let parallel = read.parallel(pool, Seam::Block);
        let again = explain(&case, &Reference::default(), &parallel, &TERMS, read.divergence.as_ref(), 1);
        assert_eq!(again.reproduction, Reproduction::Reproduced { attempt: 1 }, "{name}");
        assert_eq!(again.tx_hash, Some(injection.fault.tx), "{name}: {again}");
        let replayed = again.location.clone().or(again.first.clone()).unwrap();
        match evidence.reduction.unwrap() {
            Reduction::Shrunken { transactions, .. } => {
                let what =
                    |difference: &Difference| (difference.subject.what(), difference.subject.address());
                assert_eq!(what(&replayed), what(&found), "{name}: {again}");
                sums.shrunken += 1;
                sums.transactions_left += transactions.len();
            }
            Reduction::Whole { .. } => {
                assert!(is_expected(&replayed), "{name}: {again}");
                sums.kept_whole += 1;
            }
        }
        // Without the fault, as in the product, the same evidence matches.
        let right = Parallel { fault: None, ..parallel };
        let product = explain(&case, &Reference::default(), &right, &TERMS, None, 1);
        assert_eq!(product.reproduction, Reproduction::NotReproduced { attempts: 1 }, "{name}: {product}");
    }
}

/// Injects so many faults, the same number of every family as far as there are any, over ever new blocks.
fn inject(count: usize) -> Sums {
    let scratch = tempfile::tempdir().unwrap();
    let mut sums = Sums::default();
    let share = count.div_ceil(FAMILIES.len());
    for number in 0.. {
        let victim = victim(number);
        // A few of each family from each block, spread over the block.
        for kind in 0..FAMILIES.len() {
            let of_kind: Vec<_> =
                victim.injections.iter().filter(|one| family(&one.fault.kind) == kind).collect();
            let step = (of_kind.len() / 4).max(1);
            for injection in of_kind.iter().skip(number as usize % step).step_by(step) {
                if sums.located[kind] < share && sums.located() < count {
                    victim.check(injection, scratch.path(), &mut sums);
                }
            }
        }
        if sums.located() >= count {
            return sums;
        }
    }
    unreachable!("blocks do not end")
}

#[test]
fn every_family_of_faults_is_caught_located_and_replayed() {
    let sums = inject(3 * FAMILIES.len());
    assert!(sums.located.iter().all(|count| *count >= 3), "{sums:?}");
    assert!(sums.shrunken > 0 && sums.from_outputs > 0, "{sums:?}");
}

#[test]
#[ignore = "minutes: cargo test -p tandem-tests --test it -- --ignored thousand_injections --nocapture"]
fn thousand_injections_are_caught_located_and_replayed() {
    let sums = inject(1000);
    println!("{FAMILIES:?}\n{sums:?}");
    assert_eq!(sums.located(), 1000);
    assert_eq!(sums.masked.iter().sum::<usize>() + sums.from_outputs + sums.later_from_outputs, 1000);
}

/// One fault in each recorded mainnet block, of each family in turn.
#[test]
#[ignore = "minutes: cargo test -p tandem-tests --test it -- --ignored mainnet_blocks --nocapture"]
fn faults_in_mainnet_blocks_are_caught_located_and_replayed() {
    let Some(folder) = tandem_tests::data::folder("faults_in_mainnet_blocks", "mainnet") else { return };
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let scratch = tempfile::tempdir().unwrap();
    let mut sums = Sums::default();
    for (number, path) in paths.iter().filter(|path| path.is_dir()).enumerate() {
        let victim = prepared(path.display().to_string(), Case::read(path).unwrap(), number as u64);
        let of_kind: Vec<_> = victim
            .injections
            .iter()
            .filter(|one| family(&one.fault.kind) == number % FAMILIES.len())
            .collect();
        if let Some(injection) = of_kind.get(of_kind.len() / 2) {
            victim.check(injection, scratch.path(), &mut sums);
        }
    }
    println!("{FAMILIES:?}\n{sums:?}");
}
