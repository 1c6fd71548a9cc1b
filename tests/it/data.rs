//! Recorded blocks and published tests, where they are at hand.

use std::fs;

use serde_json::Value;
use tandem_tests::{data::folder, program::run};

/// Replays a folder of the data and returns the summary; every block must match.
fn all_match(test: &str, name: &str, more: &[&str]) -> Option<Value> {
    let folder = folder(test, name)?;
    let scratch = tempfile::tempdir().unwrap();
    let mut arguments = vec!["replay", folder.to_str().unwrap(), "--report-dir", "out", "-q"];
    arguments.extend(more);
    let ended = run(scratch.path(), &arguments);
    assert_eq!(ended.status, Some(0), "tandem {}: {}", arguments.join(" "), ended.stdout);
    let summary = fs::read(scratch.path().join("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["matched"], summary["blocks"]);
    Some(summary)
}

fn not_run(summary: &Value) -> Vec<&str> {
    summary["not_run"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[test]
fn mainnet_cases_match_with_2_and_8_threads_through_both_seams() {
    for (threads, seam) in [("2", "block"), ("8", "block"), ("2", "transaction"), ("8", "transaction")] {
        let more = ["--threads", threads, "--seam", seam, "--repeat", "3"];
        let Some(summary) = all_match("mainnet cases", "mainnet", &more) else { return };
        assert_eq!(summary["blocks"], 58);
        // The receipts of 44 of them are from Byzantium or later and have a root to compare with.
        let checked = summary["checks"]["receipts_root"]["header_checked"].as_u64().unwrap();
        assert!(checked >= 40, "{checked}");
        assert_eq!(summary["checks"]["gas_used"]["match"], 58);
        assert_eq!(summary["checks"]["logs_bloom"]["match"], 58);
        assert_eq!(summary["checks"]["state_root"]["match"], 58);
    }
}

#[test]
fn a_chain_through_every_fork_matches_every_header() {
    let Some(summary) = all_match("chain", "chain", &["--threads", "2"]) else { return };
    assert_eq!(summary["blocks"], 54);
    assert_eq!(summary["checks"]["state_root"]["header_checked"], 54);
}

#[test]
fn ethereum_tests_match() {
    let Some(summary) = all_match("ethereum/tests", "ethereum-tests", &["--threads", "2"]) else { return };
    assert!(summary["blocks"].as_u64().unwrap() > 1000);
    assert_eq!(not_run(&summary), Vec::<&str>::new());
}

#[test]
fn execution_spec_tests_match() {
    // One folder of each fork; all of them is a run of its own.
    for name in
        ["frontier", "berlin", "shanghai", "cancun/eip6780_selfdestruct", "prague/eip7702_set_code_tx"]
    {
        let name = format!("eest/stable/{name}");
        let Some(summary) = all_match("execution-spec tests", &name, &["--threads", "2"]) else { return };
        assert_eq!(not_run(&summary), Vec::<&str>::new(), "{name}");
    }
}

#[test]
fn amsterdam_blocks_of_another_revision_are_compared_and_listed() {
    let Some(summary) = all_match("transition to Amsterdam", "eest/bpo2_to_amsterdam", &["--threads", "2"])
    else {
        return;
    };
    assert!(!not_run(&summary).is_empty());
    let not_run = summary["not_run"].as_array().unwrap();
    assert!(not_run.iter().all(|item| item["reason"].as_str().unwrap().contains("another revision")));
    assert!(summary["checks"]["bal_hash"]["match"].as_u64().unwrap() > 0);
}

#[test]
fn a_case_without_a_block_hash_that_it_reads_is_unusable() {
    let Some(folder) = folder("case without block hashes", "mainnet/11114732") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let case = scratch.path().join("case");
    fs::create_dir(&case).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if !name.to_string_lossy().starts_with("block_hashes") {
            fs::write(case.join(name), fs::read(from).unwrap()).unwrap();
        }
    }
    let ended = run(scratch.path(), ["replay", "case"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let told =
        "error: case: block 11114732: expected all that execution reads, but hash of block 11114723 is not";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
    assert!(ended.stdout.contains("1 inconclusive"), "{}", ended.stdout);
}
