//! `tandem import`: resuming, damage, what is refused, interrupts and metrics, on generated chains.

mod chain;
mod crashes;
mod running;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
};

use alloy_primitives::{B256, hex, keccak256};
use serde_json::Value;
use tandem_corpus::GenesisFile;
use tandem_state::BlockId;
use tandem_tests::program::{Ended, run};

use chain::{checked_head, contents, generated, hashes, import, store};
use running::{spawn, wait_for};

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

/// One line on standard error, status 2.
fn assert_refused(ended: &Ended, expected: &[&str]) {
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert_eq!(
        ended.stderr.lines().filter(|line| line.starts_with("error: ")).count(),
        1,
        "{}",
        ended.stderr
    );
    for part in expected {
        assert!(ended.stderr.contains(part), "expected {part:?} in {}", ended.stderr);
    }
}

#[test]
fn second_run_goes_on_where_the_first_stopped() {
    let scratch = generated("mixed:6:20");
    let directory = scratch.path();
    let whole = fs::read(directory.join("chain/chain.rlp")).unwrap();
    let hashes = hashes(directory);

    // The file ends within a block: everything before it is imported.
    fs::write(directory.join("chain/chain.rlp"), &whole[..whole.len() / 2]).unwrap();
    let first = import(directory, &["--report-dir", "report"]);
    assert_refused(&first, &["chain/chain.rlp: offset", "the file ends after"]);
    let head = checked_head(directory);
    assert!(head.number > 0 && head.number < 6, "{head:?}");
    assert_eq!(head.hash, hashes[head.number as usize - 1]);

    fs::write(directory.join("chain/chain.rlp"), &whole).unwrap();
    let second = import(directory, &["--report-dir", "report", "--strategy", "sequential"]);
    assert_eq!(second.status, Some(0), "{second:?}");
    assert!(second.stdout.contains(&format!("({} blocks were on disk before)", head.number)), "{second:?}");
    assert_eq!(checked_head(directory), BlockId { number: 6, hash: hashes[5] });

    // The report has each block once, the first run's too.
    let records = fs::read_to_string(directory.join("report/blocks.jsonl")).unwrap();
    let records = records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let numbers: Vec<_> = records
        .inspect(|record| assert_eq!(record["checks"]["state_root"], "match"))
        .filter(|record| record["repeated"] != true)
        .map(|record| record["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);

    let third = import(directory, &[]);
    assert_eq!(third.status, Some(0), "{third:?}");
    assert!(third.stdout.contains("imported    0 blocks"), "{}", third.stdout);
}

#[test]
fn an_invalid_block_ends_the_import_and_is_named() {
    let scratch = generated("erc20-transfers:3:10");
    let directory = scratch.path();
    let chain = directory.join("chain/chain.rlp");
    let hashes = hashes(directory);
    let whole = fs::read(&chain).unwrap();
    // The state root of block 2: its header's fourth field.
    let header = hex::encode(hashes[0]);
    let parent = hex::decode(header).unwrap();
    let at = whole.windows(32).position(|window| window == parent).unwrap();
    let state_root = at + 32 + 33 + 21 + 1;
    flip(&chain, state_root);
    for strategy in ["parallel", "sequential"] {
        let ended = import(directory, &["--strategy", strategy]);
        assert_refused(&ended, &["chain/chain.rlp: offset", "block 2 (0x", "state root is"]);
        assert_eq!(checked_head(directory), BlockId { number: 1, hash: hashes[0] });
    }
}

#[test]
fn what_does_not_fit_is_one_error_and_changes_nothing() {
    let scratch = generated("native-transfers:2:5");
    let directory = scratch.path();
    assert_eq!(import(directory, &[]).status, Some(0));
    let before = contents(&directory.join("data"));

    // Another chain's genesis.
    let other = run(directory, ["generate", "native-transfers:2:5", "--out", "other", "--seed", "4"]);
    assert_eq!(other.status, Some(0));
    let arguments = ["import", "--datadir", "data", "--genesis", "other/genesis.json", "other/chain.rlp"];
    assert_refused(&run(directory, arguments), &["data", "genesis is 0x", "expected 0x"]);
    // Another chain's blocks.
    let arguments = ["import", "--datadir", "data", "--genesis", "chain/genesis.json", "other/chain.rlp"];
    assert_refused(&run(directory, arguments), &["other/chain.rlp: offset 0", "parent", "not known"]);
    // No genesis, no chain.
    let arguments = ["import", "--datadir", "data", "--genesis", "nowhere.json", "chain/chain.rlp"];
    assert_refused(&run(directory, arguments), &["nowhere.json: cannot be read"]);
    let arguments = ["import", "--datadir", "data", "--genesis", "chain/genesis.json", "nowhere.rlp"];
    assert_refused(&run(directory, arguments), &["nowhere.rlp: cannot be read"]);
    // Somebody else has it open.
    let open = store(directory);
    assert_refused(&import(directory, &[]), &["data", "in use by another process"]);
    drop(open);
    assert_eq!(checked_head(directory).number, 2);

    let names =
        |contents: &[(PathBuf, Vec<u8>)]| contents.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let after = contents(&directory.join("data"));
    let is_data = |path: &Path| path.file_name().is_some_and(|name| name != "lock");
    for ((path, old), (_, new)) in before.iter().zip(&after).filter(|((path, _), _)| is_data(path)) {
        assert!(old == new || names(&before) != names(&after), "{} has changed", path.display());
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let scratch = generated("native-transfers:1:5");
    let directory = scratch.path();
    assert_eq!(import(directory, &[]).status, Some(0));
    let identity = directory.join("data/store");
    let text = fs::read_to_string(&identity).unwrap();
    let (content, _) = text.split_at(text.find("checksum ").unwrap());
    let newer = content.replacen("schema 3", "schema 4", 1);
    assert_ne!(content, newer, "the identity is {text:?}");
    let newer = format!("{newer}checksum {}\n", hex::encode(&keccak256(&newer)[..8]));
    fs::write(&identity, &newer).unwrap();
    assert_refused(&import(directory, &[]), &["data", "schema 4, expected 3"]);
    assert_eq!(fs::read_to_string(&identity).unwrap(), newer);
    fs::write(&identity, text).unwrap();
    assert_eq!(checked_head(directory).number, 1);
}

#[test]
fn a_genesis_that_contradicts_itself_is_refused() {
    let scratch = generated("native-transfers:1:5");
    let directory = scratch.path();
    let path = directory.join("chain/genesis.json");
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let write = |genesis: &Value| fs::write(&path, genesis.to_string()).unwrap();

    let mut other_root = good.clone();
    other_root["stateRoot"] = B256::repeat_byte(7).to_string().into();
    write(&other_root);
    assert_refused(&import(directory, &[]), &["chain/genesis.json", "genesis state root: expected 0x0707"]);

    let mut without_rules = good.clone();
    without_rules.as_object_mut().unwrap().remove("config");
    write(&without_rules);
    assert_refused(
        &import(directory, &[]),
        &["chain/genesis.json", "without a `config` it must be mainnet", "expected 0xd4e56740"],
    );
    assert!(!directory.join("data").exists(), "a store was made");

    let root = {
        write(&good);
        let GenesisFile { state, .. } = GenesisFile::read(&path).unwrap();
        tandem_chain::state_root(&state)
    };
    let mut stated = good;
    stated["stateRoot"] = root.to_string().into();
    write(&stated);
    assert_eq!(import(directory, &[]).status, Some(0));
}

#[test]
fn flipped_bytes_in_the_database_are_found() {
    let scratch = generated("erc20-transfers:4:30");
    let directory = scratch.path();
    assert_eq!(import(directory, &[]).status, Some(0));
    let (largest, bytes) = contents(&directory.join("data/db"))
        .into_iter()
        .max_by_key(|(_, bytes)| bytes.iter().filter(|byte| **byte != 0).count())
        .unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for at in [written / 3, written / 2, written - 200] {
        flip(&largest, at);
        let ended = import(directory, &[]);
        // Either it is seen when the store opens, or nothing that was read was hit and a whole check sees it.
        if ended.status == Some(0) {
            let whole = store(directory).check();
            assert!(whole.is_err(), "byte {at} of {} was flipped and not found", largest.display());
        } else {
            assert_refused(&ended, &["damaged"]);
        }
        flip(&largest, at);
    }
}

#[test]
fn interrupt_ends_at_a_block_and_leaves_a_partial_report() {
    let scratch = generated("mixed:60:100");
    let directory = scratch.path();
    let mut import = spawn(directory, &["--report-dir", "report"]);
    assert!(wait_for(&mut import, |_| true).is_some(), "nothing was committed");
    let sent = Command::new("kill").args(["-INT", &import.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let status = import.wait().unwrap();
    let head = checked_head(directory);
    if head.number < 60 {
        assert_eq!(status.code(), Some(130));
        let summary = fs::read(directory.join("report/summary.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&summary).unwrap()["partial"], true);
    }
    assert_eq!(head.hash, hashes(directory)[head.number as usize - 1]);
}

#[test]
fn metrics_are_served_while_it_imports() {
    let scratch = generated("mixed:60:100");
    let directory = scratch.path();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut import = spawn(directory, &["--metrics", &address]);
    assert!(wait_for(&mut import, |_| true).is_some(), "nothing was committed");
    let mut client = TcpStream::connect(&address).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    for name in [
        "tandem_blocks_total{verdict=\"match\"}",
        "tandem_reexecutions_total",
        "tandem_execution_seconds_bucket{path=\"parallel\"",
        "tandem_head_block",
    ] {
        assert!(answer.contains(name), "no {name} in {answer}");
    }
    import.kill().unwrap();
    import.wait().unwrap();
}
