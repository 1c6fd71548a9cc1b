//! Builds a block's bundle from its changes, in parts that threads build side by side.
//!
//! revm's `State` turns changes into transitions and those into bundle and reverts account by account, and no account
//! meets another (revm-database 42, `CacheState::apply_evm_state`, `TransitionState::add_transitions`,
//! `BundleState::apply_transitions_and_create_reverts`). So the same functions run on parts of the accounts, and the
//! bundles of the parts are put together. Workers that have nothing left to attempt help; the frontier builds what they
//! have not taken.

use std::mem;

use alloy_primitives::{Address, map::AddressMap};
use revm::{
    database::{
        AccountRevert, AccountStatus, BundleAccount, BundleState, CacheState, RevertToSlot, TransitionState,
        states::{
            CacheAccount, StorageSlot,
            bundle_state::BundleRetention,
            reverts::{AccountInfoRevert, Reverts},
        },
    },
    state::{Account, AccountInfo, EvmState},
};

use crate::{
    error::WorkerPanic,
    fields::AccountFields,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        spin_loop, thread,
    },
};

/// Parts of a block's accounts; enough for threads that come late to find some.
pub(crate) const PART_COUNT: usize = if cfg!(loom) { 2 } else { 8 };

/// Rounds of [`SPIN_COUNT`] for which a worker waits for the changes: some tenths of a millisecond.
const WAIT_ROUNDS: usize = if cfg!(any(loom, feature = "shuttle")) { 1 } else { 512 };

/// Spins between two looks.
const SPIN_COUNT: usize = 64;

/// Returns the part that an account is in.
pub(crate) fn part_of(address: &Address) -> usize {
    // Any byte will do; those at both ends are sometimes chosen by whoever made the address.
    usize::from(address[10]) % PART_COUNT
}

/// The changes of some accounts, with what revm's `State` knows of them.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// Changes that it has not seen, one transaction's by their look.
    pub(crate) changes: EvmState,
    /// The accounts as it has them.
    pub(crate) cached: AddressMap<CacheAccount>,
    /// What it has seen.
    pub(crate) transitions: TransitionState,
}

impl Part {
    fn build(self, bundle: &mut BundleState) {
        let Self { mut changes, cached, mut transitions } = self;
        let mut reverts = Vec::with_capacity(changes.len());
        let is_new = |address: &Address| {
            !cached.contains_key(address) && !transitions.transitions.contains_key(address)
        };
        for (address, account) in changes.extract_if(|address, account| is_new(address) && is_plain(account))
        {
            if account.is_touched()
                && let Some(revert) = add_first(bundle, address, account)
            {
                reverts.push((address, revert));
            }
        }
        let mut cache = CacheState { accounts: cached, ..CacheState::default() };
        transitions.add_transitions(cache.apply_evm_state(changes, |_, _| {}));
        bundle.apply_transitions_and_create_reverts(transitions, BundleRetention::Reverts);
        bundle.reverts.push(reverts);
    }
}

/// Whether an account keeps its storage and goes on to exist.
fn is_plain(account: &Account) -> bool {
    !account.is_selfdestructed() && !account.is_created() && !account.is_empty()
}

/// Adds a plain change of an account that neither the block nor the bundle changed before; returns its revert, if anything
/// changed.
///
/// Comes to the same as the functions of revm together. Those clone an account's fields five times on the way, and count
/// as many references to its code; the one empty code of all accounts without code is then in the way of all threads.
fn add_first(bundle: &mut BundleState, address: Address, mut account: Account) -> Option<AccountRevert> {
    let without_code = AccountFields::ABSENT.with_code(None);
    let original = mem::replace(account.original_info_mut(), without_code);
    let (original_info, previous_status) = if account.is_loaded_as_not_existing() {
        (None, AccountStatus::LoadedNotExisting)
    } else if original.is_empty() {
        (Some(AccountInfo::default()), AccountStatus::LoadedEmptyEIP161)
    } else {
        (Some(original), AccountStatus::Loaded)
    };
    let info = account.info;
    if original_info.as_ref().is_none_or(|original| original.code_hash != info.code_hash)
        && let Some(code) = &info.code
    {
        bundle.contracts.insert(info.code_hash, code.clone());
    }
    let changed: Vec<_> = account.storage.iter().filter(|(_, slot)| slot.is_changed()).collect();
    let revert = AccountRevert {
        account: match &original_info {
            None => AccountInfoRevert::DeleteIt,
            Some(original) if *original == info => AccountInfoRevert::DoNothing,
            Some(original) => AccountInfoRevert::RevertTo(original.clone()),
        },
        storage: changed.iter().map(|(key, slot)| (**key, RevertToSlot::Some(slot.original_value))).collect(),
        previous_status,
        wipe_storage: false,
    };
    if revert.is_empty() {
        return None;
    }
    let was_bare = original_info.as_ref().is_some_and(AccountInfo::has_no_code_and_nonce);
    let present = BundleAccount {
        info: Some(info),
        original_info,
        storage: changed
            .iter()
            .map(|(key, slot)| (**key, StorageSlot::new_changed(slot.original_value, slot.present_value)))
            .collect(),
        status: previous_status.on_changed(was_bare),
    };
    bundle.state_size += present.size_hint();
    bundle.reverts_size += revert.size_hint();
    bundle.state.insert(address, present);
    Some(revert)
}

