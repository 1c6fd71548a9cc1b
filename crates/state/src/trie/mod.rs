//! A Merkle-Patricia trie of which only a part is in memory.
//!
//! One trie serves witnesses (nodes found by hash), the store (nodes found by path), proofs and the making of
//! witnesses. [`PartialTrie`] is one trie; [`update_root`] applies a block's changes to the account trie and all
//! storage tries below it. Nodes come from a [`NodeSource`] when they are needed; what changed comes out as
//! [`TrieUpdate`]. Nothing here knows where nodes are kept. [`rebuild_root`] computes a root another way, for whoever
//! wants to compare.

mod children;
mod error;
mod insert;
mod kept;
mod node;
mod parallel;
mod partial;
mod proof;
mod read;
mod rebuild;
mod recorder;
mod remove;
mod seal;
mod source;
mod sweep;
mod update_root;

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256, map::B256Map};
pub use alloy_trie::Nibbles;

pub use error::TrieError;
pub use kept::KeptTries;
pub use partial::PartialTrie;
pub use proof::{AccountProof, SlotProof, account_proof};
pub use read::{read_account, read_slot};
pub use rebuild::rebuild_root;
pub use recorder::Recorder;
pub use source::{NodeSource, NodesByHash, TrieOwner};
pub use update_root::update_root;

use crate::update::{Account, StorageBase};

/// Changed nodes of one trie by path: the RLP of a node that is there now, nothing where none is any more.
///
/// Only nodes that are kept on their own count: those of 32 bytes and more, and the root. A path may be named as gone
/// though nothing was there.
pub type NodeChanges = BTreeMap<Nibbles, Option<Bytes>>;

/// What one block changes in all tries of a world state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrieUpdate {
    /// The state root after the block.
    pub root: B256,
    /// The account trie's nodes.
    pub accounts: NodeChanges,
    /// Storage tries' nodes by hashed address.
    pub storages: B256Map<StorageNodes>,
    /// What was there before, as the parent's root proves it.
    pub before: Before,
}

/// What was in the leaves that a block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Hashed address to account, none where there was none: all that the block changed.
    pub accounts: B256Map<Option<Account>>,
    /// Hashed address to hashed slot to value, zero where there was none: all slots that it named, except where it wiped a
    /// storage.
    pub slots: B256Map<B256Map<U256>>,
}

/// What one block changes in a storage trie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageNodes {
    /// Whether the nodes of before are still there below these.
    pub base: StorageBase,
    /// Changed nodes.
    pub nodes: NodeChanges,
}
