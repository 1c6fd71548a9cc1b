//! Computes the state roots of real genesis allocations and compares them with the networks' published ones.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{B256, U256, b256, keccak256};
use tandem_state::{KECCAK_EMPTY, StateAccount, state_root};

fn data_dir() -> PathBuf {
    std::env::var_os("TANDEM_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
}

fn code_hash(account: &GenesisAccount) -> B256 {
    account.code.as_ref().map_or(KECCAK_EMPTY, keccak256)
}

#[expect(clippy::print_stderr, reason = "what a test did not run is said by name")]
fn check(network: &str, expected: B256) {
    let path = data_dir().join("genesis").join(format!("{network}.json.zst"));
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("NOT RUN: state root of the {network} genesis: {} is not there", path.display());
        return;
    };
    let json = zstd::decode_all(file).unwrap();
    // The files carry no chain configuration, which alloy's `Genesis` asks for.
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    json["config"] = serde_json::json!({ "chainId": 1 });
    let genesis: Genesis = serde_json::from_value(json).unwrap();

    assert!(!genesis.alloc.is_empty());
    let accounts = genesis.alloc.iter().map(|(address, account)| StateAccount {
        address: *address,
        nonce: account.nonce.unwrap_or_default(),
        balance: account.balance,
        code_hash: code_hash(account),
        storage: account
            .storage
            .iter()
            .flatten()
            .map(|(slot, value)| (U256::from_be_bytes(slot.0), U256::from_be_bytes(value.0)))
            .collect::<Vec<_>>(),
    });
    assert_eq!(state_root(accounts), expected, "{network}");
}

#[test]
fn mainnet_genesis() {
    check("mainnet", b256!("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"));
}

#[test]
fn sepolia_genesis() {
    check("sepolia", b256!("5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494"));
}
