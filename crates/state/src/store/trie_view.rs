//! Reads the trie nodes of the state after a block.

use std::{fmt, sync::Arc};

use alloy_primitives::{B256, Bytes, keccak256};

use super::{
    engine::{Snapshot, Table},
    keys,
    node_cache::TrieCaches,
};
use crate::{
    trie::{Nibbles, NodeSource, PartialTrie, TrieError, TrieOwner, TrieUpdate},
    update::StorageBase,
};

/// The tries of the state after a block: what is stored, under what later blocks changed.
///
/// Like a [`StateView`](super::StateView) it stays the same whatever is written later.
#[derive(Clone)]
pub struct TrieView {
    snapshot: Snapshot,
    caches: Arc<TrieCaches>,
    root: B256,
    /// The oldest first.
    layers: Arc<[Arc<TrieUpdate>]>,
}

impl TrieView {
    pub(super) fn new(snapshot: Snapshot, caches: Arc<TrieCaches>, root: B256) -> Self {
        Self { snapshot, caches, root, layers: Arc::new([]) }
    }

    /// Returns the state root.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// Returns the tries after a block on this one that is not written yet.
    pub fn over(&self, update: Arc<TrieUpdate>) -> Self {
        let root = update.root;
        let layers = self.layers.iter().cloned().chain([update]).collect();
        Self { snapshot: self.snapshot.clone(), caches: Arc::clone(&self.caches), root, layers }
    }

    pub(super) const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Reads a node that no cache has, and checks its hash.
    fn read(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        let node = match self.in_layers(owner, path) {
            Some(node) => node,
            None => {
                let key = keys::node(owner, path);
                let node = self.snapshot.get(Table::Nodes, &key);
                let node = node.map_err(|error| TrieError::Source { owner, error: Arc::new(error) })?;
                node.map(|node| Bytes::copy_from_slice(&node))
            }
        };
        let node = node.ok_or_else(|| TrieError::Missing { owner, path: Box::new(*path), hash })?;
        if keccak256(&node) != hash {
            let reason = "its hash is another one";
            return Err(TrieError::Damaged { owner, path: Box::new(*path), hash, reason });
        }
        Ok(node)
    }

    /// Finds a node in the layers; the outer option is whether they know of it.
    fn in_layers(&self, owner: TrieOwner, path: &Nibbles) -> Option<Option<Bytes>> {
        for layer in self.layers.iter().rev() {
            let (nodes, base) = match owner {
                TrieOwner::Accounts => (&layer.accounts, StorageBase::Kept),
                TrieOwner::Storage(hashed_address) => match layer.storages.get(&hashed_address) {
                    Some(storage) => (&storage.nodes, storage.base),
                    None => continue,
                },
            };
            if let Some(node) = nodes.get(path) {
                return Some(node.clone());
            }
            if base == StorageBase::Wiped {
                return Some(None);
            }
        }
        None
    }
}

impl NodeSource for TrieView {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        match self.caches.nodes.get(&hash) {
            Some(node) => Ok(node),
            None => {
                let node = self.read(owner, path, hash)?;
                self.caches.nodes.insert(hash, node.clone());
                Ok(node)
            }
        }
    }

    /// A leaf with a guess is about to change, and the nodes above it with it: none will be asked for by its hash again.
    fn guessed(
        &self,
        owner: TrieOwner,
        path: &Nibbles,
        hash: B256,
        guess: &dyn Fn() -> Vec<u8>,
    ) -> Result<Bytes, TrieError> {
        if let Some(node) = self.caches.nodes.get(&hash) {
            return Ok(node);
        }
        let guess = guess();
        if keccak256(&guess) == hash { Ok(guess.into()) } else { self.read(owner, path, hash) }
    }

    fn take(&self, owner: TrieOwner, root: B256) -> PartialTrie {
        self.caches.tries.take(owner, root)
    }

    fn keep(&self, trie: PartialTrie) {
        self.caches.tries.keep(trie);
    }
}

impl fmt::Debug for TrieView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrieView")
            .field("root", &self.root)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}
