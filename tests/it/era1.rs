//! Mainnet's first blocks from an era1 file, whole and damaged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tandem_tests::{
    data::folder,
    program::{Ended, run},
};

/// Puts mainnet's genesis and first era into a directory.
fn mainnet(test: &str, directory: &Path) -> Option<PathBuf> {
    let (genesis, era1) = (folder(test, "genesis")?, folder(test, "era1")?);
    fs::copy(genesis.join("mainnet.json.zst"), directory.join("genesis.json.zst")).unwrap();
    let file = directory.join("00000.era1");
    fs::copy(era1.join("mainnet-00000-5ec1ffb8.era1"), &file).unwrap();
    Some(file)
}

fn replay(directory: &Path, limit: &str) -> (Ended, Value) {
    let ended = run(directory, ["replay", ".", "--limit", limit, "--report-dir", "out", "-q"]);
    let summary = fs::read(directory.join("out/summary.json")).unwrap();
    (ended, serde_json::from_slice(&summary).unwrap())
}

#[test]
fn mainnet_from_genesis_matches_every_header() {
    let scratch = tempfile::tempdir().unwrap();
    let Some(_) = mainnet("era1", scratch.path()) else { return };
    let (ended, summary) = replay(scratch.path(), "20");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(summary["matched"], 20);
    assert_eq!(summary["checks"]["state_root"]["header_checked"], 20);
}

#[test]
fn another_genesis_is_told_by_block_0() {
    let scratch = tempfile::tempdir().unwrap();
    let Some(_) = mainnet("era1 with another genesis", scratch.path()) else { return };
    let genesis = scratch.path().join("genesis.json");
    let text = zstd::decode_all(&fs::read(scratch.path().join("genesis.json.zst")).unwrap()[..]).unwrap();
    let mut json: Value = serde_json::from_slice(&text).unwrap();
    json["extraData"] = "0x00".into();
    fs::write(genesis, json.to_string()).unwrap();
    let (ended, _) = replay(scratch.path(), "5");
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let told =
        "error: .: genesis hash: expected 0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
}

#[test]
fn a_flipped_byte_is_told_and_the_blocks_before_it_are_reported() {
    let scratch = tempfile::tempdir().unwrap();
    let Some(file) = mainnet("damaged era1", scratch.path()) else { return };
    let mut bytes = fs::read(&file).unwrap();
    bytes[3000] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (ended, summary) = replay(scratch.path(), "20");
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: ./00000.era1: offset 2"), "{}", ended.stderr);
    let matched = summary["matched"].as_u64().unwrap();
    assert!((1..20).contains(&matched), "{matched}");
}
