//! Inputs that cannot be used: one clear line each, status 2, and the other sources are still reported.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tandem_corpus::Workload;
use tandem_tests::{
    program::{Ended, run},
    sources::{Generated, block_rlp, generated, write_json},
};

/// Replays a bad source beside a good one, and checks that it is told in one line.
fn refused(directory: &Path, source: &str, told: &[&str]) -> Ended {
    chain().write_blockchain_test(&directory.join("good.json"));
    let ended = run(directory, ["replay", source, "good.json"]);
    assert_eq!(ended.status, Some(2), "{source}: {ended:?}");
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{source}: {}", ended.stderr);
    for part in told {
        assert!(errors[0].contains(part), "{source}: expected {part:?} in {}", errors[0]);
    }
    assert!(ended.stdout.contains("2 matched, 0 diverged"), "the good source is reported: {}", ended.stdout);
    ended
}

fn chain() -> Generated {
    generated(Workload::HotCounter, 2, 5)
}

/// A blockchain test with one thing changed.
fn changed(directory: &Path, change: impl FnOnce(&mut Value)) {
    let mut test = chain().blockchain_test();
    change(&mut test);
    write_json(&directory.join("bad.json"), &json!({ "bad": test }));
}

#[test]
fn truncated_file() {
    let scratch = tempfile::tempdir().unwrap();
    let text = json!({ "bad": chain().blockchain_test() }).to_string();
    fs::write(scratch.path().join("bad.json"), &text[..text.len() / 2]).unwrap();
    refused(scratch.path(), "bad.json", &["bad.json:1:", "ends"]);
}

#[test]
fn truncated_compressed_file() {
    let scratch = tempfile::tempdir().unwrap();
    let text = json!({ "bad": chain().blockchain_test() }).to_string();
    let packed = zstd::encode_all(text.as_bytes(), 0).unwrap();
    fs::write(scratch.path().join("bad.json.zst"), &packed[..packed.len() / 2]).unwrap();
    refused(scratch.path(), "bad.json.zst", &["bad.json.zst: ", "zstd"]);
}

#[test]
fn wrong_json_type() {
    let scratch = tempfile::tempdir().unwrap();
    changed(scratch.path(), |test| test["blocks"] = json!("none"));
    refused(scratch.path(), "bad.json", &["bad.json:1:", "bad", "expected a sequence"]);
}

#[test]
fn unknown_fork() {
    let scratch = tempfile::tempdir().unwrap();
    changed(scratch.path(), |test| test["network"] = json!("Futurama"));
    refused(scratch.path(), "bad.json", &["bad.json", "Futurama", "expected a fork"]);
}

#[test]
fn empty_directory() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("bad")).unwrap();
    refused(scratch.path(), "bad", &["bad: the directory is empty", "block.json"]);
}

#[test]
fn unreadable_and_absent_files() {
    let scratch = tempfile::tempdir().unwrap();
    refused(scratch.path(), "no-such-file.json", &["no-such-file.json: cannot be read", "No such file"]);
    // A directory where a file should be is unreadable even for root, who may read every file.
    fs::create_dir_all(scratch.path().join("bad/block.json")).unwrap();
    fs::write(scratch.path().join("bad/pre_state.json"), "{}").unwrap();
    refused(scratch.path(), "bad", &["block.json: cannot be read"]);
}

#[test]
fn rlp_with_trailing_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    changed(scratch.path(), |test| {
        let rlp = test["blocks"][1]["rlp"].as_str().unwrap();
        test["blocks"][1]["rlp"] = json!(format!("{rlp}00"));
    });
    let ended = run(scratch.path(), ["replay", "bad.json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("bad.json: bad: block 1: expected the end of the block"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("found 1 more"), "{}", ended.stderr);
}

#[test]
fn block_without_its_parent() {
    let scratch = tempfile::tempdir().unwrap();
    changed(scratch.path(), |test| {
        test["blocks"].as_array_mut().unwrap().remove(0);
    });
    refused(
        scratch.path(),
        "bad.json",
        &["bad.json: bad: block 0", "expected its parent", "which is not there"],
    );
}

#[test]
fn chain_of_rlp_that_is_cut_off() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("bad");
    fs::create_dir(&directory).unwrap();
    let rlp = block_rlp(&chain().cases[0].block);
    fs::write(directory.join("chain.rlp"), &rlp[..rlp.len() - 1]).unwrap();
    refused(scratch.path(), "bad", &["bad/genesis.json: no such file"]);
}

#[test]
fn case_without_an_account_that_execution_needs() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("case");
    let chain = generated(Workload::Erc20Transfers, 1, 5);
    chain.write_case(0, &directory);
    let whole = run(scratch.path(), ["replay", "case"]);
    assert_eq!(whole.status, Some(0), "{whole:?}");

    let token = chain.cases[0].block.transactions[0].inner();
    let token = alloy_consensus::Transaction::to(token).unwrap();
    let path = directory.join("pre_state.json");
    let mut accounts: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    accounts.as_object_mut().unwrap().remove(&token.to_string()).unwrap();
    write_json(&path, &accounts);
    let told = ["case/pre_state.json: expected account", &token.to_string(), "recorded outcome"];
    let ended = refused(scratch.path(), "case", &told);
    assert!(ended.stdout.contains("1 inconclusive"), "{}", ended.stdout);
}

#[test]
fn case_without_a_block_hash_that_execution_needs() {
    // Without the file only the parent's hash is known, which is in the header; nothing older is asked for here.
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("case");
    generated(Workload::HotCounter, 2, 5).write_case(1, &directory);
    fs::remove_file(directory.join("block_hashes.json")).unwrap();
    assert_eq!(run(scratch.path(), ["replay", "case"]).status, Some(0));
    fs::remove_file(directory.join("pre_state.json")).unwrap();
    refused(
        scratch.path(),
        "case",
        &["case/pre_state.json: no such file, expected the state before the block"],
    );
}
