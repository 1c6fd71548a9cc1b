//! Keeps trie nodes in memory by path, as a store does, and checks what it hands out.

#![allow(dead_code, clippy::unwrap_used, reason = "shared by test binaries that each use a part")]

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder};
use tandem_state::{
    NodeSource, StorageBase, TrieError, TrieOwner, TrieUpdate,
    trie::{Nibbles, NodeChanges},
};

/// Nodes by trie and path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodesByPath(pub(crate) BTreeMap<(TrieOwner, Nibbles), Bytes>);

impl NodesByPath {
    pub(crate) fn apply_to(&mut self, owner: TrieOwner, changes: &NodeChanges) {
        for (path, node) in changes {
            match node {
                Some(node) => self.0.insert((owner, *path), node.clone()),
                None => self.0.remove(&(owner, *path)),
            };
        }
    }

    pub(crate) fn apply(&mut self, update: &TrieUpdate) {
        self.apply_to(TrieOwner::Accounts, &update.accounts);
        for (owner, storage) in &update.storages {
            let owner = TrieOwner::Storage(*owner);
            if storage.base == StorageBase::Wiped {
                self.0.retain(|(other, _), _| *other != owner);
            }
            self.apply_to(owner, &storage.nodes);
        }
    }
}

impl NodeSource for NodesByPath {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        let node = self.0.get(&(owner, *path)).cloned();
        let node = node.ok_or(TrieError::Missing { owner, path: Box::new(*path), hash })?;
        assert_eq!(keccak256(&node), hash, "a stale node at {path:?} of {owner}");
        Ok(node)
    }
}

/// The root by alloy's hash builder, of keys that are hashed already.
pub(crate) fn model_root(leaves: &BTreeMap<B256, Vec<u8>>) -> B256 {
    if leaves.is_empty() {
        return EMPTY_ROOT_HASH;
    }
    let mut builder = HashBuilder::default();
    for (key, value) in leaves {
        builder.add_leaf(Nibbles::unpack(key), value);
    }
    builder.root()
}
