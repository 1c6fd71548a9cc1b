//! Reads blockchain tests from JSON.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{bytecode::Bytecode, state::AccountInfo};
use serde::Deserialize;
use tandem_corpus::{PlainAccount, PlainState};

/// One test of a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Test {
    pub(crate) network: String,
    #[serde(rename = "genesisRLP")]
    pub(crate) genesis_rlp: Bytes,
    pub(crate) pre: Accounts,
    pub(crate) post_state: Option<Accounts>,
    pub(crate) post_state_hash: Option<B256>,
    pub(crate) lastblockhash: B256,
    pub(crate) blocks: Vec<TestBlock>,
}

/// One block of a test.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestBlock {
    pub(crate) rlp: Bytes,
    pub(crate) expect_exception: Option<String>,
}

/// Accounts by address.
pub(crate) type Accounts = BTreeMap<Address, Account>;

/// One account.
#[derive(Deserialize)]
pub(crate) struct Account {
    balance: U256,
    nonce: U256,
    code: Bytes,
    storage: BTreeMap<U256, U256>,
}

pub(crate) fn state(accounts: &Accounts) -> PlainState {
    let mut state = PlainState::default();
    for (address, account) in accounts {
        let code = Bytecode::new_raw(account.code.clone());
        let code_hash = code.hash_slow();
        let info = AccountInfo {
            balance: account.balance,
            nonce: account.nonce.to(),
            code_hash,
            ..Default::default()
        };
        let info = AccountInfo { code: None, ..info };
        let storage = account.storage.iter().filter(|(_, value)| !value.is_zero());
        let storage = storage.map(|(slot, value)| (*slot, *value)).collect();
        state.contracts.insert(code_hash, code);
        state.accounts.insert(*address, PlainAccount { info, storage });
    }
    state
}

/// Returns all files below a directory, in order.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

pub(crate) fn read(path: &Path) -> BTreeMap<String, Test> {
    let json = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    serde_json::from_slice(&json).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
