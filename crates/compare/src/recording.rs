//! Lets executions read a state and keeps what they read, as a state of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::{Address, B256, U256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use tandem_corpus::{Absent, Case, PlainState};

use crate::engine::ParentState;

/// A view of a state that keeps what was read.
///
/// The lock is contended where workers read at once; it is for looking again, not for speed.
#[derive(Debug)]
pub struct Recording<S> {
    state: Arc<S>,
    read: Mutex<PlainState>,
}

impl<S: ParentState> Recording<S> {
    /// Returns a case on a state of which nothing has been read.
    pub fn of(case: &Case<S>) -> Case<Self> {
        // What is not there was found not to exist, or was not read.
        let read = PlainState { absent: Absent::Presumed, ..PlainState::default() };
        let state = Self { state: case.state.clone(), read: Mutex::new(read) };
        Case {
            source: case.source.clone(),
            spec: case.spec.clone(),
            block: case.block.clone(),
            state: state.into(),
        }
    }

    /// Returns what was read so far.
    pub fn read(&self) -> PlainState {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, PlainState> {
        // A panic while inserting leaves the maps whole.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ParentState> DatabaseRef for Recording<S> {
    type Error = S::Error;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, S::Error> {
        let info = self.state.basic_ref(address)?;
        if let Some(info) = &info {
            let mut read = self.lock();
            if let Some(code) = info.code.as_ref().filter(|code| !code.is_empty()) {
                read.contracts.insert(info.code_hash, code.clone());
            }
            read.accounts.entry(address).or_default().info = AccountInfo { code: None, ..info.clone() };
        }
        Ok(info)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, S::Error> {
        let code = self.state.code_by_hash_ref(code_hash)?;
        self.lock().contracts.insert(code_hash, code.clone());
        Ok(code)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, S::Error> {
        let value = self.state.storage_ref(address, slot)?;
        if !value.is_zero() {
            self.basic_ref(address)?;
            if let Some(account) = self.lock().accounts.get_mut(&address) {
                account.storage.insert(slot, value);
            }
        }
        Ok(value)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, S::Error> {
        let hash = self.state.block_hash_ref(number)?;
        self.lock().block_hashes.insert(number, hash);
        Ok(hash)
    }
}
