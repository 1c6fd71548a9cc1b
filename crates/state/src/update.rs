//! Holds what a block changes in a state, by hashed keys.

use alloy_primitives::{Address, B256, U256, keccak256, map::B256Map};
use alloy_trie::KECCAK_EMPTY;
use revm::{bytecode::Bytecode, database::BundleState, state::AccountInfo};

/// An account without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// Keccak hash of the code; [`KECCAK_EMPTY`] where there is none.
    pub code_hash: B256,
}

/// What becomes of the storage that an account had before a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorageBase {
    /// Slots that are not named keep their values.
    #[default]
    Kept,
    /// Slots that are not named are gone.
    Wiped,
}

/// What a block changes in one account's storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageUpdate {
    /// What the new slots lie on.
    pub base: StorageBase,
    /// Hashed slot to new value; zero means that the slot does not exist.
    pub slots: B256Map<U256>,
    /// Hashed slot to what was there before, as far as it is known. A hint, which costs time where it is wrong.
    pub before: B256Map<U256>,
}

/// What a block changes in one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The account after the block, changed or not; none if it does not exist.
    pub account: Option<Account>,
    /// Its storage. An account that does not exist has none, so that it is wiped.
    pub storage: StorageUpdate,
    /// The account before the block, if that is known. A hint, which costs time where it is wrong.
    pub before: Option<Account>,
}

/// What a block changes in a world state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateUpdate {
    /// Hashed address to account.
    pub accounts: B256Map<AccountUpdate>,
    /// New code by its hash.
    pub codes: B256Map<Bytecode>,
}

impl StateUpdate {
    /// Hashes the keys of a bundle.
    ///
    /// Every account of the bundle counts as revm left it, empty or not (EIP-161 has been applied where it holds).
    pub fn from_bundle(bundle: &BundleState) -> Self {
        let accounts = bundle.state.iter().map(|(address, changed)| {
            let Some(info) = &changed.info else { return (keccak256(address), AccountUpdate::removed()) };
            let base = if changed.was_destroyed() { StorageBase::Wiped } else { StorageBase::Kept };
            let mut storage = StorageUpdate { base, ..StorageUpdate::default() };
            for (slot, value) in &changed.storage {
                let slot = hash_slot(*slot);
                storage.slots.insert(slot, value.present_value);
                if !value.previous_or_original_value.is_zero() {
                    storage.before.insert(slot, value.previous_or_original_value);
                }
            }
            let before = changed.original_info.as_ref().map(Into::into);
            (keccak256(address), AccountUpdate { account: Some(info.into()), storage, before })
        });
        let codes = bundle.contracts.iter().map(|(hash, code)| (*hash, code.clone()));
        Self { accounts: accounts.collect(), codes: codes.collect() }
    }

    /// Adds an account as a genesis state has it.
    pub fn insert(
        &mut self,
        address: Address,
        account: Account,
        storage: impl IntoIterator<Item = (U256, U256)>,
    ) {
        let slots = storage.into_iter().map(|(slot, value)| (hash_slot(slot), value)).collect();
        let storage = StorageUpdate { slots, ..StorageUpdate::default() };
        self.accounts.insert(keccak256(address), AccountUpdate::new(account, storage));
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.codes.is_empty()
    }
}

impl AccountUpdate {
    /// Returns the update that leaves an account as it is here; nothing is known of what was before.
    pub const fn new(account: Account, storage: StorageUpdate) -> Self {
        Self { account: Some(account), storage, before: None }
    }

    /// Returns the update that removes an account with its storage.
    pub fn removed() -> Self {
        let storage = StorageUpdate { base: StorageBase::Wiped, ..StorageUpdate::default() };
        Self { account: None, storage, before: None }
    }
}

impl From<&AccountInfo> for Account {
    fn from(info: &AccountInfo) -> Self {
        // revm names the code of an account without code by either.
        let code_hash = if info.code_hash.is_zero() { KECCAK_EMPTY } else { info.code_hash };
        Self { nonce: info.nonce, balance: info.balance, code_hash }
    }
}

/// Hashes a slot to its key in a storage trie.
pub fn hash_slot(slot: U256) -> B256 {
    keccak256(slot.to_be_bytes::<32>())
}
