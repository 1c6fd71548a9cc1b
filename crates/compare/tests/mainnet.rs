//! The sequential reference against recorded mainnet blocks and their headers.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::fs;

use tandem_compare::{Check, Engine, Evidence, Observe, Provenance, Run, Verdict, compare};
use tandem_corpus::Case;

mod support;

use support::REFERENCE;

/// Executes every recorded block twice and compares both runs with the header: gas, blob gas, bloom, and from
/// Byzantium on the receipts root.
#[test]
fn reference_matches_every_recorded_header() {
    let Some(directory) = support::data("mainnet") else { return };
    let mut directories: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    directories.sort();
    assert!(!directories.is_empty());
    let (mut wrong, mut receipts_roots, mut blob_gas, mut transactions) = (Vec::new(), 0, 0, 0);
    for directory in &directories {
        let case = Case::read(directory).unwrap();
        let one = REFERENCE.execute(&case, Observe::Commits);
        let two = REFERENCE.execute(&case, Observe::Commits);
        let comparison = compare(&case, &one, &two, &support::VALID);
        transactions += case.block.transactions.len();
        receipts_roots += usize::from(comparison.receipts_roots.header_checked);
        blob_gas += usize::from(comparison.checks.blob_gas_used == Check::Match);
        let checks = comparison.checks;
        let all = [checks.gas_used, checks.logs_bloom, checks.bundle, checks.commits, checks.state_root];
        if comparison.verdict != Verdict::Match || all.iter().any(|check| *check != Check::Match) {
            wrong.push((case.block.header.number, comparison.first_difference().map(ToString::to_string)));
        }
    }
    println!(
        "{} blocks, {transactions} transactions, {receipts_roots} receipts roots, {blob_gas} blob gas",
        directories.len()
    );
    assert!(receipts_roots > 0 && blob_gas > 0);
    assert_eq!(wrong, []);
}

/// A case that goes through an evidence file executes as before.
#[test]
fn evidence_of_a_recorded_block_replays() {
    let Some(directory) = support::data("mainnet") else { return };
    let target = tempfile::tempdir().unwrap();
    for number in ["46147", "11114732", "19932703"] {
        let directory = directory.join(number);
        if !directory.is_dir() {
            eprintln!("not run: block {number} is not in the data directory");
            continue;
        }
        let case = Case::read(&directory).unwrap();
        let evidence = Evidence::new(&case, Run::default(), Provenance::default(), None);
        let path = evidence.write(target.path()).unwrap();
        let read = Evidence::read(&path).unwrap();
        assert_eq!(read, evidence);
        let one = REFERENCE.execute(&case, Observe::Commits);
        let two = REFERENCE.execute(&read.case().unwrap(), Observe::Commits);
        let comparison = compare(&case, &one, &two, &support::VALID);
        assert_eq!(comparison.verdict, Verdict::Match, "{:?}", comparison.first_difference());
    }
}
