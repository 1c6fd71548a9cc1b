//! Remembers which nodes were asked for.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{B256, Bytes, map::B256Map};
use alloy_trie::Nibbles;

use super::{NodeSource, TrieError, TrieOwner};

/// A source that remembers every node it was asked for and had: those nodes are a witness of what was done with it.
#[derive(Debug)]
pub struct Recorder<S> {
    source: S,
    nodes: Mutex<B256Map<Bytes>>,
}

impl<S> Recorder<S> {
    /// Begins with nothing recorded.
    pub fn new(source: S) -> Self {
        Self { source, nodes: Mutex::default() }
    }

    /// Returns the recorded nodes, each once, in the order of their hashes.
    pub fn into_nodes(self) -> Vec<Bytes> {
        let nodes = self.nodes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut nodes: Vec<_> = nodes.into_iter().collect();
        nodes.sort_unstable_by_key(|(hash, _)| *hash);
        nodes.into_iter().map(|(_, node)| node).collect()
    }
}

impl<S: NodeSource> NodeSource for Recorder<S> {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        let node = self.source.node(owner, path, hash)?;
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).entry(hash).or_insert_with(|| node.clone());
        Ok(node)
    }
}
