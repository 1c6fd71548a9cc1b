//! Lets an execution read a case's state and remembers a read that failed.

use std::{cell::Cell, fmt};

use alloy_primitives::{Address, B256, U256};
use revm::{Database, DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use crate::engine::ParentState;

/// A view of a state for one sequential execution.
///
/// alloy-evm turns a failed read into a text in some places (system calls, balance increments). The first failure is
/// kept here, so that a world that failed is never taken for a wrong block.
pub struct World<'a, S: DatabaseRef> {
    state: &'a S,
    failure: &'a Cell<Option<S::Error>>,
}

impl<'a, S: ParentState> World<'a, S> {
    /// Views a state; the first failed read is left in `failure`.
    pub const fn new(state: &'a S, failure: &'a Cell<Option<S::Error>>) -> Self {
        Self { state, failure }
    }

    fn noted<T>(&self, result: Result<T, S::Error>) -> Result<T, S::Error> {
        if let Err(error) = &result {
            let first = self.failure.take().unwrap_or_else(|| error.clone());
            self.failure.set(Some(first));
        }
        result
    }
}

impl<S: DatabaseRef + fmt::Debug> fmt::Debug for World<'_, S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("World").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<S: ParentState> Database for World<'_, S> {
    type Error = S::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        self.noted(self.state.basic_ref(address))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, S::Error> {
        self.noted(self.state.code_by_hash_ref(code_hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, S::Error> {
        self.noted(self.state.storage_ref(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, S::Error> {
        self.noted(self.state.block_hash_ref(number))
    }
}
