use alloy_primitives::B256;
use serde_json::json;

use super::*;
use crate::testing::{block, test_json, write, write_case};

/// Opens a path and shows each item, without the directory's name.
fn show(directory: &Path, path: &str) -> Vec<String> {
    let hide = |text: String| text.replace(&directory.display().to_string(), "!");
    let path = if path.is_empty() { directory.to_owned() } else { directory.join(path) };
    let items = open(path).unwrap().map(|item| match item {
        Ok(Item::Case(case)) => format!("case {}", case.source),
        Ok(Item::Chain(chain)) => {
            let (good, bad): (Vec<_>, Vec<_>) = chain.blocks.partition(Result::is_ok);
            let errors: Vec<String> = bad.into_iter().map(|block| block.unwrap_err().to_string()).collect();
            format!("chain {} of {}{}", chain.source, good.len(), errors.join(";"))
        }
        Ok(Item::Witness(witness)) => format!("witness {}", witness.source),
        Ok(Item::NotRun(NotRun { source, reason })) => format!("not run {source}: {reason}"),
        Err(error) => format!("error {error}"),
    });
    items.map(hide).collect()
}

fn chain_rlp() -> Vec<u8> {
    let first = block(1, B256::ZERO, vec![]);
    let second = block(2, first.header.hash_slow(), vec![]);
    [alloy_rlp::encode(&first), alloy_rlp::encode(&second)].concat()
}

