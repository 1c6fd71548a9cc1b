//! Remembers what was before each block, and leads back.

use std::num::NonZeroUsize;

use alloy_primitives::B256;

use super::{
    BlockId, TrieView, blocks,
    engine::{Snapshot, Table, WriteSet},
    keys,
    open::read_head,
    values,
    view::StateView,
};
use crate::{
    error::StateError,
    trie::{Before, TrieUpdate, update_root},
    update::{AccountUpdate, StateUpdate, StorageBase, StorageUpdate},
};

/// Puts the values that a block's update replaces. `parent` is the state before it, `known` what its tries said of it.
pub(super) fn put(
    writes: &mut WriteSet,
    parent: &StateView,
    number: u64,
    update: &StateUpdate,
    known: &Before,
) -> Result<(), StateError> {
    for (address, change) in &update.accounts {
        let before = match known.accounts.get(address) {
            Some(before) => *before,
            None => parent.account(*address)?,
        };
        let before = before.map(|account| values::encode_account(&account));
        writes.put(Table::Changes, keys::account_change(number, *address), before.unwrap_or_default());
        let known = known.slots.get(address);
        let mut put_slot = |slot: &B256, value| {
            writes.put(
                Table::Changes,
                keys::slot_change(number, *address, *slot),
                values::encode_slot(value),
            );
        };
        if change.storage.base == StorageBase::Wiped {
            let before = parent.storage(*address)?;
            for slot in change.storage.slots.keys() {
                put_slot(slot, before.get(slot).copied().unwrap_or_default());
            }
            before.iter().for_each(|(slot, value)| put_slot(slot, *value));
        } else {
            for slot in change.storage.slots.keys() {
                match known.and_then(|known| known.get(slot)) {
                    Some(before) => put_slot(slot, *before),
                    None => put_slot(slot, parent.slot(*address, *slot)?),
                }
            }
        }
    }
    Ok(())
}

/// Removes the change set of a block.
pub(super) fn remove(writes: &mut WriteSet, snapshot: &Snapshot, number: u64) -> Result<(), StateError> {
    let prefix = keys::number(number);
    writes.remove_prefix(Table::Changes, &prefix);
    for entry in snapshot.prefix(Table::Changes, &prefix) {
        writes.remove(Table::Changes, &entry?.0[..]);
    }
    Ok(())
}

/// A block of the past, with what leads from the head's state back to its own.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) block: BlockId,
    pub(super) update: StateUpdate,
    state_root: B256,
}

/// Finds the way back to the state after a canonical block; none if that is the head.
pub(super) fn past(snapshot: &Snapshot, number: u64) -> Result<Option<Past>, StateError> {
    let head = read_head(snapshot)?;
    if number < head.oldest_state || number > head.number {
        return Err(StateError::NoState { number, oldest: head.oldest_state, newest: head.number });
    }
    if number == head.number {
        return Ok(None);
    }
    let hash = blocks::canonical_hash(snapshot, number)?.ok_or(StateError::NoBlockHash(number))?;
    let header = blocks::header(snapshot, hash)?.ok_or(StateError::NoBlock(hash))?;
    let mut update = StateUpdate::default();
    for changed in number + 1..=head.number {
        collect(snapshot, changed, &mut update)?;
    }
    // Storage that grew on an account that was not there is named slot by slot; its removal says it all.
    for change in update.accounts.values_mut().filter(|change| change.account.is_none()) {
        *change = AccountUpdate::removed();
    }
    Ok(Some(Past { block: BlockId { number, hash }, update, state_root: header.state_root }))
}

impl Past {
    /// Computes the tries of the past from those of the head.
    pub(super) fn tries(&self, head: &TrieView, threads: NonZeroUsize) -> Result<TrieUpdate, StateError> {
        let tries = update_root(head, head.root(), &self.update, threads)?;
        if tries.root != self.state_root {
            return Err(StateError::Invariant(format!(
                "the change sets lead to state root {} at block {}, whose header says {}",
                tries.root, self.block.number, self.state_root
            )));
        }
        Ok(tries)
    }
}

/// Adds the change set of a block to those of earlier blocks, which count more.
fn collect(snapshot: &Snapshot, number: u64, update: &mut StateUpdate) -> Result<(), StateError> {
    let damaged = || snapshot.damaged(format!("the change set of block {number} cannot be decoded"));
    for entry in snapshot.prefix(Table::Changes, &keys::number(number)) {
        let (key, value) = entry?;
        let (kind, key) = key[8..].split_first().ok_or_else(damaged)?;
        match (kind, key.len()) {
            (0, 32) => {
                let account = match &value[..] {
                    [] => None,
                    value => Some(values::decode_account(value).ok_or_else(damaged)?),
                };
                let change = AccountUpdate { account, storage: StorageUpdate::default(), before: None };
                update.accounts.entry(B256::from_slice(key)).or_insert(change);
            }
            (1, 64) => {
                let (address, slot) = key.split_at(32);
                let change = update.accounts.get_mut(&B256::from_slice(address)).ok_or_else(damaged)?;
                let value = values::decode_slot(&value).ok_or_else(damaged)?;
                change.storage.slots.entry(B256::from_slice(slot)).or_insert(value);
            }
            _ => return Err(damaged()),
        }
    }
    Ok(())
}
