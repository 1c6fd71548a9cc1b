//! Keeps, per location, what each transaction of the block wrote: the multi-version memory.
//!
//! Workers read from it as of their transaction and publish what their attempts wrote. The memory answers for speed
//! only: whether an attempt holds is decided on the frontier's own state ([`crate::validation`], [`crate::merged`]), so
//! a read that races with a publication costs at most time. For the same reason an account's version is the account as
//! its writer left it, even where that writer did not see all credits before it; the frontier mends such a version
//! when it commits the writer.

use std::hash::BuildHasher;

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, HashMap, hash_map::Entry},
};
use revm::{bytecode::Bytecode, state::AccountInfo};
use smallvec::SmallVec;

use crate::{
    fields::AccountFields,
    index::TxIndex,
    sync::{
        RwLock,
        atomic::{AtomicBool, Ordering},
    },
    writes::{AccountChange, AccountWrite, SlotWrite, WriteSet},
};

mod stock;
mod table;
mod versions;

pub(crate) use stock::MemoryStock;
use table::Table;
use versions::{Rank, rank_of};

/// Buckets of slots and of accounts: about as many as a large block writes; few in models, which are to meet.
const SLOT_BUCKETS: usize = if cfg!(loom) { 1 } else { 2048 };
const ACCOUNT_BUCKETS: usize = if cfg!(loom) { 1 } else { 1024 };

/// Hashes locations; in models in the same way every time.
#[cfg(not(any(loom, feature = "shuttle")))]
type Hasher = alloy_primitives::map::DefaultHashBuilder;
#[cfg(any(loom, feature = "shuttle"))]
type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// Versions of all locations that the block writes.
#[derive(derive_more::Debug)]
#[debug("MultiVersionMemory")]
pub struct MultiVersionMemory {
    accounts: Table<Address, Option<AccountVersion>>,
    slots: Table<(Address, U256), U256>,
    /// Writers that emptied an account's storage.
    resets: RwLock<AddressMap<SmallVec<[Rank; 1]>>>,
    /// Whether there ever were any: seldom.
    has_resets: AtomicBool,
    codes: RwLock<HashMap<B256, Bytecode>>,
    fee_recipient: Option<Address>,
    hasher: Hasher,
}

/// One version of an account that exists.
#[derive(Clone, Debug)]
struct AccountVersion {
    fields: AccountFields,
    /// Its code, where the writer set it.
    code: Option<Bytecode>,
}

impl MultiVersionMemory {
    /// Creates an empty memory for a block with this fee recipient.
    pub fn new(fee_recipient: Option<Address>) -> Self {
        Self {
            accounts: Table::new(ACCOUNT_BUCKETS),
            slots: Table::new(SLOT_BUCKETS),
            resets: RwLock::default(),
            has_resets: AtomicBool::new(false),
            codes: RwLock::default(),
            fee_recipient,
            hasher: Hasher::default(),
        }
    }

    /// Forgets everything, for a block with this fee recipient.
    fn clear(&mut self, fee_recipient: Option<Address>) {
        self.accounts.clear();
        self.slots.clear();
        self.resets = RwLock::default();
        self.has_resets = AtomicBool::new(false);
        self.codes = RwLock::default();
        self.fee_recipient = fee_recipient;
    }

    /// Reads an account as transaction `reader` would find it; `None` where the block is not known to have written it.
    pub fn account(&self, address: Address, reader: TxIndex) -> Option<Option<AccountInfo>> {
        self.accounts.read(self.account_hash(address), &address, |versions| {
            let (_, version) = versions.last_before(reader)?;
            Some(version.as_ref().map(|version| version.fields.with_code(version.code.clone())))
        })
    }

    /// Reads a slot as transaction `reader` would find it; `None` where it is as in the base state.
    pub fn slot(&self, address: Address, slot: U256, reader: TxIndex) -> Option<U256> {
        let written = self.slots.read(self.slot_hash(address, slot), &(address, slot), |versions| {
            versions.last_before(reader).copied()
        });
        match (written, self.last_reset(address, reader)) {
            (Some((rank, value)), reset) if reset.is_none_or(|reset| reset <= rank) => Some(value),
            (_, Some(_)) => Some(U256::ZERO),
            (_, None) => None,
        }
    }

