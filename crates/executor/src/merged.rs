//! Holds the block's state on the frontier, merging what consecutive transactions change before revm's `State` sees it.
//!
//! revm's `State` takes a transaction's changes at a cost: it moves the account in its cache, and keeps a transition for
//! the bundle and its reverts. Where transactions change balances, nonces and slots only, the transitions of many are
//! those of one that changed it all: the first's `previous_info`, the last's `info`, and of each slot the first's
//! original and the last's present value (revm-database 42, `TransitionAccount::update`, `CacheAccount::change`). So
//! those changes wait here, and are committed together: before anything else is committed ([`Shape::Particular`]), and at
//! the end, where the block's bundle is built from them ([`crate::bundle`]).
//!
//! What waits here and what revm's `State` holds are together the committed state, against which attempts are
//! validated.

use std::mem::take;

use alloy_primitives::{Address, B256, U256, map::hash_map::Entry};
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    database::{State, TransitionState, states::bundle_state::BundleRetention},
    database_interface::bal::EvmDatabaseError,
    primitives::KECCAK_EMPTY,
    state::{Account, AccountInfo, EvmState, EvmStorageSlot, TransactionId},
};

use crate::{
    attempt::{AccountRead, Attempt, Code, Origin, Shape, SlotRead},
    bundle::{Assembly, PART_COUNT, Part, part_of},
    error::WorkerPanic,
    fields::AccountFields,
    payment::Payment,
    stats::Location,
    validation::{Trust, Validity, can_rebase},
    writes::{AccountChange, AccountWrite, SlotWrite},
};

/// The state of a block that is executed in one call.
#[derive(Debug)]
pub struct MergedState<DB> {
    state: State<DB>,
    mode: Mode,
    /// Changes that wait, one transaction's by their look; by the part of the bundle that they will be in.
    pending: [EvmState; PART_COUNT],
    /// Whether the next commit was applied already.
    applied: bool,
    /// Accounts as they were before the attempt that was validated last, where nothing of them waits; in the order of
    /// its writes.
    starts: Vec<Start>,
    /// The state of the attempt that was applied last.
    spent: Option<EvmState>,
}

/// Whether nobody observes each transaction's changes to a state: no hook, no block access list.
pub const fn can_merge<DB>(state: &State<DB>) -> bool {
    state.state_hook.is_none() && state.bal_state.bal.is_none() && state.bal_state.bal_builder.is_none()
}

/// Whether something was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was.
    Yes,
    /// It was not; nothing changed.
    No,
}

/// What is known of an account before an attempt.
#[derive(Debug)]
enum Start {
    /// Changes of it wait.
    Waiting,
    /// It is as it was before the block, its code apart.
    Base(Option<AccountFields>),
    /// revm's `State` has it.
    Committed(Option<AccountInfo>),
}

impl Start {
    /// Returns an account as revm's journal loads it.
    fn into_account(self) -> Account {
        let info = match self {
            Self::Waiting => None,
            Self::Base(fields) => fields.map(|fields| as_loaded(fields.with_code(None))),
            Self::Committed(info) => info,
        };
        info.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from)
    }
}

/// What a [`MergedState`] does with changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Hands each transaction's to revm's `State`.
    #[default]
    Direct,
    /// Merges them.
    Merging,
}

impl<DB: Database> MergedState<DB> {
    /// Wraps a state; nothing is merged yet.
    pub fn new(state: State<DB>) -> Self {
        Self {
            state,
            mode: Mode::Direct,
            pending: Default::default(),
            applied: false,
            starts: Vec::new(),
            spent: None,
        }
    }

    /// Whether nobody observes each transaction's changes.
    pub fn can_merge(&self) -> bool {
        can_merge(&self.state)
    }

    /// Begins to merge, where it can.
    pub fn begin_merging(&mut self) {
        if self.can_merge() {
            self.mode = Mode::Merging;
        }
    }

    /// Whether changes are merged.
    pub fn is_merging(&self) -> bool {
        self.mode == Mode::Merging
    }

