//! Keeps, per location, what each transaction of the block wrote: the multi-version memory.
//!
//! Workers read from it as of their transaction and publish what their attempts wrote; the frontier folds committed
//! transactions into one *committed* version. It answers for speed only: whether an attempt holds is decided on the
//! frontier's own state ([`crate::validation`]), so a read that races with a publication costs at most time.

use std::hash::BuildHasher;

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, DefaultHashBuilder, HashMap, hash_map::Entry},
};
use parking_lot::RwLock;
use revm::{bytecode::Bytecode, state::AccountInfo};

use crate::{
    attempt::Origin,
    base::ReadError,
    index::TxIndex,
    writes::{AccountChange, AccountWrite, WriteSet},
};

/// Independent parts, so that threads seldom meet at a lock.
const SHARD_COUNT: usize = 64;

/// Versions of all locations that the block writes.
#[derive(derive_more::Debug)]
pub struct MultiVersionMemory {
    shards: Box<[RwLock<AddressMap<Versions>>]>,
    codes: RwLock<HashMap<B256, Bytecode>>,
    #[debug(skip)]
    hasher: DefaultHashBuilder,
}

/// Versions of one account and its storage.
#[derive(Debug, Default)]
struct Versions {
    /// The account after the last committed transaction that wrote it.
    committed: Option<Option<AccountInfo>>,
    /// Whether a committed transaction emptied the storage.
    committed_reset: bool,
    /// Changes by transactions that are not committed, in block order.
    pending: Vec<(TxIndex, AccountChange)>,
    slots: HashMap<U256, SlotVersions>,
}

/// Versions of one slot.
#[derive(Debug, Default)]
struct SlotVersions {
    committed: Option<U256>,
    pending: Vec<(TxIndex, U256)>,
}

impl Default for MultiVersionMemory {
    fn default() -> Self {
        Self {
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            codes: RwLock::default(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl MultiVersionMemory {
    /// Reads an account as transaction `reader` would find it, asking `base` where the block did not set it.
    pub fn account(
        &self,
        address: Address,
        reader: TxIndex,
        base: impl FnOnce() -> Result<Option<AccountInfo>, ReadError>,
    ) -> Result<(Option<AccountInfo>, Origin), ReadError> {
        let (committed, changes) = {
            let shard = self.shard(address).read();
            let Some(versions) = shard.get(&address) else {
                drop(shard);
                return Ok((base()?, Origin::Base));
            };
            let changes: Vec<AccountChange> = versions
                .pending
                .iter()
                .take_while(|(writer, _)| *writer < reader)
                .map(|(_, change)| change.clone())
                .collect();
            (versions.committed.clone(), changes)
        };
        let origin = if committed.is_none() && changes.is_empty() { Origin::Base } else { Origin::Block };
        let start = match committed {
            Some(info) => info,
            None => base()?,
        };
        Ok((changes.iter().fold(start, |info, change| change.apply(info)), origin))
    }

    /// Reads a slot as transaction `reader` would find it; `None` where it is as in the base state.
    pub fn slot(&self, address: Address, slot: U256, reader: TxIndex) -> Option<U256> {
        let shard = self.shard(address).read();
        let versions = shard.get(&address)?;
        let reset = versions
            .pending
            .iter()
            .rev()
            .find(|(writer, change)| *writer < reader && change.resets_storage())
            .map(|(writer, _)| *writer);
        let versions_of_slot = versions.slots.get(&slot);
        let written = versions_of_slot
            .and_then(|slot| slot.pending.iter().rev().find(|(writer, _)| *writer < reader).copied());
        match (written, reset) {
            (Some((writer, value)), reset) if reset.is_none_or(|reset| reset <= writer) => Some(value),
            (_, Some(_)) => Some(U256::ZERO),
            _ => versions_of_slot
                .and_then(|slot| slot.committed)
                .or_else(|| versions.committed_reset.then_some(U256::ZERO)),
        }
    }

    /// Returns code that a transaction of the block set.
    pub fn code(&self, code_hash: B256) -> Option<Bytecode> {
        self.codes.read().get(&code_hash).cloned()
    }

    /// Publishes what an attempt wrote, in place of what earlier attempts of the same transaction wrote.
    pub fn publish(&self, writer: TxIndex, writes: &WriteSet, earlier: Option<&WriteSet>) {
        if let Some(earlier) = earlier {
            self.retract(writer, earlier);
        }
        for write in &writes.accounts {
            self.keep_code(&write.change);
            let mut shard = self.shard(write.address).write();
            let versions = shard.entry(write.address).or_default();
            insert(&mut versions.pending, writer, write.change.clone());
            for (slot, value) in &write.slots {
                insert(&mut versions.slots.entry(*slot).or_default().pending, writer, *value);
            }
        }
    }

    /// Takes back what an attempt published.
    pub fn retract(&self, writer: TxIndex, writes: &WriteSet) {
        for write in &writes.accounts {
            let mut shard = self.shard(write.address).write();
            let Some(versions) = shard.get_mut(&write.address) else { continue };
            remove(&mut versions.pending, writer);
            for (slot, _) in &write.slots {
                if let Some(slot) = versions.slots.get_mut(slot) {
                    remove(&mut slot.pending, writer);
                }
            }
        }
    }

    /// Folds a committed change into the committed version, in place of what `writer` had published there.
    ///
    /// `after` is the account as it is now, `None` where it does not exist.
    pub fn commit(&self, writer: Option<TxIndex>, write: &AccountWrite, after: Option<AccountInfo>) {
        self.keep_code(&write.change);
        let mut shard = self.shard(write.address).write();
        let versions = shard.entry(write.address).or_default();
        versions.committed = Some(after);
        if let Some(writer) = writer {
            remove(&mut versions.pending, writer);
        }
        if write.change.resets_storage() {
            versions.committed_reset = true;
            versions.slots.values_mut().for_each(|slot| slot.committed = None);
        }
        for (slot, value) in &write.slots {
            let slot = versions.slots.entry(*slot).or_default();
            slot.committed = Some(*value);
            if let Some(writer) = writer {
                remove(&mut slot.pending, writer);
            }
        }
    }

    fn keep_code(&self, change: &AccountChange) {
        let info = match change {
            AccountChange::Fields { code: Some(info), .. } | AccountChange::Created(info) => info,
            AccountChange::Fields { code: None, .. } | AccountChange::Gone => return,
        };
        if let Some(code) = &info.code
            && let Entry::Vacant(entry) = self.codes.write().entry(info.code_hash)
        {
            entry.insert(code.clone());
        }
    }

    fn shard(&self, address: Address) -> &RwLock<AddressMap<Versions>> {
        &self.shards[self.hasher.hash_one(address) as usize % SHARD_COUNT]
    }
}

/// Sets a writer's version, keeping block order.
fn insert<T>(versions: &mut Vec<(TxIndex, T)>, writer: TxIndex, value: T) {
    match versions.binary_search_by_key(&writer, |(writer, _)| *writer) {
        Ok(at) => versions[at].1 = value,
        Err(at) => versions.insert(at, (writer, value)),
    }
}

/// Removes a writer's version.
fn remove<T>(versions: &mut Vec<(TxIndex, T)>, writer: TxIndex) {
    if let Ok(at) = versions.binary_search_by_key(&writer, |(writer, _)| *writer) {
        versions.remove(at);
    }
}
