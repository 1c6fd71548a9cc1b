//! Computes the state roots of a generated chain from tries in memory.

use std::num::NonZero;

use alloy_primitives::{B256, Bytes, map::HashMap};
use revm::database::BundleState;
use tandem_corpus::{PlainState, generate::Roots};
use tandem_state::{
    EMPTY_ROOT_HASH, NodeSource, StateUpdate, StorageBase, TrieError, TrieOwner, TrieUpdate,
    trie::{Nibbles, NodeChanges},
    update_root,
};

/// The nodes of all tries of a state.
#[derive(Clone, Debug)]
pub(crate) struct MemoryTries {
    root: B256,
    threads: NonZero<usize>,
    accounts: HashMap<Nibbles, Bytes>,
    storages: HashMap<B256, HashMap<Nibbles, Bytes>>,
}

impl MemoryTries {
    /// Starts with an empty state.
    pub(crate) fn new(threads: NonZero<usize>) -> Self {
        Self { root: EMPTY_ROOT_HASH, threads, accounts: HashMap::default(), storages: HashMap::default() }
    }

    fn apply(&mut self, update: &StateUpdate) -> B256 {
        let after = update_root(&*self, self.root, update, self.threads);
        let TrieUpdate { root, accounts, storages, .. } =
            after.expect("all nodes of the tries are in memory");
        change(&mut self.accounts, accounts);
        for (owner, storage) in storages {
            let nodes = self.storages.entry(owner).or_default();
            if storage.base == StorageBase::Wiped {
                nodes.clear();
            }
            change(nodes, storage.nodes);
        }
        self.root = root;
        root
    }
}

fn change(nodes: &mut HashMap<Nibbles, Bytes>, changes: NodeChanges) {
    for (path, node) in changes {
        match node {
            Some(node) => nodes.insert(path, node),
            None => nodes.remove(&path),
        };
    }
}

impl NodeSource for MemoryTries {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        let nodes = match owner {
            TrieOwner::Accounts => Some(&self.accounts),
            TrieOwner::Storage(account) => self.storages.get(&account),
        };
        let node = nodes.and_then(|nodes| nodes.get(path)).cloned();
        node.ok_or(TrieError::Missing { owner, path: Box::new(*path), hash })
    }
}

impl Roots for MemoryTries {
    fn genesis(&mut self, state: &PlainState) -> B256 {
        let mut update = StateUpdate::default();
        for (address, account) in &state.accounts {
            let slots = account.storage.iter().map(|(slot, value)| (*slot, *value));
            update.insert(*address, (&account.info).into(), slots);
        }
        self.apply(&update)
    }

    fn next(&mut self, changes: &BundleState) -> B256 {
        self.apply(&StateUpdate::from_bundle(changes))
    }

    fn branch(&self) -> Box<dyn Roots> {
        Box::new(self.clone())
    }
}
