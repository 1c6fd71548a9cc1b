//! Keeps trie nodes by their hashes, over blocks.
//!
//! A hash names one node for ever, so that nothing here grows old; what is rarely used gives way.

use std::fmt;

use alloy_primitives::{B256, Bytes};
use quick_cache::{Weighter, sync::Cache};

use crate::trie::KeptTries;

/// Nodes whose hashes were checked.
pub(super) struct NodeCache(Cache<B256, Bytes, Size>);

#[derive(Clone)]
struct Size;

impl Weighter<B256, Bytes> for Size {
    fn weight(&self, _: &B256, node: &Bytes) -> u64 {
        ENTRY_BYTES + node.len() as u64
    }
}

/// Bytes of an entry besides its node, about.
const ENTRY_BYTES: u64 = 96;

/// Bytes of a node, about: branches of several children.
const NODE_BYTES: u64 = 300;

/// What tries remember from block to block.
#[derive(Debug)]
pub(super) struct TrieCaches {
    pub(super) nodes: NodeCache,
    /// Upper parts of the tries of the last block.
    pub(super) tries: KeptTries,
}

impl TrieCaches {
    /// Divides the memory: what blocks change is found in kept tries only, what they read and leave by its hash too.
    pub(super) fn new(bytes: u64) -> Self {
        let nodes = bytes / 8;
        let tries = usize::try_from(bytes - nodes).unwrap_or(usize::MAX);
        Self { nodes: NodeCache::new(nodes), tries: KeptTries::new(tries) }
    }
}

impl NodeCache {
    fn new(bytes: u64) -> Self {
        let entries = usize::try_from(bytes / (ENTRY_BYTES + NODE_BYTES)).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(entries, bytes, Size))
    }

    pub(super) fn get(&self, hash: &B256) -> Option<Bytes> {
        self.0.get(hash)
    }

    pub(super) fn insert(&self, hash: B256, node: Bytes) {
        self.0.insert(hash, node);
    }
}

impl fmt::Debug for NodeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeCache").field("nodes", &self.0.len()).finish_non_exhaustive()
    }
}
