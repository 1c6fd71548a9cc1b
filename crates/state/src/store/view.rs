//! Reads the flat state after a block: what is stored, under what later blocks changed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use super::{BlockId, code_cache::CodeCache, engine::Snapshot, engine::Table, keys, values};
use crate::{
    error::StateError,
    update::{Account, StateUpdate, StorageBase, hash_slot},
};

/// The state after a block.
///
/// It stays the same whatever is written to the store later; keep it as long as that block is worked on, because the
/// store cannot reuse the room of what it sees. Cloning is cheap, and all methods may be called by many threads.
#[derive(Clone)]
pub struct StateView {
    pub(super) snapshot: Snapshot,
    codes: Arc<CodeCache>,
    /// The oldest first.
    layers: Arc<[Layer]>,
}

/// What one block, or the way back over several, changed.
#[derive(Clone, Debug)]
struct Layer {
    block: BlockId,
    update: Arc<StateUpdate>,
}

impl StateView {
    pub(super) fn new(snapshot: Snapshot, codes: Arc<CodeCache>) -> Self {
        Self { snapshot, codes, layers: Arc::new([]) }
    }

    /// Returns the state after a block on this one that is not written yet.
    pub fn over(&self, block: BlockId, update: Arc<StateUpdate>) -> Self {
        let layers = self.layers.iter().cloned().chain([Layer { block, update }]).collect();
        Self { snapshot: self.snapshot.clone(), codes: Arc::clone(&self.codes), layers }
    }

    /// Reads an account by its hashed address.
    pub fn account(&self, hashed_address: B256) -> Result<Option<Account>, StateError> {
        for layer in self.layers.iter().rev() {
            if let Some(update) = layer.update.accounts.get(&hashed_address) {
                return Ok(update.account);
            }
        }
        let Some(value) = self.snapshot.get(Table::Accounts, &hashed_address[..])? else { return Ok(None) };
        let account = values::decode_account(&value);
        account
            .map(Some)
            .ok_or_else(|| self.snapshot.damaged(format!("account {hashed_address} cannot be decoded")))
    }

    /// Reads a slot by its hashed keys; zero where it does not exist.
    pub fn slot(&self, hashed_address: B256, hashed_slot: B256) -> Result<U256, StateError> {
        for layer in self.layers.iter().rev() {
            let Some(update) = layer.update.accounts.get(&hashed_address) else { continue };
            if let Some(value) = update.storage.slots.get(&hashed_slot) {
                return Ok(*value);
            }
            if update.storage.base == StorageBase::Wiped {
                return Ok(U256::ZERO);
            }
        }
        match self.snapshot.get(Table::Slots, &keys::slot(hashed_address, hashed_slot))? {
            Some(value) => self.decode_slot(&value),
            None => Ok(U256::ZERO),
        }
    }

    /// Reads all slots of an account that are not zero, by their hashes. Meant for accounts that are wiped.
    pub fn storage(&self, hashed_address: B256) -> Result<BTreeMap<B256, U256>, StateError> {
        let mut slots = BTreeMap::new();
        for entry in self.snapshot.prefix(Table::Slots, &hashed_address[..]) {
            let (key, value) = entry?;
            slots.insert(B256::from_slice(&key[32..]), self.decode_slot(&value)?);
        }
        for layer in &*self.layers {
            let Some(update) = layer.update.accounts.get(&hashed_address) else { continue };
            if update.storage.base == StorageBase::Wiped {
                slots.clear();
            }
            slots.extend(&update.storage.slots);
        }
        slots.retain(|_, value| !value.is_zero());
        Ok(slots)
    }

    /// Reads a code by its hash.
    pub fn code(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        for layer in self.layers.iter().rev() {
            if let Some(code) = layer.update.codes.get(&code_hash) {
                return Ok(code.clone());
            }
        }
        if let Some(code) = self.codes.get(&code_hash) {
            return Ok(code);
        }
        let value = self.snapshot.get(Table::Codes, &code_hash[..])?.ok_or(StateError::NoCode(code_hash))?;
        let code = bytecode(Bytes::copy_from_slice(&value));
        self.codes.insert(code_hash, code.clone());
        Ok(code)
    }

    /// Reads the hash of a canonical block at or below the block of this state.
    pub fn block_hash(&self, number: u64) -> Result<B256, StateError> {
        if let Some(layer) = self.layers.iter().rev().find(|layer| layer.block.number == number) {
            return Ok(layer.block.hash);
        }
        let value = self.snapshot.get(Table::Canonical, &keys::number(number))?;
        let value = value.ok_or(StateError::NoBlockHash(number))?;
        B256::try_from(&value[..])
            .map_err(|_| self.snapshot.damaged(format!("hash of block {number} is no hash")))
    }

    fn decode_slot(&self, value: &[u8]) -> Result<U256, StateError> {
        values::decode_slot(value).ok_or_else(|| self.snapshot.damaged("a slot cannot be decoded"))
    }
}

/// Before EIP-3541 code could begin like a delegation (EIP-7702) without being one.
fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

impl fmt::Debug for StateView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks: Vec<_> = self.layers.iter().map(|layer| layer.block).collect();
        f.debug_struct("StateView").field("layers", &blocks).finish_non_exhaustive()
    }
}

impl DatabaseRef for StateView {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let account = self.account(keccak256(address))?;
        Ok(account.map(|Account { nonce, balance, code_hash }| AccountInfo {
            nonce,
            balance,
            code_hash,
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.code(code_hash)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slot(keccak256(address), hash_slot(slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.block_hash(number)
    }
}
