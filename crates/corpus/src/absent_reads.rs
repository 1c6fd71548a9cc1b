//! Records which absent accounts an execution asks for.

use std::{collections::BTreeSet, sync::Mutex};

use alloy_primitives::{Address, B256, U256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use crate::state::{MissingState, PlainState};

/// A state that notes the accounts it was asked for and does not hold.
///
/// For the second look at a case whose outcome contradicts its header; the first look does without the notes.
#[derive(Debug)]
pub struct AbsentReads<'a> {
    state: &'a PlainState,
    absent: Mutex<BTreeSet<Address>>,
}

impl<'a> AbsentReads<'a> {
    /// Starts with nothing noted.
    pub const fn new(state: &'a PlainState) -> Self {
        Self { state, absent: Mutex::new(BTreeSet::new()) }
    }

    /// Returns the absent accounts that were asked for so far, in order of address.
    pub fn accounts(&self) -> BTreeSet<Address> {
        self.absent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn note(&self, address: Address) {
        if !self.state.accounts.contains_key(&address) {
            self.absent.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(address);
        }
    }
}

impl DatabaseRef for AbsentReads<'_> {
    type Error = MissingState;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        self.note(address);
        self.state.basic_ref(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.state.code_by_hash_ref(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        self.note(address);
        self.state.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        self.state.block_hash_ref(number)
    }
}
