//! Keeps tries from one block to the next, so that the upper nodes are neither read nor decoded again.
//!
//! A trie is found by what it belongs to and taken only if its root is the one that is asked for: after a reorg, or for
//! an earlier block, nothing is found, and a new trie begins. What was read from a source once was checked then.

use alloy_primitives::{B256, map::HashMap};
use parking_lot::Mutex;

use super::{PartialTrie, TrieOwner, node::Cut};

/// Nodes that may be added before deep ones are dropped; some 40 MB.
const FRESH_MAX: usize = 100_000;

/// What is dropped first, and next if too much is left: leaves below 4 nibbles, and all that lies so many nibbles below
/// the root. The branches above 5 nibbles of a million leaves are 69,905, above 4 they are 4,369.
const CUTS: [(Cut, usize); 3] = [(Cut::Leaves, 4), (Cut::Deep, 5), (Cut::Deep, 4)];

/// Nodes that may be left, some 120 MB: all branches above 5 nibbles of two tries, and more.
const LEFT_MAX: usize = 160_000;

/// Tries whose nodes are all named, by what they belong to.
#[derive(Debug, Default)]
pub struct KeptTries(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    tries: HashMap<TrieOwner, PartialTrie>,
    /// Nodes that were added since deep ones were dropped, or more.
    fresh: usize,
}

impl KeptTries {
    /// Takes the trie with this root out, if it is here.
    pub fn take(&self, owner: TrieOwner, root: B256) -> Option<PartialTrie> {
        let mut trie = self.0.lock().tries.remove(&owner)?;
        (trie.root() == root).then_some(trie)
    }

    /// Keeps a trie to which so many nodes were added, or fewer.
    pub fn keep(&self, trie: PartialTrie, added: usize) {
        let mut kept = self.0.lock();
        kept.fresh += added;
        kept.tries.insert(trie.owner(), trie);
        if kept.fresh > FRESH_MAX {
            kept.fresh = 0;
            // Many small tries have little that is deep.
            if !CUTS.iter().any(|(cut, depth)| kept.cut(*cut, *depth) <= LEFT_MAX) {
                kept.tries.clear();
            }
        }
    }
}

impl Kept {
    /// Returns how many nodes are left.
    fn cut(&mut self, cut: Cut, depth: usize) -> usize {
        self.tries.values_mut().map(|trie| trie.cut(depth, cut)).sum()
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
    #[derive(Default)]
    struct Keeping {
        nodes: NodesByHash,
        tries: KeptTries,
        cuts: bool,
    }

    impl NodeSource for Keeping {
        fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
            self.nodes.node(owner, path, hash)
        }

        fn take(&self, owner: TrieOwner, root: B256) -> Option<PartialTrie> {
            self.tries.take(owner, root)
        }

        fn keep(&self, trie: PartialTrie, changed: usize) {
            self.tries.keep(trie, if self.cuts { FRESH_MAX + 1 } else { changed });
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

    /// With deep nodes dropped after each trie, with none dropped, and with nothing kept: the same roots and nodes.
    #[test]
    fn kept_tries_change_no_root_and_no_node() {
        let threads = NonZeroUsize::MIN;
        let mut sources = [false, true].map(|cuts| Keeping { cuts, ..Keeping::default() });
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
