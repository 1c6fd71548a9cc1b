//! Witnesses of real blocks: whole, and with something taken away.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tandem_corpus::Workload;
use tandem_tests::{
    data::folder,
    program::{Ended, run},
    sources::{chain_config, generated, write_json},
};

/// Reads a recorded witness.
fn recorded(test: &str, name: &str) -> Option<Value> {
    let file = folder(test, "witness")?.join(format!("{name}.json.zst"));
    let text = zstd::decode_all(&fs::read(file).unwrap()[..]).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

/// Replays a changed witness beside a good source; returns the error.
fn refused(directory: &Path, witness: &Value) -> (Ended, String) {
    write_json(&directory.join("bad.json"), witness);
    generated(Workload::HotCounter, 2, 5).write_blockchain_test(&directory.join("good.json"));
    let ended = run(directory, ["replay", "bad.json", "good.json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let errors: Vec<_> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{}", ended.stderr);
    let error = errors[0].to_owned();
    assert!(ended.stdout.contains("2 matched, 0 diverged"), "the good source is reported: {}", ended.stdout);
    (ended, error)
}

#[test]
fn real_blocks_match_down_to_the_state_root_with_2_and_8_threads_through_both_seams() {
    let Some(folder) = folder("witnesses", "witness") else { return };
    for (threads, seam) in [("2", "block"), ("8", "block"), ("2", "transaction"), ("8", "transaction")] {
        let scratch = tempfile::tempdir().unwrap();
        let path = folder.to_str().unwrap();
        let arguments = ["replay", path, "--threads", threads, "--seam", seam, "--report-dir", "out", "-q"];
        let ended = run(scratch.path(), arguments);
        assert_eq!(ended.status, Some(0), "{threads} threads, seam {seam}: {ended:?}");
        let summary = fs::read(scratch.path().join("out/summary.json")).unwrap();
        let summary: Value = serde_json::from_slice(&summary).unwrap();
        assert_eq!(summary["blocks"], 44);
        assert_eq!(summary["matched"], 44);
        assert_eq!(summary["checks"]["state_root"]["header_checked"], 44);
        assert_eq!(summary["checks"]["requests_hash"]["match"], 3);
    }
}

#[test]
fn a_block_with_another_outcome_diverges_and_its_evidence_replays() {
    let Some(mut witness) = recorded("another outcome", "mainnet/46147") else { return };
    let scratch = tempfile::tempdir().unwrap();
    // The block's last field is its nonce; its state root stands somewhere before.
    let root = witness["state_root"].as_str().unwrap()[2..].to_owned();
    let block = witness["block"].as_str().unwrap().replace(&root, &"7".repeat(64));
    witness["block"] = json!(block);
    for field in ["hash", "state_root"] {
        witness.as_object_mut().unwrap().remove(field);
    }
    write_json(&scratch.path().join("bad.json"), &witness);
    let ended = run(scratch.path(), ["replay", "bad.json", "--report-dir", "out", "-q"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let record = fs::read_to_string(scratch.path().join("out/blocks.jsonl")).unwrap();
    let record: Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    assert_eq!(record["divergence"]["what"], "state_root");
    assert_eq!(record["state_root"]["parallel"], format!("0x{root}"));
    assert_eq!(record["state_root"]["header_checked"], true);
    let evidence = format!("out/{}", record["divergence"]["evidence"].as_str().unwrap());
    let ended = run(scratch.path(), ["explain", &evidence]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("reproduced at once"), "{}", ended.stdout);
}

/// Whichever node is taken out, the block matches without it or the error names it: no other outcome.
#[test]
fn a_missing_node_is_named() {
    let Some(witness) = recorded("missing node", "mainnet/668910") else { return };
    let nodes = witness["witness"]["state"].as_array().unwrap().clone();
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("in");
    fs::create_dir(&directory).unwrap();
    let mut hashes = Vec::new();
    for index in 0..nodes.len() {
        let mut changed = witness.clone();
        let node = changed["witness"]["state"].as_array_mut().unwrap().remove(index);
        let node: alloy_primitives::Bytes = node.as_str().unwrap().parse().unwrap();
        hashes.push(alloy_primitives::keccak256(&node).to_string());
        write_json(&directory.join(format!("{index:03}.json")), &changed);
    }
    let ended = run(scratch.path(), ["replay", "in", "--format", "jsonl", "--report-dir", "out"]);
    assert_eq!(ended.status, Some(2), "{}", ended.stderr);
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    for error in &errors {
        let index: usize = error["error: in/".len()..][..3].parse().unwrap();
        assert!(error.contains(&hashes[index]) && error.contains("is missing"), "{error}");
    }
    assert!(errors.len() > nodes.len() / 2, "{} of {}", errors.len(), nodes.len());
    let summary = fs::read(scratch.path().join("out/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["diverged"], 0);
}

#[test]
fn a_wrong_root_before_the_block_is_told() {
    let Some(mut witness) = recorded("wrong root", "holesky/2965788") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let wrong = format!("0x{}", "5".repeat(64));
    witness["pre_state_root"] = json!(wrong);
    let (_, error) = refused(scratch.path(), &witness);
    let told =
        format!("error: bad.json: block 2965788: the witness does not begin with state root {wrong}: node");
    assert!(error.starts_with(&told), "{error}");
}

#[test]
fn a_missing_code_and_a_missing_block_hash_are_named() {
    let Some(witness) = recorded("missing code", "mainnet/49439") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let mut changed = witness;
    let code = changed["witness"]["codes"].as_array_mut().unwrap().pop().unwrap();
    let code: alloy_primitives::Bytes = code.as_str().unwrap().parse().unwrap();
    let (ended, error) = refused(scratch.path(), &changed);
    let hash = alloy_primitives::keccak256(&code);
    assert!(error.contains(&format!("code {hash} is not in the witness")), "{error}");
    assert!(ended.stdout.contains("1 inconclusive"), "{}", ended.stdout);
}

#[test]
fn a_block_with_trailing_bytes_and_a_cut_file_are_told() {
    let Some(witness) = recorded("trailing bytes", "mainnet/46147") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let mut changed = witness.clone();
    changed["block"] = json!(format!("{}00", witness["block"].as_str().unwrap()));
    let (_, error) = refused(scratch.path(), &changed);
    assert!(error.starts_with("error: bad.json: block: expected the end of the block after"), "{error}");

    let text = witness.to_string();
    fs::write(scratch.path().join("cut.json"), &text[..text.len() - 100]).unwrap();
    let ended = run(scratch.path(), ["replay", "cut.json", "good.json"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: cut.json:1:"), "{}", ended.stderr);
    assert!(ended.stdout.contains("2 matched, 0 diverged"), "{}", ended.stdout);
}

/// Writes each block of published tests that has a witness, and returns how many there are.
fn write_published(folder: &Path, into: &Path) -> usize {
    let mut chain = chain_config(1);
    chain["amsterdamTime"] = json!(0);
    let (mut pending, mut count) = (vec![folder.to_owned()], 0);
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = zstd::decode_all(&fs::read(&path).unwrap()[..]).unwrap();
        let tests: Value = serde_json::from_slice(&text).unwrap();
        for block in tests.as_object().unwrap().values().flat_map(|test| test["blocks"].as_array().unwrap()) {
            if block["executionWitness"].is_object() && block["expectException"].is_null() {
                let witness = json!({
                    "chain": chain, "block": block["rlp"], "executionWitness": block["executionWitness"],
                });
                write_json(&into.join(format!("{count}.json")), &witness);
                count += 1;
            }
        }
    }
    count
}

/// They are of another revision of Amsterdam, so that headers say something else and witnesses lack what only revm's
/// revision reads; but both executions must agree, and what is lacking must be told.
#[test]
fn witnesses_of_published_tests_are_read_and_both_executions_agree() {
    let Some(folder) = folder("published witnesses", "eest/witness") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("in");
    fs::create_dir(&directory).unwrap();
    let count = write_published(&folder, &directory);
    let ended = run(scratch.path(), ["replay", "in", "--format", "json", "--threads", "2", "-q"]);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    let blocks = told["blocks"].as_array().unwrap();
    let is_lacking = |block: &&Value| block["verdict"] == "inconclusive";
    let executed: Vec<&Value> = blocks.iter().filter(|block| !is_lacking(block)).collect();
    assert!(executed.len() > count * 9 / 10, "{} of {count}", executed.len());
    for block in executed {
        assert_eq!(block["checks"]["bundle"], "match", "{block}");
        for root in ["state_root", "receipts_root"] {
            assert!(block[root]["parallel"].is_string(), "{block}");
            assert_eq!(block[root]["parallel"], block[root]["sequential"], "{block}");
        }
        let first = block["divergence"]["sequential"].as_str().unwrap_or("(header: as expected)");
        assert!(first.contains("(header: "), "the executions differ: {block}");
    }
    // What is not executed is an input error with its file.
    let errors = told["summary"]["input_errors"].as_array().unwrap().len();
    let lacking = blocks.iter().filter(is_lacking).count();
    assert_eq!(errors, lacking + count - blocks.len(), "{}", ended.stderr);
}
