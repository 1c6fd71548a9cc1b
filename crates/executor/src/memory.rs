//! Keeps, per location, what each transaction of the block wrote: the multi-version memory.
//!
//! Workers read from it as of their transaction and publish what their attempts wrote. The memory answers for speed
//! only: whether an attempt holds is decided on the frontier's own state ([`crate::validation`], [`crate::merged`]), so
//! a read that races with a publication costs at most time. For the same reason an account's version is the account as
//! its writer left it, even where that writer did not see all credits before it; the frontier mends such a version
//! when it commits the writer.

use std::{collections::VecDeque, hash::BuildHasher};

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
        atomic::{AtomicU64, Ordering},
    },
    writes::{AccountChange, AccountWrite, WriteSet},
};

/// Independent parts, so that threads seldom meet at a lock; few in models, which are to meet.
const SHARD_COUNT: usize = if cfg!(loom) { 1 } else { 64 };

/// Hashes locations; in models in the same way every time.
#[cfg(not(any(loom, feature = "shuttle")))]
type Hasher = alloy_primitives::map::DefaultHashBuilder;
#[cfg(any(loom, feature = "shuttle"))]
type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// Words of the filter; 64 locations a word, so that of some thousand written locations few share a bit with others.
const FILTER_WORDS: usize = if cfg!(loom) { 1 } else { 1024 };

/// Versions of all locations that the block writes.
#[derive(derive_more::Debug)]
pub struct MultiVersionMemory {
    shards: Box<[RwLock<Shard>]>,
    codes: RwLock<HashMap<B256, Bytecode>>,
    fee_recipient: Option<Address>,
    #[debug(skip)]
    filter: Filter,
    #[debug(skip)]
    hasher: Hasher,
}

/// Tells locations that were never written from those that may have been, without a lock.
struct Filter(Box<[AtomicU64]>);

/// A writer's place in the block: 0 before its first transaction, then one more than the transaction's index.
type Rank = usize;

#[derive(Debug, Default)]
struct Shard {
    accounts: AddressMap<AccountVersions>,
    slots: HashMap<(Address, U256), VecDeque<(Rank, U256)>>,
}

/// Versions of one account; `None` where it does not exist.
#[derive(Debug, Default)]
struct AccountVersions {
    versions: VecDeque<(Rank, Option<AccountVersion>)>,
    /// Writers that emptied the storage.
    resets: SmallVec<[Rank; 1]>,
}

/// One version of an account that exists.
#[derive(Clone, Debug)]
struct AccountVersion {
    fields: AccountFields,
    /// Its code, where the writer set it.
    code: Option<Bytecode>,
}

impl Filter {
    fn new() -> Self {
        Self((0..FILTER_WORDS).map(|_| AtomicU64::new(0)).collect())
    }

