//! Keeps tries from one block to the next, so that the upper nodes are neither read nor decoded again.
//!
//! A trie is found by what it belongs to and taken only if its root is the one that is asked for: after a reorg, or for
//! an earlier block, nothing is found, and a new trie begins. What was read from a source once was checked then.

use alloy_primitives::{B256, map::HashMap};
use parking_lot::Mutex;

use super::{PartialTrie, TrieOwner};

/// Nodes that may be added before deep ones are dropped; some 70 MB.
const FRESH_MAX: usize = 100_000;

/// From this many nibbles below the root on, nodes are dropped: a million accounts have 4,369 nodes above.
const DEPTH_MAX: usize = 4;

/// Nodes that may be left then; where there are more, in many tries, all are dropped.
const LEFT_MAX: usize = 50_000;

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
            let left: usize = kept.tries.values_mut().map(|trie| trie.cut(DEPTH_MAX)).sum();
            kept.fresh = 0;
            if left > LEFT_MAX {
                kept.tries.clear();
            }
        }
    }
}
