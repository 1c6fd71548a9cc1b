//! Holds a world state in memory: accounts, storage, code and block hashes.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, map::HashMap};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    database::{BundleState, DBErrorMarker},
    state::AccountInfo,
};

/// What an in-memory state answers for an account or block hash that it does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// The state is the whole world: what is absent does not exist.
    #[default]
    Empty,
    /// The state is a part of the world: reading what is absent is an error.
    Unknown,
    /// The state is what a tracer recorded of one block: it left out what does not exist, so an absent account is
    /// presumed not to exist. Where an outcome then contradicts the header, [`crate::AbsentReads`] tells which
    /// accounts the presumption was about. Reading an absent block hash is an error.
    Presumed,
}

/// One account with its storage; zero slots are not stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlainAccount {
    /// Balance, nonce and code hash; the code itself is in [`PlainState::contracts`].
    pub info: AccountInfo,
    /// Slot to value.
    pub storage: HashMap<U256, U256>,
}

/// A world state, or a part of one, in memory.
#[derive(Clone, Debug, Default)]
pub struct PlainState {
    /// Address to account.
    pub accounts: HashMap<Address, PlainAccount>,
    /// Code hash to code.
    pub contracts: HashMap<B256, Bytecode>,
    /// Block number to hash, for BLOCKHASH.
    pub block_hashes: BTreeMap<u64, B256>,
    /// Answer for what is absent.
    pub absent: Absent,
}

/// A read of something that a partial state does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingState {
    /// The account is not in the state.
    #[error("account {0} is not in the pre-state")]
    Account(Address),
    /// The code is not in the state.
    #[error("code {0} is not in the pre-state")]
    Code(B256),
    /// The block hash is not in the state.
    #[error("hash of block {0} is not in the block hashes")]
    BlockHash(u64),
}

impl DBErrorMarker for MissingState {}

impl PlainState {
    /// Stores a code and returns its hash; empty code is not stored.
    pub fn insert_code(&mut self, code: Bytes) -> B256 {
        if code.is_empty() {
            return KECCAK256_EMPTY;
        }
        // Before EIP-3541 code could begin like a delegation (EIP-7702) without being one.
        let bytecode = Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
        let hash = bytecode.hash_slow();
        self.contracts.insert(hash, bytecode);
        hash
    }

    /// Applies a finished bundle, in place.
    pub fn apply(&mut self, bundle: &BundleState) {
        for (hash, code) in &bundle.contracts {
            self.contracts.insert(*hash, code.clone());
        }
        for (address, account) in &bundle.state {
            let Some(info) = &account.info else {
                self.accounts.remove(address);
                continue;
            };
            let plain = self.accounts.entry(*address).or_default();
            if account.was_destroyed() {
                plain.storage.clear();
            }
            plain.info = AccountInfo { code: None, ..info.clone() };
            for (slot, value) in &account.storage {
                if value.present_value.is_zero() {
                    plain.storage.remove(slot);
                } else {
                    plain.storage.insert(*slot, value.present_value);
                }
            }
        }
    }
}

impl DatabaseRef for PlainState {
    type Error = MissingState;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        match (self.accounts.get(&address), self.absent) {
            (Some(account), _) => Ok(Some(account.info.clone())),
            (None, Absent::Empty | Absent::Presumed) => Ok(None),
            (None, Absent::Unknown) => Err(MissingState::Account(address)),
        }
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.contracts.get(&code_hash).cloned().ok_or(MissingState::Code(code_hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        match (self.accounts.get(&address), self.absent) {
            (Some(account), _) => Ok(account.storage.get(&slot).copied().unwrap_or_default()),
            (None, Absent::Empty | Absent::Presumed) => Ok(U256::ZERO),
            (None, Absent::Unknown) => Err(MissingState::Account(address)),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
        self.block_hashes.get(&number).copied().ok_or(MissingState::BlockHash(number))
    }
}