    /// Returns revm's state with everything committed and its bundle built; what it cached may be gone.
    ///
    /// # Errors
    /// If a worker panicked while it helped.
    pub(crate) fn into_bundled(mut self, assembly: &Assembly) -> Result<State<DB>, WorkerPanic> {
        let is_first = self.state.bundle_state.is_empty() && self.state.bundle_state.reverts.is_empty();
        // Accounts that were loaded go through more hands in parts than in revm's `State` itself.
        let is_mostly_new =
            self.state.cache.accounts.len() * 2 < self.pending.iter().map(|part| part.len()).sum();
        if self.is_merging()
            && is_first
            && is_mostly_new
            && let Some(seen) = self.state.transition_state.take()
        {
            let parts = self.take_parts(seen);
            self.state.bundle_state = assembly.assemble(parts)?;
            self.state.transition_state = Some(TransitionState::default());
        } else {
            self.flush();
            self.state.merge_transitions(BundleRetention::Reverts);
        }
        Ok(self.state)
    }

    /// Takes what waits and what revm's `State` has seen, in parts.
    fn take_parts(&mut self, seen: TransitionState) -> Vec<Part> {
        let mut parts: Vec<Part> =
            self.pending.iter_mut().map(|part| Part { changes: take(part), ..Part::default() }).collect();
        for (address, account) in take(&mut self.state.cache.accounts) {
            let part = &mut parts[part_of(&address)];
            if part.changes.contains_key(&address) {
                part.cached.insert(address, account);
            }
        }
        for (address, transition) in seen.transitions {
            parts[part_of(&address)].transitions.transitions.insert(address, transition);
        }
        parts
    }

    /// Returns revm's state.
    pub const fn state_mut(&mut self) -> &mut State<DB> {
        &mut self.state
    }

