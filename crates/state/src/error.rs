//! Names what can go wrong with a store.

use std::{error::Error, io, path::PathBuf, sync::Arc};

use alloy_primitives::B256;
use revm::database::DBErrorMarker;

use crate::trie::TrieError;

/// A store that could not be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StateError {
    /// Another process, or another part of this one, has the store open.
    #[error("{}: the store is in use by another process", .dir.display())]
    InUse {
        /// The store's directory.
        dir: PathBuf,
    },
    /// There is no store.
    #[error("{}: expected a store, found none", .dir.display())]
    NoStore {
        /// The directory.
        dir: PathBuf,
    },
    /// Something is where a store was to be created.
    #[error("{}: expected an empty directory to create a store in, found {found}", .dir.display())]
    Occupied {
        /// The directory.
        dir: PathBuf,
        /// What is there.
        found: String,
    },
    /// The store is one of another chain.
    #[error("{}: the store's genesis is {got}, expected {expected}", .dir.display())]
    OtherGenesis {
        /// The store's directory.
        dir: PathBuf,
        /// The store's genesis block.
        got: B256,
        /// The genesis block of the chain.
        expected: B256,
    },
    /// The store was written by a version that arranges it in another way.
    #[error("{}: the store has schema {got}, expected {expected}", .dir.display())]
    Schema {
        /// The store's directory.
        dir: PathBuf,
        /// The store's schema.
        got: u64,
        /// The schema that this version reads and writes.
        expected: u64,
    },
    /// What is on disk is not what was written.
    #[error("{}: the store is damaged: {reason}", .path.display())]
    Damaged {
        /// The store's directory or a file in it.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A journal does not end with a whole write.
    #[error("{}: the store is damaged: its journal cannot be read: {reason}", .path.display())]
    UnfinishedJournal {
        /// The database's directory.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: Arc<io::Error>,
    },
    /// The database engine failed.
    #[error("{}: database: {error}", .dir.display())]
    Engine {
        /// The store's directory.
        dir: PathBuf,
        /// Why.
        #[source]
        error: Arc<dyn Error + Send + Sync>,
    },
    /// A write failed before; the store must be opened anew.
    #[error("{}: an earlier write failed, the store must be opened anew", .dir.display())]
    Halted {
        /// The store's directory.
        dir: PathBuf,
    },
    /// A trie could not be read.
    #[error(transparent)]
    Trie(#[from] TrieError),
    /// A block does not follow the head.
    #[error("block {number} has parent {parent}, expected a child of block {head_number} {head}")]
    NotNext {
        /// The block's number.
        number: u64,
        /// Its parent.
        parent: B256,
        /// The head's number.
        head_number: u64,
        /// The head.
        head: B256,
    },
    /// A block's header promises another state than the one that comes with it.
    #[error("block {number}: state root is {got}, the header says {expected}")]
    StateRoot {
        /// The block's number.
        number: u64,
        /// The root of the state.
        got: B256,
        /// The header's.
        expected: B256,
    },
    /// The state after a block is not kept any more, or not yet known.
    #[error("the state after block {number} is not kept; kept are blocks {oldest} to {newest}")]
    NoState {
        /// The block's number.
        number: u64,
        /// The oldest block whose state can be read.
        oldest: u64,
        /// The head.
        newest: u64,
    },
    /// A code is not in the store.
    #[error("code {0} is not in the store")]
    NoCode(B256),
    /// A block that another part of the store speaks of is not there.
    #[error("block {0} is not in the store")]
    NoBlock(B256),
    /// A block hash that is not there was asked for.
    #[error("hash of block {0} is not in the store")]
    NoBlockHash(u64),
    /// We are wrong: what the store holds contradicts itself.
    #[error("broken invariant: {0}")]
    Invariant(String),
    /// A test made this write fail.
    #[cfg(feature = "fault-injection")]
    #[error("a fault was injected")]
    Injected,
}

impl DBErrorMarker for StateError {}

impl StateError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Io { path: path.into(), error: Arc::new(error) }
    }
}
