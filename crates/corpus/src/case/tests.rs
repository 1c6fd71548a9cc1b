use std::fs;

use alloy_primitives::{Address, U256};
use revm::DatabaseRef;
use serde_json::Value;

use super::*;
use crate::testing::{block, block_json, sender, transfer, write, write_case};

/// Reads a case and returns the error without the directory's name.
fn refusal(directory: &Path) -> String {
    Case::read(directory).unwrap_err().to_string().replace(&directory.display().to_string(), "!")
}

/// Changes a field of `block.json`.
fn change(directory: &Path, field: &str, value: Value) {
    let text = fs::read_to_string(directory.join("block.json")).unwrap();
    let mut block: Value = serde_json::from_str(&text).unwrap();
    block[field] = value;
    write(directory, "block.json", block.to_string());
}

#[test]
fn a_case_has_its_block_state_and_hashes() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 3);
    write(
        directory.path(),
        "block_hashes.json",
        r#"{"46100":"0x0909090909090909090909090909090909090909090909090909090909090909"}"#,
    );
    let case = Case::read(directory.path()).unwrap();
    assert_eq!(case.block.transactions[0].signer(), sender());
    assert_eq!(case.spec.fork_name(&case.block.header), "Frontier");
    assert_eq!(case.state.accounts[&sender()].info.balance, U256::from(0xff_ffff));
    assert_eq!(case.state.block_hash_ref(46_146).unwrap(), B256::repeat_byte(1));
    assert_eq!(case.state.block_hash_ref(46_100).unwrap(), B256::repeat_byte(9));
    assert!(case.state.block_hash_ref(46_101).is_err());
    assert_eq!(case.state.basic_ref(Address::repeat_byte(0x22)).unwrap(), None);
}

#[test]
fn compressed_files_are_found_and_read() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 0);
    let plain = fs::read(directory.path().join("block.json")).unwrap();
    let compressed = zstd::encode_all(&plain[..], 1).unwrap();
    fs::remove_file(directory.path().join("block.json")).unwrap();
    write(directory.path(), "block.json.zst", &compressed);
    assert!(Case::read(directory.path()).is_ok());
    write(directory.path(), "block.json.zst", &compressed[..compressed.len() - 9]);
    assert!(refusal(directory.path()).starts_with("!/block.json.zst: expected a complete zstd stream"));
}

#[test]
fn chain_json_gives_the_rules() {
    for chain in
        [r#"{"chainId":9,"homesteadBlock":0}"#, r#"{"config":{"chainId":9,"homesteadBlock":0},"alloc":{}}"#]
    {
        let directory = tempfile::tempdir().unwrap();
        write_case(directory.path(), 0);
        write(directory.path(), "chain.json", chain);
        let case = Case::read(directory.path()).unwrap();
        assert_eq!((case.spec.chain_id, case.spec.fork_name(&case.block.header)), (9, "Homestead"));
    }
}

#[test]
fn what_contradicts_the_header_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 0);
    change(directory.path(), "gasUsed", "0x1".into());
    assert!(refusal(directory.path()).starts_with("!/block.json: hash: expected 0x"));
    write_case(directory.path(), 0);
    change(directory.path(), "transactions", Value::Array(vec![]));
    assert!(refusal(directory.path()).starts_with("!/block.json: transactionsRoot: expected 0x"));
    write_case(directory.path(), 0);
    change(directory.path(), "transactions", Value::Array(vec![B256::ZERO.to_string().into()]));
    assert_eq!(
        refusal(directory.path()),
        "!/block.json: transactions: expected whole transactions, found their hashes"
    );
    let mut stated = block_json(&block(1, B256::ZERO, vec![transfer(0, None)]));
    stated["transactions"][0]["from"] = Address::ZERO.to_string().into();
    write(directory.path(), "block.json", stated.to_string());
    assert!(refusal(directory.path()).starts_with("!/block.json: transactions[0].from: expected 0x0000"));
}

#[test]
fn damaged_and_missing_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 0);
    write(directory.path(), "pre_state.json", "{\"0x22\":\n {}}");
    assert!(refusal(directory.path()).starts_with("!/pre_state.json:1:"), "{}", refusal(directory.path()));
    write(directory.path(), "pre_state.json", format!("{{\"{}\":\n{{\"balance\":[]}}}}", sender()));
    let wrong_type = "!/pre_state.json:2:13: invalid type: sequence, expected an integer";
    assert!(refusal(directory.path()).starts_with(wrong_type), "{}", refusal(directory.path()));
    write(directory.path(), "pre_state.json", "{\"0x");
    let truncated = refusal(directory.path());
    assert!(truncated.starts_with("!/pre_state.json:1:4: EOF while parsing"), "{truncated}");
    fs::remove_file(directory.path().join("pre_state.json")).unwrap();
    assert_eq!(
        refusal(directory.path()),
        "!/pre_state.json: no such file, expected the state before the block"
    );
}

#[test]
fn a_sender_that_has_sent_before_must_be_in_the_state() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 3);
    write(directory.path(), "pre_state.json", "{}");
    let expected = format!("!/pre_state.json: expected account {}: transaction 0", sender());
    assert!(refusal(directory.path()).starts_with(&expected), "{}", refusal(directory.path()));
    write_case(directory.path(), 0);
    write(directory.path(), "pre_state.json", "{}");
    assert!(Case::read(directory.path()).is_ok(), "a sender that never sent may not exist");
}

#[test]
fn an_absent_account_is_blamed_for_an_outcome_and_likely_ones_first() {
    let directory = tempfile::tempdir().unwrap();
    write_case(directory.path(), 0);
    let case = Case::read(directory.path()).unwrap();
    let (precompile, other) = (Address::with_last_byte(1), Address::repeat_byte(0x44));
    let absent = [precompile, other, sender()].into();
    let message = case.missing_account(&absent).unwrap().to_string();
    let expected = format!("pre_state.json: expected account {}: block 46147 does not have", sender());
    assert!(message.contains(&expected), "{message}");
    assert!(message.ends_with(&format!("2 more ({other}, {precompile})")), "{message}");
    assert!(case.missing_account(&[].into()).is_none());
}
