//! Lets an execution read a case's state and remembers a read that failed.

use std::cell::Cell;

use alloy_primitives::{Address, B256, U256};
use revm::{Database, DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use tandem_corpus::{MissingState, PlainState};

/// A view of a state for one sequential execution.
///
/// alloy-evm turns a failed read into a text in some places (system calls, balance increments). The first failure is
/// kept here, so that a world that failed is never taken for a wrong block.
#[derive(Debug)]
pub struct World<'a> {
    state: &'a PlainState,
    failure: &'a Cell<Option<MissingState>>,
}

impl<'a> World<'a> {
    /// Views a state; the first failed read is left in `failure`.
    pub const fn new(state: &'a PlainState, failure: &'a Cell<Option<MissingState>>) -> Self {
        Self { state, failure }
    }

    fn noted<T>(&self, result: Result<T, MissingState>) -> Result<T, MissingState> {
        if let Err(missing) = &result
            && self.failure.get().is_none()
        {
            self.failure.set(Some(*missing));
        }
        result
    }
}

impl Database for World<'_> {
    type Error = MissingState;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, MissingState> {
        self.noted(self.state.basic_ref(address))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, MissingState> {
        self.noted(self.state.code_by_hash_ref(code_hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, MissingState> {
        self.noted(self.state.storage_ref(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, MissingState> {
        self.noted(self.state.block_hash_ref(number))
    }
}
