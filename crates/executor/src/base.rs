//! Reads the state before the block, for workers.

use std::{error::Error, fmt::Debug, sync::Arc};

use alloy_primitives::{Address, B256, U256};
use revm::{Database, DatabaseRef, bytecode::Bytecode, database::DBErrorMarker, state::AccountInfo};

/// Why a worker could not read.
///
/// It never reaches the block's result: the attempt is dropped, and the frontier meets the same fault itself, on its
/// own database, if it is one.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The base state failed.
    #[error("base state: {0}")]
    Base(#[source] Box<dyn Error + Send + Sync>),
    /// The block is over, or the attempt is no longer wanted.
    #[error("speculation has stopped")]
    Stopped,
}

impl DBErrorMarker for ReadError {}

impl ReadError {
    fn base(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Base(Box::new(error))
    }
}

/// A reader of the state before the block, owned by one worker.
///
/// Implemented for every revm [`Database`] that can be sent to another thread.
pub trait BaseReader: Send + Debug {
    /// Reads an account.
    fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError>;
    /// Reads code by its hash.
    fn code(&mut self, code_hash: B256) -> Result<Bytecode, ReadError>;
    /// Reads a storage slot.
    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, ReadError>;
    /// Reads the hash of an ancestor.
    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError>;
}

impl<DB: Database + Send + Debug> BaseReader for DB {
    fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        self.basic(address).map_err(ReadError::base)
    }

    fn code(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        self.code_by_hash(code_hash).map_err(ReadError::base)
    }

    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        self.storage(address, slot).map_err(ReadError::base)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        Database::block_hash(self, number).map_err(ReadError::base)
    }
}

/// Opens readers of the state before the block, one for each worker.
///
/// All readers must answer from the same state, the one that the frontier's database starts from: reads of locations
/// that no transaction of the block wrote are trusted.
pub trait BaseSource: Send + Sync + Debug {
    /// Opens a reader. An error costs speed only: that worker does not take part.
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError>;
}

/// A shared state that is read in place.
#[derive(Debug)]
pub struct SharedState<S>(pub Arc<S>);

impl<S> BaseSource for SharedState<S>
where
    S: DatabaseRef<Error: Error + Send + Sync + 'static> + Send + Sync + Debug + 'static,
{
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        Ok(Box::new(revm::database::WrapDatabaseRef(SharedReader(self.0.clone()))))
    }
}

/// A handle on a shared state.
struct SharedReader<S>(Arc<S>);

impl<S> Debug for SharedReader<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedReader")
    }
}

impl<S: DatabaseRef> DatabaseRef for SharedReader<S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        self.0.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.0.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.0.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        self.0.block_hash_ref(number)
    }
}
