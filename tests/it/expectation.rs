//! What a source expects is checked: a block that both executions agree on can still be a divergence.

use std::path::Path;

use serde_json::{Value, json};
use tandem_corpus::Workload;
use tandem_tests::{
    program::run,
    sources::{generated, write_json},
};

/// Replays a blockchain test of two blocks with one thing changed; returns status and records.
fn replay(change: impl FnOnce(&mut Value)) -> (Option<i32>, Vec<Value>) {
    let scratch = tempfile::tempdir().unwrap();
    let mut test = generated(Workload::NativeTransfers, 2, 5).blockchain_test();
    change(&mut test);
    write_json(&scratch.path().join("test.json"), &json!({ "test": test }));
    records(scratch.path())
}

fn records(directory: &Path) -> (Option<i32>, Vec<Value>) {
    let ended = run(directory, ["replay", "test.json", "--format", "jsonl"]);
    let records = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (ended.status, records)
}

fn verdicts(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["verdict"].as_str().unwrap()).collect()
}

#[test]
fn unchanged_test_matches() {
    let (status, records) = replay(|_| {});
    assert_eq!((status, verdicts(&records)), (Some(0), vec!["match", "match"]));
}

#[test]
fn invalid_block_that_is_accepted_diverges() {
    let (status, records) =
        replay(|test| test["blocks"][1]["expectException"] = json!("BlockException.INVALID_GAS_USED"));
    assert_eq!((status, verdicts(&records)), (Some(1), vec!["match", "diverged"]));
    let divergence = &records[1]["divergence"];
    assert_eq!(divergence["what"], "expectation");
    assert!(divergence["sequential"].as_str().unwrap().contains("BlockException.INVALID_GAS_USED"));
    assert!(divergence["evidence"].is_string());
}

#[test]
fn invalid_block_that_is_rejected_matches() {
    let (status, records) = replay(|test| {
        // The second block's bytes are cut short, which no rule allows.
        let rlp = test["blocks"][1]["rlp"].as_str().unwrap();
        test["blocks"][1] = json!({ "rlp": rlp[..rlp.len() - 2], "expectException": "RLP" });
        test["lastblockhash"] = Value::Null;
    });
    assert_eq!((status, verdicts(&records)), (Some(0), vec!["match", "match"]));
}

#[test]
fn other_last_block_diverges() {
    let (status, records) = replay(|test| test["lastblockhash"] = json!(format!("0x{}", "11".repeat(32))));
    assert_eq!((status, verdicts(&records)), (Some(1), vec!["match", "diverged"]));
    assert!(records[1]["divergence"]["parallel"].as_str().unwrap().contains("head"));
}

#[test]
fn other_state_diverges_from_the_header() {
    let (status, records) = replay(|test| {
        // Genesis still has its state root, so that the changed state is refused before any block.
        test["pre"]["0x00000000000000000000000000000000000000ff"] = json!({ "balance": "0x1" });
    });
    assert_eq!((status, verdicts(&records)), (Some(2), vec![]));
}

#[test]
fn halt_ends_at_the_first_divergence() {
    let scratch = tempfile::tempdir().unwrap();
    let mut test = generated(Workload::NativeTransfers, 3, 5).blockchain_test();
    test["blocks"][0]["expectException"] = json!("any");
    write_json(&scratch.path().join("test.json"), &json!({ "test": test }));
    let arguments = ["replay", "test.json", "--on-divergence", "halt", "--format", "json"];
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["blocks"].as_array().unwrap().len(), 1);
    assert_eq!(document["summary"]["partial"], true);
}

#[test]
fn children_of_a_block_that_was_not_accepted_are_inconclusive() {
    let scratch = tempfile::tempdir().unwrap();
    let mut test = generated(Workload::NativeTransfers, 3, 5).blockchain_test();
    test["blocks"][0]["rlp"] = json!("0xc0");
    write_json(&scratch.path().join("test.json"), &json!({ "test": test }));
    let (status, records) = records(scratch.path());
    assert_eq!(status, Some(2));
    assert_eq!(verdicts(&records)[..1], ["inconclusive"]);
}
