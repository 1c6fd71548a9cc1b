//! A generated chain in a scratch directory, and the store that it is imported into.

use std::{
    fs,
    path::{Path, PathBuf},
};

use alloy_primitives::B256;
use tandem_corpus::{Chain, GenesisFile};
use tandem_state::{BlockId, Store, StoreConfig};
use tandem_tests::program::{Ended, run};

pub(super) const IMPORT: [&str; 7] =
    ["import", "--datadir", "data", "--genesis", "chain/genesis.json", "chain/chain.rlp", "--threads=2"];

/// A scratch directory with a generated chain in `chain`.
pub(super) fn generated(workload: &str) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let written = run(scratch.path(), ["generate", workload, "--out", "chain", "--seed", "3"]);
    assert_eq!(written.status, Some(0), "{written:?}");
    scratch
}

pub(super) fn import(directory: &Path, more: &[&str]) -> Ended {
    run(directory, IMPORT.iter().chain(more))
}

/// Opens the store of a directory, and returns the hash of the genesis too.
pub(super) fn store(directory: &Path) -> Store {
    let GenesisFile { header, state, .. } = GenesisFile::read(&directory.join("chain/genesis.json")).unwrap();
    let header = alloy_consensus::Header { state_root: tandem_chain::state_root(&state), ..header };
    Store::open(&directory.join("data"), StoreConfig::default(), header.hash_slow()).unwrap()
}

/// Reads all that is on disk, recomputes the state root and returns the head.
pub(super) fn checked_head(directory: &Path) -> BlockId {
    let store = store(directory);
    store.check().unwrap();
    let head = store.head();
    let root = store.header(head.hash).unwrap().unwrap().state_root;
    assert_eq!(store.recompute_root().unwrap(), root);
    head
}

/// The hashes of the chain's blocks, by number from 1 on.
pub(super) fn hashes(directory: &Path) -> Vec<B256> {
    let path = directory.join("chain");
    let chain = Chain::read(&path, vec![path.join("chain.rlp")]).unwrap();
    chain
        .blocks
        .map(|block| tandem_corpus::decode_block(&block.unwrap().rlp, &chain.spec).unwrap().hash)
        .collect()
}

/// Every file below a directory with its bytes.
pub(super) fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}
