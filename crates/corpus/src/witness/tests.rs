use alloy_primitives::hex;
use serde_json::{Value, json};

use super::*;
use crate::testing::{RawBlock, block, block_json, transfer, write};

fn hex_of(value: &impl alloy_rlp::Encodable) -> String {
    hex::encode_prefixed(alloy_rlp::encode(value))
}

/// Four blocks, each the parent of the next; the last one has a transfer that names this chain.
fn chain(chain_id: Option<u64>) -> Vec<RawBlock> {
    let mut blocks: Vec<RawBlock> = Vec::new();
    for number in 3_000_000..3_000_004 {
        let parent = blocks.last().map_or(B256::repeat_byte(9), |block| block.header.hash_slow());
        let transactions = if number == 3_000_003 { vec![transfer(0, chain_id)] } else { vec![] };
        blocks.push(block(number, parent, transactions));
    }
    blocks
}

fn witness_json(blocks: &[RawBlock]) -> Value {
    let (last, before) = blocks.split_last().unwrap();
    let headers: Vec<String> = before.iter().map(|block| hex_of(&block.header)).collect();
    let result = json!({"state": ["0x80"], "codes": ["0x6001"], "keys": [], "headers": headers});
    json!({"block": hex_of(last), "witness": result})
}

/// Reads a file of this JSON; an error comes without the path.
fn read(json: &Value) -> Result<Witness, String> {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "w.json", json.to_string());
    let path = directory.path().join("w.json");
    Witness::read(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "!"))
}

/// Reads a good witness with one thing changed, which must be refused.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut json = witness_json(&chain(Some(1)));
    change(&mut json);
    read(&json).map(|witness| witness.block.hash).unwrap_err()
}

#[test]
fn ancestors_prove_the_root_and_the_hashes() {
    let blocks = chain(Some(1));
    let mut json = witness_json(&blocks);
    json["block_hashes"] = json!({"2999998": B256::repeat_byte(8)});
    let witness = read(&json).unwrap();
    assert_eq!(witness.block.hash, blocks[3].header.hash_slow());
    assert_eq!(witness.spec.chain_id, 1);
    assert_eq!(witness.parent.as_ref(), Some(&blocks[2].header));
    assert_eq!(witness.parent_state_root, blocks[2].header.state_root);
    let hashes = [
        (2_999_998, B256::repeat_byte(8)),
        (2_999_999, B256::repeat_byte(9)),
        (3_000_000, blocks[0].header.hash_slow()),
        (3_000_001, blocks[1].header.hash_slow()),
        (3_000_002, blocks[2].header.hash_slow()),
    ];
    assert_eq!(witness.block_hashes, BTreeMap::from(hashes));
    assert_eq!((witness.state.len(), witness.codes.len()), (1, 1));
    // In which order the headers come does not matter.
    json["witness"]["headers"].as_array_mut().unwrap().reverse();
    assert_eq!(read(&json).unwrap().block_hashes, witness.block_hashes);
}

#[test]
fn chain_is_what_is_stated_or_what_transactions_name() {
    let read = |chain_id, stated: Value| {
        let mut json = witness_json(&chain(chain_id));
        json["chain"] = stated;
        read(&json).map(|witness| witness.spec.chain_id)
    };
    assert_eq!(read(Some(17_000), Value::Null), Ok(17_000));
    assert_eq!(read(None, json!("sepolia")), Ok(11_155_111));
    assert_eq!(read(Some(5), json!({"chainId": 5, "eip155Block": 0, "eip158Block": 0})), Ok(5));
    let names = "expected mainnet, sepolia, holesky or hoodi, or a genesis config, found";
    let nothing = "nothing, and no transaction names a chain";
    assert_eq!(read(None, Value::Null).unwrap_err(), format!("!: chain: {names} {nothing}"));
    assert_eq!(read(Some(7), Value::Null).unwrap_err(), format!("!: chain: {names} chain id 7"));
    assert_eq!(read(Some(1), json!("goerli")).unwrap_err(), format!("!: chain: {names} goerli"));
    let other = read(Some(1), json!("holesky")).unwrap_err();
    assert_eq!(other, "!: block: transaction 0: expected chain id 17000, found 1");
}

