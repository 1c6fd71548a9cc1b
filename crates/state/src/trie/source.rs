//! Names where trie nodes come from.

use std::fmt;

use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use alloy_trie::Nibbles;

use super::{PartialTrie, TrieError};

/// Which trie of a world state a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrieOwner {
    /// The trie of all accounts.
    Accounts,
    /// The storage trie of the account with this hashed address.
    Storage(B256),
}

impl fmt::Display for TrieOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accounts => f.write_str("the account trie"),
            Self::Storage(owner) => write!(f, "the storage trie of hashed address {owner}"),
        }
    }
}

/// A source of trie nodes.
///
/// It is asked only for nodes that a parent, or a root, names by hash. Nodes shorter than 32 bytes are inside their
/// parents and never asked for, except where they are a root.
pub trait NodeSource {
    /// Returns the RLP of the node with `hash` at `path`; whoever implements this answers for the hash.
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError>;

    /// Returns a node that may be the one that `guess` makes; only its hash tells.
    ///
    /// For sources whose reads cost more than a hash. Others need not guess.
    fn guessed(
        &self,
        owner: TrieOwner,
        path: &Nibbles,
        hash: B256,
        _guess: &dyn Fn() -> Vec<u8>,
    ) -> Result<Bytes, TrieError> {
        self.node(owner, path, hash)
    }

    /// Takes the trie with this root that was kept, whose nodes are not asked for again, or begins with its root.
    fn take(&self, owner: TrieOwner, root: B256) -> PartialTrie {
        PartialTrie::new(owner, root)
    }

    /// Offers a trie for later blocks, after its root was computed.
    fn keep(&self, _trie: PartialTrie) {}
}

impl<S: NodeSource + ?Sized> NodeSource for &S {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        (**self).node(owner, path, hash)
    }

    fn guessed(
        &self,
        owner: TrieOwner,
        path: &Nibbles,
        hash: B256,
        guess: &dyn Fn() -> Vec<u8>,
    ) -> Result<Bytes, TrieError> {
        (**self).guessed(owner, path, hash, guess)
    }

    fn take(&self, owner: TrieOwner, root: B256) -> PartialTrie {
        (**self).take(owner, root)
    }

    fn keep(&self, trie: PartialTrie) {
        (**self).keep(trie);
    }
}

/// Nodes found by their hashes alone, as witnesses carry them.
#[derive(Clone, Debug, Default)]
pub struct NodesByHash(B256Map<Bytes>);

impl NodesByHash {
    /// Returns how many different nodes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the nodes, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.0.values()
    }

    /// Returns whether there is a node with this hash.
    pub fn contains(&self, hash: &B256) -> bool {
        self.0.contains_key(hash)
    }
}

impl FromIterator<Bytes> for NodesByHash {
    fn from_iter<I: IntoIterator<Item = Bytes>>(nodes: I) -> Self {
        Self(nodes.into_iter().map(|node| (keccak256(&node), node)).collect())
    }
}

impl NodeSource for NodesByHash {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        self.0.get(&hash).cloned().ok_or(TrieError::Missing { owner, path: Box::new(*path), hash })
    }
}
