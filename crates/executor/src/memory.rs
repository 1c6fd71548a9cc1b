//! Keeps, per location, what each transaction of the block wrote: the multi-version memory.
//!
//! Workers read from it as of their transaction and publish what their attempts wrote. What an attempt that holds
//! published stays; what the frontier executed itself replaces all versions up to it by one *committed* version. The
//! memory answers for speed only: whether an attempt holds is decided on the
//! frontier's own state ([`crate::validation`]), so a read that races with a publication costs at most time.

use std::{
    collections::{VecDeque, vec_deque},
    hash::BuildHasher,
};

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, DefaultHashBuilder, HashMap, hash_map::Entry},
};
use parking_lot::RwLock;
use revm::{bytecode::Bytecode, state::AccountInfo};
use smallvec::SmallVec;

use crate::{
    attempt::Origin,
    base::ReadError,
    index::TxIndex,
    writes::{AccountChange, AccountWrite, WriteSet},
};

/// Independent parts, so that threads seldom meet at a lock.
const SHARD_COUNT: usize = 64;

/// Changes folded for one read from which on a sum is kept for later reads.
const FOLD_MIN: usize = 16;

/// The last of these changes are left out of the sum: they come and go while workers overtake each other.
const FOLD_LAG: usize = 8;

/// Versions of all locations that the block writes.
#[derive(derive_more::Debug)]
pub struct MultiVersionMemory {
    shards: Box<[RwLock<AddressMap<Versions>>]>,
    codes: RwLock<HashMap<B256, Bytecode>>,
    fee_recipient: Option<Address>,
    #[debug(skip)]
    hasher: DefaultHashBuilder,
}

/// Versions of one account and its storage.
#[derive(Debug, Default)]
struct Versions {
    /// The account after the last committed transaction that was folded.
    committed: Option<Option<AccountInfo>>,
    /// Whether a folded transaction emptied the storage.
    committed_reset: bool,
    /// Changes by transactions that are not folded, in block order.
    pending: VecDeque<(TxIndex, AccountChange)>,
    /// Which of them empty the storage.
    resets: SmallVec<[TxIndex; 1]>,
    /// The sum of the changes so far, kept so that a long chain is not folded for every reader.
    sum: Option<Sum>,
    /// Counts what could make a sum wrong that is being computed.
    epoch: u64,
    slots: HashMap<U256, SlotVersions>,
}

/// The account after all changes by transactions before `end`.
#[derive(Clone, Debug)]
struct Sum {
    end: TxIndex,
    info: Option<AccountInfo>,
}

/// Versions of one slot.
#[derive(Debug, Default)]
struct SlotVersions {
    committed: Option<U256>,
    pending: VecDeque<(TxIndex, U256)>,
}

impl Versions {
    /// Returns the sum or committed version to start from, and the changes to add, for a reader.
    fn changes(
        &self,
        reader: TxIndex,
    ) -> (Option<Option<AccountInfo>>, vec_deque::Iter<'_, (TxIndex, AccountChange)>) {
        let sum = self.sum.as_ref().filter(|sum| sum.end <= reader);
        let from = sum.map_or(0, |sum| self.pending.partition_point(|(writer, _)| *writer < sum.end));
        let to = self.pending.partition_point(|(writer, _)| *writer < reader);
        let start = sum.map(|sum| sum.info.clone()).or_else(|| self.committed.clone());
        (start, self.pending.range(from..to))
    }

    fn set(&mut self, writer: TxIndex, change: AccountChange) {
        self.unset(writer);
        if change.resets_storage() {
            self.resets.push(writer);
        }
        let at = self.pending.partition_point(|(other, _)| *other < writer);
        self.pending.insert(at, (writer, change));
    }

    fn unset(&mut self, writer: TxIndex) {
        self.sum = self.sum.take().filter(|sum| sum.end <= writer);
        self.epoch += 1;
        self.resets.retain(|reset| *reset != writer);
        remove(&mut self.pending, writer);
    }

    /// Drops the changes of a committed writer and of all before it; their sum is in `committed` already.
    fn fold(&mut self, writer: TxIndex) {
        self.sum = None;
        self.epoch += 1;
        while self.pending.front().is_some_and(|(front, _)| *front <= writer) {
            self.pending.pop_front();
        }
        let folded = self.resets.iter().copied().filter(|reset| *reset <= writer).max();
        self.resets.retain(|reset| *reset > writer);
        let Some(reset) = folded else { return };
        self.committed_reset = true;
        for slot in self.slots.values_mut() {
            slot.committed = None;
            while slot.pending.front().is_some_and(|(front, _)| *front < reset) {
                slot.pending.pop_front();
            }
        }
    }
}

