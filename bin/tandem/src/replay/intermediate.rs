//! Computes the state roots that receipts carry before Byzantium.

use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, keccak256};
use revm::state::{Account, AccountInfo, EvmState};
use tandem_chain::state_root;
use tandem_compare::{Engine, Observe, ParentState, Place, Reference};
use tandem_corpus::{Case, PlainState};
use tandem_state::{
    AccountUpdate, StateUpdate, StorageBase, StorageUpdate, WitnessError, WitnessState, update::hash_slot,
};

/// Returns the state root after each transaction of a block, where its receipts carry them (before EIP-658).
///
/// The block is executed sequentially once more, and each transaction's changes are applied to the parent state.
pub(crate) fn roots(case: &Case) -> Option<Vec<B256>> {
    let (spec, number) = (&case.spec, case.block.header.number);
    if spec.is_byzantium_active_at_block(number) {
        return None;
    }
    let clears_empty = spec.is_spurious_dragon_active_at_block(number);
    let mut state = (*case.state).clone();
    let mut roots = Vec::with_capacity(case.block.transactions.len());
    for commit in Reference::default().execute(case, Observe::Commits).trace?.commits {
        apply(&mut state, &commit.state, clears_empty);
        if matches!(commit.place, Some(Place::Transaction(_))) {
            roots.push(state_root(&state));
        }
    }
    Some(roots)
}

/// Returns the same of a block on a witness; fails where the witness does not reach.
pub(crate) fn witnessed_roots(case: &Case<WitnessState>) -> Result<Option<Vec<B256>>, WitnessError> {
    let Some(updates) = updates(case) else { return Ok(None) };
    updates.into_iter().map(|update| case.state.root_after(update)).collect::<Result<_, _>>().map(Some)
}

/// Returns what each transaction and those before it change, where receipts carry the roots after that.
pub(crate) fn updates<S: ParentState>(case: &Case<S>) -> Option<Vec<StateUpdate>> {
    let (spec, number) = (&case.spec, case.block.header.number);
    if spec.is_byzantium_active_at_block(number) {
        return None;
    }
    let clears_empty = spec.is_spurious_dragon_active_at_block(number);
    let mut update = StateUpdate::default();
    let mut updates = Vec::with_capacity(case.block.transactions.len());
    for commit in Reference::default().execute(case, Observe::Commits).trace?.commits {
        add(&mut update, &commit.state, clears_empty);
        if matches!(commit.place, Some(Place::Transaction(_))) {
            updates.push(update.clone());
        }
    }
    Some(updates)
}

/// Adds what one transaction changed to what those before it did.
fn add(update: &mut StateUpdate, changes: &EvmState, clears_empty: bool) {
    for (address, account) in changes.iter().filter(|(_, account)| account.is_touched()) {
        let key = keccak256(address);
        if account.is_selfdestructed() || (clears_empty && account.is_empty()) {
            update.accounts.insert(key, AccountUpdate::removed());
            continue;
        }
        let unchanged = || AccountUpdate { account: None, storage: StorageUpdate::default(), before: None };
        let changed = update.accounts.entry(key).or_insert_with(unchanged);
        if account.is_created() {
            changed.storage = StorageUpdate { base: StorageBase::Wiped, ..StorageUpdate::default() };
        }
        changed.account = Some((&account.info).into());
        let slots = account.changed_storage_slots();
        changed.storage.slots.extend(slots.map(|(slot, value)| (hash_slot(*slot), value.present_value)));
    }
}

/// Applies what one transaction changed; EIP-161 removes accounts that it left empty.
fn apply(state: &mut PlainState, changes: &EvmState, clears_empty: bool) {
    for (address, account) in changes.iter().filter(|(_, account)| account.is_touched()) {
        if account.is_selfdestructed() || (clears_empty && account.is_empty()) {
            state.accounts.remove(address);
        } else {
            set(state, *address, account);
        }
    }
}

fn set(state: &mut PlainState, address: Address, account: &Account) {
    let plain = state.accounts.entry(address).or_default();
    if account.is_created() {
        plain.storage.clear();
    }
    plain.info = AccountInfo { code: None, ..account.info.clone() };
    for (slot, value) in account.changed_storage_slots() {
        if value.present_value.is_zero() {
            plain.storage.remove(slot);
        } else {
            plain.storage.insert(*slot, value.present_value);
        }
    }
}
