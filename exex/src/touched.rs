//! Keeps what executions read, so that a block can be executed again without its host.

use alloy_primitives::{Address, B256, U256};
use parking_lot::Mutex;
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use std::sync::Arc;
use tandem_compare::ParentState;
use tandem_corpus::{Absent, PlainState};

/// A state that remembers everything that was read from it.
///
/// What it remembers is enough to repeat the executions that read it: an account that was not read is not there, and a
/// slot that was not read is zero.
#[derive(Debug)]
pub(crate) struct Touched<S> {
    state: Arc<S>,
    read: Mutex<PlainState>,
}

impl<S: ParentState> Touched<S> {
    pub(crate) fn new(state: Arc<S>) -> Self {
        Self { state, read: Mutex::new(PlainState { absent: Absent::Presumed, ..PlainState::default() }) }
    }

    /// Returns what was read.
    pub(crate) fn read(&self) -> PlainState {
        self.read.lock().clone()
    }
}

impl<S: ParentState> DatabaseRef for Touched<S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        let info = self.state.basic_ref(address)?;
        if let Some(info) = &info {
            let mut read = self.read.lock();
            if let Some(code) = &info.code
                && !code.is_empty()
            {
                read.contracts.insert(info.code_hash, code.clone());
            }
            read.accounts.entry(address).or_default().info = AccountInfo { code: None, ..info.clone() };
        }
        Ok(info)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, S::Error> {
        let code = self.state.code_by_hash_ref(code_hash)?;
        self.read.lock().contracts.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, S::Error> {
        let value = self.state.storage_ref(address, slot)?;
        if !value.is_zero() {
            self.read.lock().accounts.entry(address).or_default().storage.insert(slot, value);
        }
        Ok(value)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, S::Error> {
        let hash = self.state.block_hash_ref(number)?;
        self.read.lock().block_hashes.insert(number, hash);
        Ok(hash)
    }
}