/// How far a block is.
mod stage {
    /// Nobody says that there will be parts to build.
    pub(super) const UNKNOWN: usize = 0;
    /// There will be.
    pub(super) const EXPECTED: usize = 1;
    /// There are.
    pub(super) const OPEN: usize = 2;
    /// There are none any more.
    pub(super) const CLOSED: usize = 3;
}

/// Where threads build a block's bundle together.
#[derive(Debug)]
pub(crate) struct Assembly {
    stage: AtomicUsize,
    parts: Mutex<Vec<Part>>,
    /// Workers that are at parts.
    helpers: AtomicUsize,
    /// What workers built, with the number of parts in it.
    built: Mutex<Vec<(usize, BundleState)>>,
}

/// Lets workers wait for parts as long as it lives.
#[derive(Debug)]
pub(crate) struct Expecting<'a>(&'a Assembly);

impl Drop for Expecting<'_> {
    fn drop(&mut self) {
        self.0.stage.store(stage::CLOSED, Ordering::Relaxed);
    }
}

/// Counts a worker among the helpers as long as it lives, whether it panics or not.
struct Helping<'a>(&'a Assembly);

impl Drop for Helping<'_> {
    fn drop(&mut self) {
        // What the worker built is there for whoever sees that it has gone.
        self.0.helpers.fetch_sub(1, Ordering::Release);
    }
}

impl Assembly {
    /// Creates a place where nothing is expected.
    pub(crate) fn new() -> Self {
        Self {
            stage: AtomicUsize::new(stage::UNKNOWN),
            parts: Mutex::new(Vec::new()),
            helpers: AtomicUsize::new(0),
            built: Mutex::new(Vec::new()),
        }
    }

    /// Says that there will be parts.
    pub(crate) fn expect(&self) -> Expecting<'_> {
        self.stage.store(stage::EXPECTED, Ordering::Relaxed);
        Expecting(self)
    }

    /// Builds parts for the frontier, if there are any or will be soon; a worker's last work on a block.
    pub(crate) fn help(&self) {
        for _ in 0..WAIT_ROUNDS {
            // Relaxed: the lock orders what is read of the parts, and who misses them builds none.
            match self.stage.load(Ordering::Relaxed) {
                stage::EXPECTED => {
                    (0..SPIN_COUNT).for_each(|_| spin_loop());
                    thread::yield_now();
                }
                stage::OPEN => break,
                _ => return,
            }
        }
        // Relaxed: the frontier looks after it has found no more parts, under the lock that this comes before.
        self.helpers.fetch_add(1, Ordering::Relaxed);
        let helping = Helping(self);
        let mut bundle = BundleState::default();
        let count = self.build(&mut bundle);
        if count > 0 {
            self.built.lock().push((count, bundle));
        }
        drop(helping);
    }

    /// Adds parts to a bundle as long as there are any; returns how many.
    fn build(&self, bundle: &mut BundleState) -> usize {
        let mut count = 0;
        loop {
            let part = self.parts.lock().pop();
            let Some(part) = part else { return count };
            part.build(bundle);
            count += 1;
        }
    }

    /// Builds the bundle of all parts, with the workers' help.
    ///
    /// # Errors
    /// If a worker panicked at a part.
    pub(crate) fn assemble(&self, parts: Vec<Part>) -> Result<BundleState, WorkerPanic> {
        let part_count = parts.len();
        let account_count =
            parts.iter().map(|part| part.changes.len() + part.transitions.transitions.len()).sum();
        *self.parts.lock() = parts;
        self.stage.store(stage::OPEN, Ordering::Relaxed);

        let mut bundle = BundleState::default();
        bundle.state.reserve(account_count);
        let mut count = self.build(&mut bundle);
        self.stage.store(stage::CLOSED, Ordering::Relaxed);
        // Every part is in somebody's hands who was counted before.
        while self.helpers.load(Ordering::Acquire) > 0 {
            (0..SPIN_COUNT).for_each(|_| spin_loop());
            thread::yield_now();
        }
        let mut reverts = Vec::with_capacity(account_count);
        reverts.extend(mem::take(&mut *bundle.reverts).into_iter().flatten());
        for (others, mut built) in self.built.lock().drain(..) {
            count += others;
            reverts.extend(mem::take(&mut *built.reverts).into_iter().flatten());
            bundle.state.extend(built.state);
            bundle.contracts.extend(built.contracts);
            bundle.state_size += built.state_size;
            bundle.reverts_size += built.reverts_size;
        }
        if count < part_count {
            return Err(WorkerPanic { message: "while it built a part of the bundle".into() });
        }
        bundle.reverts = Reverts::new(vec![reverts]);
        Ok(bundle)
    }
}

#[cfg(all(test, not(any(loom, feature = "shuttle"))))]
mod tests;