impl MultiVersionMemory {
    /// Creates an empty memory for a block with this fee recipient.
    pub fn new(fee_recipient: Option<Address>) -> Self {
        Self {
            fee_recipient,
            shards: (0..SHARD_COUNT).map(|_| RwLock::default()).collect(),
            codes: RwLock::default(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Reads an account as transaction `reader` would find it, asking `base` where the block did not set it.
    pub fn account(
        &self,
        address: Address,
        reader: TxIndex,
        base: impl FnOnce() -> Result<Option<AccountInfo>, ReadError>,
    ) -> Result<(Option<AccountInfo>, Origin), ReadError> {
        let shard = self.shard(address).read();
        let Some(versions) = shard.get(&address) else {
            drop(shard);
            return Ok((base()?, Origin::Base));
        };
        let (start, changes) = versions.changes(reader);
        let (count, is_known) = (changes.len(), start.is_some());
        let epoch = versions.epoch;
        let (info, sum) = match start {
            Some(start) => {
                let folded = fold(start, changes, count);
                drop(shard);
                folded
            }
            None => {
                let changes: SmallVec<[_; 4]> = changes.cloned().collect();
                drop(shard);
                fold(base()?, changes.iter(), count)
            }
        };
        if let Some(sum) = sum {
            self.keep_sum(address, epoch, sum);
        }
        Ok((info, if count == 0 && !is_known { Origin::Base } else { Origin::Block }))
    }

    /// Keeps a sum unless something below its end changed since `epoch`.
    fn keep_sum(&self, address: Address, epoch: u64, sum: Sum) {
        let mut shard = self.shard(address).write();
        if let Some(versions) = shard.get_mut(&address)
            && versions.epoch == epoch
        {
            versions.sum = Some(sum);
        }
    }

    /// Reads a slot as transaction `reader` would find it; `None` where it is as in the base state.
    pub fn slot(&self, address: Address, slot: U256, reader: TxIndex) -> Option<U256> {
        let shard = self.shard(address).read();
        let versions = shard.get(&address)?;
        let reset = versions.resets.iter().copied().filter(|writer| *writer < reader).max();
        let versions_of_slot = versions.slots.get(&slot);
        let written = versions_of_slot.and_then(|slot| {
            let end = slot.pending.partition_point(|(writer, _)| *writer < reader);
            end.checked_sub(1).map(|last| slot.pending[last])
        });
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

    /// Publishes what an attempt wrote, in place of what an earlier attempt of the same transaction wrote.
    ///
    /// Versions of attempts that hold stay when they are committed: a change is the same on whatever state it ends up.
    pub fn publish(&self, writer: TxIndex, writes: &WriteSet, earlier: Option<&WriteSet>) {
        if let Some(earlier) = earlier {
            self.retract(writer, earlier);
        }
        for write in &writes.accounts {
            self.keep_code(&write.change);
            let mut shard = self.shard(write.address).write();
            let versions = shard.entry(write.address).or_default();
            // Every transaction credits the fee recipient; who does no more needs no fresh balance of it.
            let is_credit = matches!(write.change, AccountChange::Fields { nonce: None, code: None, .. });
            if !(is_credit && self.fee_recipient == Some(write.address)) {
                versions.set(writer, write.change.clone());
            }
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
            versions.unset(writer);
            for (slot, _) in &write.slots {
                if let Some(slot) = versions.slots.get_mut(slot) {
                    remove(&mut slot.pending, writer);
                }
            }
        }
    }

    /// Folds a change that the frontier committed, and all before it, into the committed version of an account and its
    /// slots.
    ///
    /// `after` is the account as it is now, `None` where it does not exist. Without a writer the change is one of
    /// before the block's first transaction.
    pub fn commit(&self, writer: Option<TxIndex>, write: &AccountWrite, after: Option<AccountInfo>) {
        self.keep_code(&write.change);
        let mut shard = self.shard(write.address).write();
        let versions = shard.entry(write.address).or_default();
        versions.committed = Some(after);
        if let Some(writer) = writer {
            versions.set(writer, write.change.clone());
            versions.fold(writer);
        } else if write.change.resets_storage() {
            versions.committed_reset = true;
        }
        for (slot, value) in &write.slots {
            let slot = versions.slots.entry(*slot).or_default();
            slot.committed = Some(*value);
            slot.pending.retain(|(pending, _)| writer.is_some_and(|writer| *pending > writer));
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

/// Adds changes to what was before them; also returns a sum worth keeping, where there are many.
fn fold<'a>(
    start: Option<AccountInfo>,
    changes: impl Iterator<Item = &'a (TxIndex, AccountChange)>,
    count: usize,
) -> (Option<AccountInfo>, Option<Sum>) {
    let kept = (count >= FOLD_MIN).then(|| count - FOLD_LAG);
    let (mut info, mut sum) = (start, None);
    for (at, (writer, change)) in changes.enumerate() {
        if kept == Some(at) {
            sum = Some(Sum { end: *writer, info: info.clone() });
        }
        info = change.apply(info);
    }
    (info, sum)
}

/// Sets a writer's version, keeping block order.
fn insert<T>(versions: &mut VecDeque<(TxIndex, T)>, writer: TxIndex, value: T) {
    match versions.binary_search_by_key(&writer, |(writer, _)| *writer) {
        Ok(at) => versions[at].1 = value,
        Err(at) => versions.insert(at, (writer, value)),
    }
}

/// Removes a writer's version.
fn remove<T>(versions: &mut VecDeque<(TxIndex, T)>, writer: TxIndex) {
    if let Ok(at) = versions.binary_search_by_key(&writer, |(writer, _)| *writer) {
        versions.remove(at);
    }
}

#[cfg(test)]
mod tests;