    // Relaxed, both: a reader that misses a bit reads as if it had come a moment earlier.
    fn add(&self, hash: u64) {
        let (word, bit) = self.place(hash);
        if word.load(Ordering::Relaxed) & bit == 0 {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    fn may_contain(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        word.load(Ordering::Relaxed) & bit != 0
    }

    fn place(&self, hash: u64) -> (&AtomicU64, u64) {
        (&self.0[(hash >> 6) as usize % FILTER_WORDS], 1 << (hash % 64))
    }
}

impl MultiVersionMemory {
    /// Creates an empty memory for a block with this fee recipient.
    pub fn new(fee_recipient: Option<Address>) -> Self {
        Self {
            fee_recipient,
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            codes: RwLock::default(),
            filter: Filter::new(),
            hasher: Hasher::default(),
        }
    }

    /// Reads an account as transaction `reader` would find it; `None` where the block is not known to have written it.
    pub fn account(&self, address: Address, reader: TxIndex) -> Option<Option<AccountInfo>> {
        let hash = self.hasher.hash_one(address);
        if !self.filter.may_contain(hash) {
            return None;
        }
        let shard = self.shard(hash).read();
        let versions = &shard.accounts.get(&address)?.versions;
        let (_, version) = last_before(versions, reader)?;
        Some(version.as_ref().map(|version| version.fields.with_code(version.code.clone())))
    }

    /// Reads a slot as transaction `reader` would find it; `None` where it is as in the base state.
    pub fn slot(&self, address: Address, slot: U256, reader: TxIndex) -> Option<U256> {
        let hash = self.hasher.hash_one(address);
        let was_written = self.filter.may_contain(self.slot_hash(hash, slot));
        if !was_written && !self.filter.may_contain(reset_hash(hash)) {
            return None;
        }
        let shard = self.shard(hash).read();
        let written = shard.slots.get(&(address, slot)).and_then(|versions| last_before(versions, reader));
        let resets = shard.accounts.get(&address).map_or(&[][..], |account| &account.resets);
        let reset = resets.iter().copied().filter(|rank| *rank <= reader.0).max();
        match (written, reset) {
            (Some((rank, value)), reset) if reset.is_none_or(|reset| reset <= *rank) => Some(*value),
            (_, Some(_)) => Some(U256::ZERO),
            (_, None) => None,
        }
    }

    /// Returns code that a transaction of the block set.
    pub fn code(&self, code_hash: B256) -> Option<Bytecode> {
        self.codes.read().get(&code_hash).cloned()
    }

    /// Publishes what an attempt wrote, in place of what an earlier attempt of the same transaction wrote.
    ///
    /// Without a writer the changes are those of before the block's first transaction.
    pub fn publish(&self, writer: Option<TxIndex>, writes: &WriteSet, earlier: Option<&WriteSet>) {
        let rank = writer.map_or(0, |writer| writer.0 + 1);
        if let Some(earlier) = earlier {
            self.retract(rank, earlier);
        }
        for (write, slots) in writes.iter() {
            // Every transaction credits the fee recipient; who does no more needs no fresh balance of it.
            let is_fee = write.is_credit() && self.fee_recipient == Some(write.address);
            let is_kept = !write.is_unchanged() && !is_fee;
            if !is_kept && slots.is_empty() {
                continue;
            }
            self.keep_code(write);
            let hash = self.hasher.hash_one(write.address);
            let mut shard = self.shard(hash).write();
            if is_kept {
                self.filter.add(hash);
                let account = shard.accounts.entry(write.address).or_default();
                if write.change.resets_storage() {
                    self.filter.add(reset_hash(hash));
                    account.resets.retain(|reset| *reset != rank);
                    account.resets.push(rank);
                }
                let exists = write.change != AccountChange::Gone;
                let version = AccountVersion { fields: write.after, code: write.new_code.clone() };
                let after = exists.then_some(version);
                insert(&mut account.versions, rank, after);
            }
            for slot in slots {
                self.filter.add(self.slot_hash(hash, slot.slot));
                let versions = shard.slots.entry((write.address, slot.slot)).or_default();
                insert(versions, rank, slot.present);
            }
        }
    }

    /// Sets the account that a committed transaction really left.
    pub fn mend(&self, writer: TxIndex, address: Address, after: AccountFields) {
        let mut shard = self.shard(self.hasher.hash_one(address)).write();
        if let Some(account) = shard.accounts.get_mut(&address) {
            insert(&mut account.versions, writer.0 + 1, Some(AccountVersion { fields: after, code: None }));
        }
    }

    fn retract(&self, rank: Rank, writes: &WriteSet) {
        for (write, slots) in writes.iter() {
            let mut shard = self.shard(self.hasher.hash_one(write.address)).write();
            if let Some(account) = shard.accounts.get_mut(&write.address) {
                account.resets.retain(|reset| *reset != rank);
                remove(&mut account.versions, rank);
            }
            for slot in slots {
                if let Some(versions) = shard.slots.get_mut(&(write.address, slot.slot)) {
                    remove(versions, rank);
                }
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

    fn slot_hash(&self, account_hash: u64, slot: U256) -> u64 {
        self.hasher.hash_one((account_hash, slot))
    }

    fn shard(&self, hash: u64) -> &RwLock<Shard> {
        // Other bits than the maps inside use.
        &self.shards[(hash >> 32) as usize % SHARD_COUNT]
    }
}

/// Turns an account's hash into that of whether its storage was emptied.
const fn reset_hash(account_hash: u64) -> u64 {
    account_hash.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15
}

/// Returns the last version by a writer before `reader`.
fn last_before<T>(versions: &VecDeque<(Rank, T)>, reader: TxIndex) -> Option<&(Rank, T)> {
    // Most readers come after all writers that are known.
    match versions.back() {
        Some(last) if last.0 <= reader.0 => Some(last),
        _ => {
            let end = versions.partition_point(|(rank, _)| *rank <= reader.0);
            end.checked_sub(1).map(|last| &versions[last])
        }
    }
}

/// Sets a writer's version, keeping block order.
fn insert<T>(versions: &mut VecDeque<(Rank, T)>, rank: Rank, value: T) {
    if versions.back().is_none_or(|(last, _)| *last < rank) {
        return versions.push_back((rank, value));
    }
    match versions.binary_search_by_key(&rank, |(rank, _)| *rank) {
        Ok(at) => versions[at].1 = value,
        Err(at) => versions.insert(at, (rank, value)),
    }
}

/// Removes a writer's version.
fn remove<T>(versions: &mut VecDeque<(Rank, T)>, rank: Rank) {
    if let Ok(at) = versions.binary_search_by_key(&rank, |(rank, _)| *rank) {
        versions.remove(at);
    }
}

#[cfg(test)]
mod tests;
