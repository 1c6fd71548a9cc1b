//! The genesis headers that are built have the hashes that everybody knows.

use std::fs;

use alloy_consensus::Header;
use alloy_primitives::{B256, b256};
use serde_json::{Value, json};
use tandem_corpus::{Item, open};

use crate::{chains::root, support};

#[test]
fn mainnet_and_sepolia_begin_with_their_known_hashes() {
    let test = "mainnet_and_sepolia_begin_with_their_known_hashes";
    let Some(folder) = support::data("genesis", test) else { return };
    for (name, hash) in [
        ("mainnet", b256!("0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3")),
        ("sepolia", b256!("0x25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9")),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let file = fs::File::open(folder.join(format!("{name}.json.zst"))).unwrap();
        let mut genesis: Value = serde_json::from_reader(zstd::Decoder::new(file).unwrap()).unwrap();
        if name == "sepolia" {
            genesis["config"] = json!({"chainId": 11_155_111, "londonBlock": 0});
        }
        fs::write(directory.path().join("genesis.json"), genesis.to_string()).unwrap();
        fs::write(directory.path().join("chain.rlp"), []).unwrap();
        let Some(Ok(Item::Chain(chain))) = open(directory.path()).unwrap().next() else { panic!("no chain") };
        let state_root = root(&chain.state);
        assert!([B256::ZERO, state_root].contains(&chain.genesis.state_root), "{name} states another root");
        let header = chain.genesis_header(state_root).unwrap();
        assert_eq!(header.hash_slow(), hash, "{name}");
        let later = Header { number: 20_000_000, ..Header::default() };
        let fork = if name == "mainnet" { "Paris" } else { "London" };
        assert_eq!(chain.spec.fork_name(&later), fork, "without a config the rules are mainnet's");
    }
}