#[test]
fn a_gap_between_headers_is_named() {
    let told = refused(|json| drop(json["witness"]["headers"].as_array_mut().unwrap().remove(1)));
    let missing = chain(Some(1))[1].header.hash_slow();
    let expected = format!("no gap between the headers: block 3000001 {missing} is not there");
    assert_eq!(told, format!("!: witness.headers[0]: expected {expected}, found block 3000000"));
    let told = refused(|json| json["witness"]["headers"][0] = json!("0xc0"));
    assert!(told.starts_with("!: witness.headers[0]: expected the RLP of a header, found"), "{told}");
    let told = refused(|json| {
        let rlp = json["witness"]["headers"][2].as_str().unwrap();
        json["witness"]["headers"][2] = json!(format!("{rlp}00"));
    });
    assert_eq!(told, "!: witness.headers[2]: expected the end of the header, found 1 bytes more");
}

#[test]
fn the_root_must_be_known_and_stated_once() {
    let told = refused(|json| json["witness"]["headers"] = json!([]));
    assert!(
        told.starts_with("!: pre_state_root: expected the root of the parent's state here, or"),
        "{told}"
    );
    let told = refused(|json| json["pre_state_root"] = json!(B256::repeat_byte(1)));
    let proved = alloy_consensus::EMPTY_ROOT_HASH;
    assert!(
        told.starts_with(&format!("!: pre_state_root: expected {proved} as in the parent's header")),
        "{told}"
    );
    let mut json = witness_json(&chain(Some(1)));
    json["witness"]["headers"] = json!([]);
    json["pre_state_root"] = json!(B256::repeat_byte(1));
    assert_eq!(read(&json).unwrap().parent_state_root, B256::repeat_byte(1));
}

#[test]
fn what_is_stated_of_the_block_must_be_so() {
    for field in ["hash", "state_root", "receipts_root"] {
        let told = refused(|json| json[field] = json!(B256::repeat_byte(7)));
        assert!(told.starts_with(&format!("!: {field}: expected 0x0707")), "{told}");
    }
    assert_eq!(
        refused(|json| json["number"] = json!(4)),
        "!: number: expected 4, found 3000003 in the block"
    );
    let told = refused(|json| json["block_hashes"] = json!({"3000000": B256::ZERO}));
    assert!(told.starts_with("!: block_hashes: block 3000000: expected 0x"), "{told}");
}

#[test]
fn damaged_blocks_are_told_with_their_place() {
    let told = refused(|json| json["block"] = json!(format!("{}00", json["block"].as_str().unwrap())));
    assert!(told.starts_with("!: block: expected the end of the block after"), "{told}");
    let told = refused(|json| json["block"] = json!(7));
    assert!(told.contains("expected a block: its RLP as `0x…`, or the object"), "{told}");
    let told = refused(|json| {
        let mut block = chain(Some(1)).pop().unwrap();
        block.body.transactions.clear();
        json["block"] = json!(hex_of(&block));
        json["chain"] = json!("mainnet");
    });
    assert!(told.starts_with("!: transactionsRoot: expected 0x"), "{told}");
    let told = refused(|json| {
        let mut block = chain(Some(1)).pop().unwrap();
        block.body.ommers.push(block.header.clone());
        json["block"] = json!(hex_of(&block));
    });
    assert!(told.starts_with("!: sha3Uncles: expected 0x"), "{told}");
}

#[test]
fn a_pair_of_a_nodes_answers_is_a_witness() {
    let directory = tempfile::tempdir().unwrap();
    let blocks = chain(Some(1));
    write(directory.path(), "block.json", block_json(&blocks[3]).to_string());
    write(directory.path(), "witness.json", witness_json(&blocks)["witness"].to_string());
    let from_rpc = Witness::read_directory(directory.path()).unwrap();
    write(directory.path(), "block.rlp", alloy_rlp::encode(&blocks[3]));
    let from_rlp = Witness::read_directory(directory.path()).unwrap();
    assert_eq!(from_rpc.block.hash, blocks[3].header.hash_slow());
    assert_eq!(from_rlp.block.hash, from_rpc.block.hash);
    assert_eq!(from_rlp.parent_state_root, from_rpc.parent_state_root);
}