    /// Commits what waits of some accounts.
    pub fn flush_of<'a>(&mut self, addresses: impl IntoIterator<Item = &'a Address>) {
        let waiting: EvmState = addresses
            .into_iter()
            .filter_map(|address| self.pending[part_of(address)].remove_entry(address))
            .collect();
        if !waiting.is_empty() {
            self.state.commit(waiting);
        }
    }

    /// Commits what waits.
    pub fn flush(&mut self) {
        for part in self.pending.iter_mut().filter(|part| !part.is_empty()) {
            self.state.commit(take(part));
        }
    }

    /// Takes the state of the attempt that was applied last, for the one who made it.
    pub const fn take_spent(&mut self) -> Option<EvmState> {
        self.spent.take()
    }

    /// Validates a plain attempt's reads on the committed state.
    ///
    /// Reads from the base state that the block did not write are valid without a look.
    pub fn validate<H>(
        &mut self,
        attempt: &Attempt<H>,
        trust: Trust,
    ) -> Result<Validity, <State<DB> as Database>::Error> {
        debug_assert_eq!(attempt.shape, Shape::Plain);
        for (number, hash) in &attempt.reads.block_hashes {
            if self.state.block_hash(*number)? != *hash {
                return Ok(Validity::Conflict(Location::BlockHash(*number)));
            }
        }
        let looks = !trust.is_blind();
        for read in &attempt.reads.slots {
            if looks && !self.slot_holds(read)? {
                return Ok(Validity::Conflict(Location::Slot(read.address, read.slot)));
            }
        }
        self.starts.clear();
        let mut writes = attempt.writes.accounts.iter().peekable();
        for (read, needs) in attempt.reads.accounts.iter().zip(&attempt.needs) {
            let (start, actual) = match self.pending[part_of(&read.address)].get(&read.address) {
                Some(account) => (Start::Waiting, existing(account).map(AccountFields::from)),
                None => start(&mut self.state, read)?,
            };
            let write = writes.next_if(|write| write.address == read.address);
            let holds = needs.hold(read.seen, actual) && write.is_none_or(|write| can_rebase(write, actual));
            if looks && !holds {
                return Ok(Validity::Conflict(Location::Account(read.address)));
            }
            if write.is_some() {
                self.starts.push(start);
            }
        }
        Ok(Validity::Valid)
    }

    fn slot_holds(&mut self, read: &SlotRead) -> Result<bool, <State<DB> as Database>::Error> {
        let account = self.pending[part_of(&read.address)].get(&read.address);
        if let Some(slot) = account.and_then(|account| account.storage.get(&read.slot)) {
            return Ok(slot.present_value == read.value);
        }
        if read.origin == Origin::Base && !self.state.cache.accounts.contains_key(&read.address) {
            return Ok(true);
        }
        Ok(self.storage(read.address, read.slot)? == read.value)
    }

    /// Applies the attempt that was validated last; the next commit is of its state and only keeps it.
    ///
    /// Calls `mend` with every account that is left other than the attempt saw it.
    pub fn apply<H>(&mut self, attempt: &Attempt<H>, mut mend: impl FnMut(Address, AccountFields)) {
        let mut slots = attempt.writes.slots.as_slice();
        for (write, start) in attempt.writes.accounts.iter().zip(self.starts.drain(..)) {
            let (own, others) = slots.split_at(write.slot_count);
            slots = others;
            let account = match self.pending[part_of(&write.address)].entry(write.address) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(start.into_account()),
            };
            account.mark_touch();
            change(account, write, own);
            if write.code == Code::Inside && account.info.code.is_none() {
                account.info.code = code_of(&attempt.state, write);
            }
            let left = AccountFields::from(&account.info);
            if left != write.after {
                mend(write.address, left);
            }
        }
        self.applied = true;
    }

    /// Applies a payment if the committed state admits it; the next commit is of its state, which is empty.
    pub fn pay(
        &mut self,
        payment: &Payment,
        beneficiary: Address,
    ) -> Result<Applied, <State<DB> as Database>::Error> {
        debug_assert!(self.is_merging());
        let sender = AccountFields::from(&self.loaded(payment.sender)?.info);
        let admits = sender.code_hash == KECCAK_EMPTY
            && sender.nonce == payment.nonce
            && sender.balance >= payment.cost_max;
        if !admits {
            return Ok(Applied::No);
        }
        let to = AccountFields::from(&self.loaded(payment.to)?.info);
        let rewarded = AccountFields::from(&self.loaded(beneficiary)?.info);
        // Who is empty and gets nothing is removed (EIP-161) or kept by rules of its own before; and near the top of
        // their range balances do not move freely.
        let is_emptied = |account: &AccountFields, credit: U256| account.is_empty() && credit.is_zero();
        if to.code_hash != KECCAK_EMPTY
            || is_emptied(&to, payment.value)
            || is_emptied(&rewarded, payment.reward)
            || [sender, to, rewarded].iter().any(|account| account.balance.bit(255))
        {
            return Ok(Applied::No);
        }
        let account = self.loaded(payment.sender)?;
        account.info.balance -= payment.value + payment.fee;
        account.info.nonce += 1;
        account.mark_touch();
        account.info.code.get_or_insert_default();
        let account = self.loaded(payment.to)?;
        account.info.balance += payment.value;
        account.mark_touch();
        account.info.code.get_or_insert_default();
        let account = self.loaded(beneficiary)?;
        account.info.balance += payment.reward;
        account.mark_touch();
        self.applied = true;
        Ok(Applied::Yes)
    }

    /// Adds to the balance of an account that a payment changed.
    #[cfg(feature = "fault-injection")]
    pub(crate) fn falsify_balance(&mut self, address: Address, excess: U256) {
        if let Some(account) = self.pending[part_of(&address)].get_mut(&address) {
            account.info.balance = account.info.balance.wrapping_add(excess);
        }
    }

    /// Returns an account among those that wait, where it stays without a change until it is touched.
    fn loaded(&mut self, address: Address) -> Result<&mut Account, <State<DB> as Database>::Error> {
        match self.pending[part_of(&address)].entry(address) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let info =
                    if self.state.use_preloaded_bundle || self.state.cache.accounts.contains_key(&address) {
                        self.state.basic(address)?
                    } else {
                        // revm's `State` need not keep what will be committed to it.
                        let info = self.state.database.basic(address).map_err(EvmDatabaseError::Database)?;
                        info.map(as_loaded)
                    };
                let account =
                    info.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from);
                Ok(entry.insert(account))
            }
        }
    }

    /// Merges changes that all are plain; gives back others.
    fn merge(&mut self, changes: EvmState) -> Result<(), EvmState> {
        let is_plain = |account: &Account| {
            Shape::of(account, &AccountFields::from(&account.original_info())) == Shape::Plain
        };
        if !changes.values().all(is_plain) {
            return Err(changes);
        }
        for (address, new) in changes.into_iter().filter(|(_, account)| account.is_touched()) {
            match self.pending[part_of(&address)].entry(address) {
                Entry::Vacant(entry) => {
                    entry.insert(new);
                }
                Entry::Occupied(mut entry) => {
                    let account = entry.get_mut();
                    account.mark_touch();
                    let code = account.info.code.take();
                    account.info = new.info;
                    account.info.code = account.info.code.take().or(code);
                    for (slot, value) in new.storage.into_iter().filter(|(_, slot)| slot.is_changed()) {
                        set(account, slot, value.original_value, value.present_value);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns an account of the database as revm's `State` loads it: of an empty one it keeps nothing.
fn as_loaded(info: AccountInfo) -> AccountInfo {
    if info.is_empty() { AccountInfo::default() } else { info }
}

/// Returns an account's fields if it exists.
fn existing(account: &Account) -> Option<&AccountInfo> {
    (!account.is_loaded_as_not_existing_not_touched()).then_some(&account.info)
}

/// Returns what a read of an account of which nothing waits finds now.
fn start<DB: Database>(
    state: &mut State<DB>,
    read: &AccountRead,
) -> Result<(Start, Option<AccountFields>), <State<DB> as Database>::Error> {
    // An account of an earlier block's bundle has a status of its own, which revm's `State` must load.
    let is_base = read.origin == Origin::Base && read.code == Code::Apart && !state.use_preloaded_bundle;
    if is_base && !state.cache.accounts.contains_key(&read.address) {
        let found = read.found();
        return Ok((Start::Base(found), found));
    }
    let info = state.basic(read.address)?;
    let fields = info.as_ref().map(AccountFields::from);
    Ok((Start::Committed(info), fields))
}

/// Returns the code that an execution left with an account.
fn code_of(state: &EvmState, write: &AccountWrite) -> Option<Bytecode> {
    if write.after.code_hash == KECCAK_EMPTY {
        return Some(Bytecode::default());
    }
    state.get(&write.address)?.info.code.clone()
}

/// Changes an account as a transaction did.
fn change(account: &mut Account, write: &AccountWrite, slots: &[SlotWrite]) {
    let info = &mut account.info;
    // Validation has seen that the balance stays in its range.
    info.balance = write.balance.checked_apply(info.balance).unwrap_or(info.balance);
    if write.change == AccountChange::Nonce {
        info.nonce = write.after.nonce;
    }
    for slot in slots {
        set(account, slot.slot, slot.original, slot.present);
    }
}

fn set(account: &mut Account, slot: U256, original: U256, present: U256) {
    match account.storage.entry(slot) {
        Entry::Occupied(entry) => entry.into_mut().present_value = present,
        Entry::Vacant(entry) => {
            entry.insert(EvmStorageSlot::new_changed(original, present, TransactionId::ZERO));
        }
    }
}

impl<DB: Database> Database for MergedState<DB> {
    type Error = <State<DB> as Database>::Error;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
        match self.pending[part_of(&address)].get(&address) {
            Some(account) => Ok(existing(account).cloned()),
            None => self.state.basic(address),
        }
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.state.code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        if let Some(account) = self.pending[part_of(&address)].get(&address) {
            if let Some(slot) = account.storage.get(&slot) {
                return Ok(slot.present_value);
            }
            // revm's `State` forgets the storage of such an account once it has seen it changed.
            let may_be_bare = account.info.code_hash == KECCAK_EMPTY;
            if may_be_bare && account.original_info().has_no_code_and_nonce() {
                self.flush_of([&address]);
            }
        }
        Database::storage(&mut self.state, address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Self::Error> {
        self.state.block_hash(number)
    }
}

impl<DB: Database> DatabaseCommit for MergedState<DB> {
    fn commit(&mut self, changes: EvmState) {
        if std::mem::take(&mut self.applied) {
            self.spent = Some(changes);
            return;
        }
        match self.mode {
            Mode::Direct => self.state.commit(changes),
            Mode::Merging => {
                if let Err(changes) = self.merge(changes) {
                    self.flush_of(changes.keys());
                    self.state.commit(changes);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
