//! State roots of whole states.
//!
//! [`state_root`] takes every account of a world state, [`storage_root`] every slot of one account. Both hash their
//! keys, sort them and build the secure Merkle-Patricia trie of the Yellow Paper (appendix D) in one pass; nothing is
//! kept between calls. What is in a state is the caller's business: an account that is yielded is a leaf, even one
//! that is empty by EIP-161, and only slots of value zero are left out, because they do not exist in any storage trie.
//!
//! [`trie`] holds the part of a trie that a block needs and computes the next root from it: from a witness's nodes or
//! from a store's. [`update`] is what a block changes, by hashed keys. [`witness`] is a state held as a witness, to
//! execute one block on, and makes witnesses of a store's blocks.
//!
//! [`store`] keeps a chain on disk.
//!
//! This crate knows neither where blocks come from nor how they are executed: it reads no environment.

pub mod error;
pub mod root;
pub mod store;
pub mod trie;
pub mod update;
pub mod witness;

pub use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY};
pub use error::StateError;
pub use root::{StateAccount, state_root, storage_root};
pub use store::{BlockId, ExecutedBlock, GenesisAccount, StateView, Store, StoreConfig, TrieView};
pub use trie::{
    NodeSource, NodesByHash, PartialTrie, TrieError, TrieOwner, TrieUpdate, rebuild_root, update_root,
};
pub use update::{Account, AccountUpdate, StateUpdate, StorageBase, StorageUpdate};
pub use witness::{ExecutionWitness, WitnessError, WitnessRecorder, WitnessState};
