//! Names why a trie could not be read or changed.

use std::{error::Error, sync::Arc};

use alloy_primitives::B256;
use alloy_trie::Nibbles;
use revm::database::DBErrorMarker;

use super::TrieOwner;

/// A trie that could not be read or changed. The world failed: it says nothing about a block.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TrieError {
    /// The source does not have a node.
    #[error("node {hash} at path 0x{} of {owner} is missing", path_hex(.path))]
    Missing {
        /// The trie.
        owner: TrieOwner,
        /// Nibbles from the root to the node.
        path: Box<Nibbles>,
        /// Keccak hash of the node.
        hash: B256,
    },
    /// A node is there and is not what its parent says, or no node of such a trie.
    #[error("node {hash} at path 0x{} of {owner} is damaged: {reason}", path_hex(.path))]
    Damaged {
        /// The trie.
        owner: TrieOwner,
        /// Nibbles from the root to the node.
        path: Box<Nibbles>,
        /// Keccak hash of the node, or of the nearest ancestor that has one.
        hash: B256,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The source failed.
    #[error("reading {owner}: {error}")]
    Source {
        /// The trie.
        owner: TrieOwner,
        /// What the source said.
        #[source]
        error: Arc<dyn Error + Send + Sync>,
    },
}

impl DBErrorMarker for TrieError {}

/// Writes one hexadecimal digit a nibble.
fn path_hex(path: &Nibbles) -> String {
    path.to_vec().iter().filter_map(|nibble| char::from_digit(u32::from(*nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_node_is_named() {
        let error = TrieError::Missing {
            owner: TrieOwner::Storage(B256::repeat_byte(0xab)),
            path: Box::new(Nibbles::from_nibbles([0, 0xf, 3])),
            hash: B256::ZERO,
        };
        let text = error.to_string();
        assert!(text.contains("path 0x0f3"), "{text}");
        assert!(text.contains(&B256::repeat_byte(0xab).to_string()), "{text}");
        assert!(text.contains(&B256::ZERO.to_string()), "{text}");
    }
}
