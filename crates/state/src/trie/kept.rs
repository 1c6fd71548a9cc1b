//! Keeps tries from one block to the next, so that the upper nodes are neither read nor decoded again.
//!
//! A trie is found by what it belongs to and taken only if its root is the one that is asked for: after a reorg, or for
//! an earlier block, nothing is found, and a new trie begins. What was read from a source once was checked then.

use alloy_primitives::{B256, map::HashMap};
use parking_lot::Mutex;

use super::{PartialTrie, TrieOwner, sweep::Idleness};

/// Tries whose nodes are all named, by what they belong to.
#[derive(Debug)]
pub struct KeptTries {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    tries: HashMap<TrieOwner, PartialTrie>,
    /// Bytes of all tries, or more.
    bytes: usize,
    /// Counts blocks, by their account tries.
    now: u32,
}

impl KeptTries {
    /// Begins with nothing kept. About `bytes_max` bytes of memory will be used at most.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Takes the trie with this root out, or begins with nothing but its root.
    pub fn take(&self, owner: TrieOwner, root: B256) -> PartialTrie {
        let mut kept = self.kept.lock();
        let trie = kept.tries.remove(&owner).filter(|trie| trie.is_named(root));
        let mut trie = trie.unwrap_or_else(|| PartialTrie::new(owner, root));
        trie.begin_block(kept.now);
        trie
    }

    /// Keeps a trie. If there is too much then, what was not used for the longest time is forgotten.
    pub fn keep(&self, mut trie: PartialTrie) {
        let mut kept = self.kept.lock();
        kept.bytes += trie.take_fresh_bytes();
        kept.now += u32::from(trie.owner() == TrieOwner::Accounts);
        kept.tries.insert(trie.owner(), trie);
        if kept.bytes > self.bytes_max {
            // So much is forgotten at once that this need not be done again soon.
            kept.sweep(self.bytes_max / 2);
        }
    }
}

impl Kept {
    fn sweep(&mut self, bytes_max: usize) {
        let now = self.now;
        let mut idleness = Idleness::new(now);
        self.tries.values_mut().for_each(|trie| trie.add_to(&mut idleness));
        let limit = idleness.limit(bytes_max);
        self.bytes = 0;
        self.tries.retain(|_, trie| {
            let left = trie.sweep(now, limit);
            self.bytes += left;
            left > 0
        });
        // What the present block used is never idle. If that is too much by itself, nothing is worth keeping.
        if self.bytes > bytes_max {
            *self = Self { now, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use alloy_primitives::{Address, Bytes, U256};
    use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY, Nibbles};

    use super::*;
    use crate::{
        Account, NodeSource, StateUpdate, TrieError, TrieUpdate,
        trie::{NodesByHash, update_root},
    };

    /// Nodes by hash, and the tries of the last block.
    struct Keeping {
        nodes: NodesByHash,
        tries: KeptTries,
    }

    impl NodeSource for Keeping {
        fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
            self.nodes.node(owner, path, hash)
        }

        fn take(&self, owner: TrieOwner, root: B256) -> PartialTrie {
            self.tries.take(owner, root)
        }

        fn keep(&self, trie: PartialTrie) {
            self.tries.keep(trie);
        }
    }

    impl Keeping {
        fn add(&mut self, update: &TrieUpdate) {
            let storages = update.storages.values().map(|storage| &storage.nodes);
            let new = storages.chain([&update.accounts]).flat_map(|nodes| nodes.values().flatten());
            self.nodes = self.nodes.iter().chain(new).cloned().collect();
        }
    }

    fn changes(round: u64, count: u64) -> StateUpdate {
        let mut update = StateUpdate::default();
        for n in 0..count {
            let number = (n * 7919 + round * 31) % 3000;
            let address = Address::left_padding_from(&number.to_be_bytes());
            let account = Account { nonce: round, balance: U256::from(n), code_hash: KECCAK_EMPTY };
            let slots = (0..number % 50).map(|slot| (U256::from(slot), U256::from((slot + round) % 3)));
            update.insert(address, account, slots);
        }
        update
    }

    /// With nothing forgotten, with room for a part of the nodes, and with room for none: the same roots and nodes.
    #[test]
    fn kept_tries_change_no_root_and_no_node() {
        let threads = NonZeroUsize::MIN;
        let mut sources = [usize::MAX, 1 << 20, 1 << 17, 0]
            .map(|bytes_max| Keeping { nodes: NodesByHash::default(), tries: KeptTries::new(bytes_max) });
        let mut roots = vec![EMPTY_ROOT_HASH];
        for round in 1..8 {
            let update = changes(round, if round == 1 { 3000 } else { 150 });
            let parent = roots[roots.len() - 1];
            let expected = update_root(&sources[0].nodes, parent, &update, threads).unwrap();
            for source in &mut sources {
                assert_eq!(update_root(source, parent, &update, threads).unwrap(), expected);
                source.add(&expected);
            }
            roots.push(expected.root);
        }
        // A block on an earlier one finds no trie of its own, and none that is wrong.
        let update = changes(9, 100);
        for source in &sources {
            let expected = update_root(&source.nodes, roots[3], &update, threads).unwrap();
            assert_eq!(update_root(source, roots[3], &update, threads).unwrap(), expected);
        }
    }
}