    /// Returns the last writer before `reader` that emptied an account's storage.
    fn last_reset(&self, address: Address, reader: TxIndex) -> Option<Rank> {
        // Relaxed: a reader that misses a reset reads as if it had come a moment earlier.
        if !self.has_resets.load(Ordering::Relaxed) {
            return None;
        }
        self.resets.read().get(&address)?.iter().copied().filter(|rank| *rank <= reader.0).max()
    }

    /// Returns code that a transaction of the block set.
    pub fn code(&self, code_hash: B256) -> Option<Bytecode> {
        self.codes.read().get(&code_hash).cloned()
    }

    /// Publishes what an attempt wrote, in place of what an earlier attempt of the same transaction wrote.
    ///
    /// Without a writer the changes are those of before the block's first transaction.
    pub fn publish(&self, writer: Option<TxIndex>, writes: &WriteSet, earlier: Option<&WriteSet>) {
        let rank = rank_of(writer);
        if let Some(earlier) = earlier {
            self.retract(rank, earlier);
        }
        for (write, slots) in writes.iter() {
            // Every transaction credits the fee recipient; who does no more needs no fresh balance of it.
            let is_fee = write.is_credit() && self.fee_recipient == Some(write.address);
            if !write.is_unchanged() && !is_fee {
                self.publish_account(rank, write);
            }
            for SlotWrite { slot, present, .. } in slots {
                let hash = self.slot_hash(write.address, *slot);
                self.slots.write(hash, (write.address, *slot), |versions| versions.set(rank, *present));
            }
        }
    }

    fn publish_account(&self, rank: Rank, write: &AccountWrite) {
        self.keep_code(write);
        if write.change.resets_storage() {
            let mut resets = self.resets.write();
            let ranks = resets.entry(write.address).or_default();
            ranks.retain(|reset| *reset != rank);
            ranks.push(rank);
            self.has_resets.store(true, Ordering::Relaxed);
        }
        let exists = write.change != AccountChange::Gone;
        let version = AccountVersion { fields: write.after, code: write.new_code.clone() };
        self.accounts.write(self.account_hash(write.address), write.address, |versions| {
            versions.set(rank, exists.then_some(version));
        });
    }

    /// Sets the account that a committed transaction really left, where it was published.
    pub fn mend(&self, writer: TxIndex, address: Address, after: AccountFields) {
        self.accounts.change(self.account_hash(address), &address, |versions| {
            versions.set(rank_of(Some(writer)), Some(AccountVersion { fields: after, code: None }));
        });
    }

    fn retract(&self, rank: Rank, writes: &WriteSet) {
        for (write, slots) in writes.iter() {
            if write.change.resets_storage()
                && let Some(ranks) = self.resets.write().get_mut(&write.address)
            {
                ranks.retain(|reset| *reset != rank);
            }
            let address = write.address;
            self.accounts.change(self.account_hash(address), &address, |versions| versions.remove(rank));
            for SlotWrite { slot, .. } in slots {
                let hash = self.slot_hash(address, *slot);
                self.slots.change(hash, &(address, *slot), |versions| versions.remove(rank));
            }
        }
    }

    fn keep_code(&self, write: &AccountWrite) {
        if let Some(code) = &write.new_code
            && let Entry::Vacant(entry) = self.codes.write().entry(write.after.code_hash)
        {
            entry.insert(code.clone());
        }
    }

    fn account_hash(&self, address: Address) -> u64 {
        let [_, a, b, c] = words(address);
        self.hasher.hash_one((a, b, c))
    }

    fn slot_hash(&self, address: Address, slot: U256) -> u64 {
        let [_, a, b, c] = words(address);
        let [d, e, f, g] = slot.into_limbs();
        self.hasher.hash_one((a, b, c, d, e, f, g))
    }
}

/// Returns an address as numbers, which hash faster than bytes; the first is zero.
fn words(address: Address) -> [u64; 4] {
    let [a, b, c, zero] = U256::from_be_bytes(address.into_word().0).into_limbs();
    [zero, a, b, c]
}

#[cfg(test)]
mod tests;