fn hex_of(block: &crate::testing::RawBlock) -> String {
    alloy_primitives::hex::encode_prefixed(alloy_rlp::encode(block))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn sources_are_told_apart_by_looking() {
    let root = temporary();
    let directory = root.path();
    write_case(&directory.join("b/case"), 0);
    write(directory, "c/genesis.json", r#"{"config":{"chainId":1},"alloc":{}}"#);
    write(directory, "c/2.rlp", chain_rlp());
    write(directory, "c/1.rlp.zst", zstd::encode_all(&chain_rlp()[..], 1).unwrap());
    write(directory, "a/t.json", json!({"x": test_json("Berlin"), "y": test_json("London")}).to_string());
    let (block, result) = (hex_of(&block(1, B256::ZERO, vec![])), json!({"state": [], "codes": []}));
    let witness =
        json!({"chain": "mainnet", "block": block, "witness": result, "pre_state_root": B256::ZERO});
    write(directory, "d/w.json.gz", gzip(witness.to_string().as_bytes()));
    write(directory, "e/block.rlp", alloy_rlp::encode(crate::testing::block(1, B256::ZERO, vec![])));
    write(directory, "e/witness.json", result.to_string());
    let told = show(directory, "");
    assert_eq!(
        told[..5],
        [
            "chain !/a/t.json: x of 2",
            "chain !/a/t.json: y of 2",
            "case !/b/case",
            "chain !/c of 4",
            "witness !/d/w.json.gz"
        ]
    );
    // Nothing tells the chain of this one.
    assert!(told[5].starts_with("error !/e: chain: expected mainnet, sepolia, "), "{}", told[5]);
    assert_eq!(told.len(), 6);
    assert_eq!(show(directory, "b/case/block.json"), ["case !/b/case"]);
    assert_eq!(show(directory, "c/2.rlp"), ["chain !/c of 2"]);
    assert_eq!(show(directory, "c/genesis.json"), ["chain !/c of 4"]);
    assert_eq!(show(directory, "a/t.json").len(), 2);
}

#[test]
fn what_is_recognised_and_not_run_is_named() {
    let root = temporary();
    let directory = root.path();
    write(directory, ".meta/index.json", r#"{"test_cases":[]}"#);
    write(directory, "README.md", "text");
    write(directory, "index.json", r#"{"forks":["Berlin"],"test_count":3}"#);
    write(directory, "t.json", json!({"x": test_json("Berlin"), "y": 1}).to_string());
    write(directory, "u.json", json!({"x": test_json("Constantinople")}).to_string());
    let told = show(directory, "");
    assert_eq!(told[0], "not run !/.meta: hidden: its name begins with a dot");
    assert_eq!(told[1], "not run !/README.md: not a source: its name ends in none of .json, .rlp, .era1");
    let index = "not run !/index.json: no blockchain tests: `forks` is not a test: its value is no object";
    assert_eq!(told[2], index);
    assert_eq!(told[3], "chain !/t.json: x of 2");
    assert_eq!(told[4], "not run !/t.json: y: not a test: its value is no object");
    assert!(told[5].starts_with("not run !/u.json: x: network `Constantinople`"));
    assert_eq!(told.len(), 6);
}

#[test]
fn one_bad_input_does_not_stop_the_others() {
    let root = temporary();
    let directory = root.path();
    write(directory, "a.json", "{\"x\":{\"network\"");
    write(directory, "b/block.json", "{}");
    fs::create_dir(directory.join("c")).unwrap();
    write(directory, "d/genesis.json", r#"{"config":{"chainId":1},"alloc":{}}"#);
    write(directory, "d/d.era1", "x");
    write(directory, "e/chain.rlp", chain_rlp());
    write(directory, "f/genesis.json", "{}");
    write(directory, "g.json", r#"{"block":"0x","witness":{}}"#);
    let (mut cut, mut trailing) = (chain_rlp(), chain_rlp());
    cut.pop();
    trailing.push(0);
    for (name, rlp) in [("h", cut), ("i", trailing)] {
        write(directory, &format!("{name}/genesis.json"), r#"{"config":{"chainId":1},"alloc":{}}"#);
        write(directory, &format!("{name}/chain.rlp"), rlp);
    }
    std::os::unix::fs::symlink("nowhere", directory.join("j.json")).unwrap();
    write(directory, "k.json", json!({"x": test_json("Berlin")}).to_string());
    let length = chain_rlp().len();
    let told = show(directory, "");
    for (index, start) in [
        "error !/a.json:1:16: x: the file ends here, expected the rest of the value",
        "error !/b/pre_state.json: no such file, expected the state before the block",
        "error !/c: the directory is empty, expected a case",
        "chain !/d of 0!/d/d.era1: offset 0: expected an entry's head of 8 bytes, the file ends after 1",
        "error !/e/genesis.json: no such file, expected the genesis of the chain",
        "error !/f/chain.rlp: no such file, expected the chain's blocks",
        "error !/g.json:1:26: missing field `state`",
        &format!("chain !/h of 1!/h/chain.rlp: offset {}: expected a block of", length / 2),
        &format!(
            "chain !/i of 2!/i/chain.rlp: offset {length}: expected an RLP list (a block), found byte 0x00"
        ),
        "error !/j.json: cannot be read: No such file",
        "chain !/k.json: x of 2",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(told[index].starts_with(start), "expected {start}, found {}", told[index]);
    }
    assert_eq!(told.len(), 11);
}

#[test]
fn a_path_that_is_no_source_is_an_error() {
    let root = temporary();
    let directory = root.path();
    assert!(
        open(directory.join("nowhere")).unwrap_err().to_string().contains("cannot be read: No such file")
    );
    assert!(
        open("http://localhost:8545").unwrap_err().to_string().contains("rpc sources are not supported yet")
    );
    assert!(
        show(directory, "")[0].starts_with("error !: the directory is empty"),
        "{:?}",
        show(directory, "")
    );
    write(directory, "a/README.md", "text");
    let told = show(directory, "");
    assert!(told[0].starts_with("not run !/a/README.md"));
    assert!(told[1].starts_with("error !: found nothing in the tree that is a source, expected a case"));
    assert!(show(directory, "a/README.md")[0].starts_with("error !/a/README.md: found not a source"));
    write(directory, "b.json", "{}");
    assert!(
        show(directory, "b.json")[0]
            .starts_with("error !/b.json: found no blockchain tests: the JSON object is empty")
    );
    write(directory, "c.json.zst", &zstd::encode_all(&b"{\"a\":{}}"[..], 1).unwrap()[..12]);
    assert!(
        show(directory, "c.json.zst")[0].starts_with("error !/c.json.zst: expected a complete zstd stream")
    );
    write(directory, "d.json.gz", [0x1f, 0x8b, 8]);
    assert!(
        show(directory, "d.json.gz")[0].starts_with("error !/d.json.gz: expected a complete gzip stream")
    );
}
