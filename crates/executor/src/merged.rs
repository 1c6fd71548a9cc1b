//! Holds the block's state on the frontier, merging what consecutive transactions change before revm's `State` sees it.
//!
//! revm's `State` takes a transaction's changes at a cost: it moves the account in its cache, and keeps a transition for
//! the bundle and its reverts. Where transactions change balances, nonces and slots only, the transitions of many are
//! those of one that changed it all: the first's `previous_info`, the last's `info`, and of each slot the first's
//! original and the last's present value (revm-database 42, `TransitionAccount::update`, `CacheAccount::change`). So
//! those changes wait here, as one revm [`EvmState`], and are committed together: before anything else is committed
//! ([`Shape::Particular`]), and at the end.
//!
//! What waits here and what revm's `State` holds are together the committed state, against which attempts are
//! validated.

use alloy_primitives::{Address, B256, U256, map::hash_map::Entry};
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    database::State,
    state::{Account, AccountInfo, EvmState, EvmStorageSlot, TransactionId},
};

use crate::{
    attempt::{AccountRead, Attempt, Origin, Shape, SlotRead},
    stats::Location,
    validation::{Trust, Validity, can_rebase},
    writes::{AccountChange, AccountWrite, SlotWrite},
};

/// The state of a block that is executed in one call.
#[derive(Debug)]
pub struct MergedState<DB> {
    state: State<DB>,
    mode: Mode,
    /// Changes that wait, one transaction's by their look.
    pending: EvmState,
    /// Whether the next commit was applied already.
    applied: bool,
    /// Accounts as they were before the attempt that was validated last, where nothing of them waits; in the order of
    /// its writes.
    starts: Vec<Option<Option<AccountInfo>>>,
    /// The state of the attempt that was applied last.
    spent: Option<EvmState>,
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
            pending: EvmState::default(),
            applied: false,
            starts: Vec::new(),
            spent: None,
        }
    }

    /// Begins to merge, unless somebody observes each transaction's changes.
    pub fn begin_merging(&mut self) {
        let is_observed = self.state.state_hook.is_some()
            || self.state.bal_state.bal.is_some()
            || self.state.bal_state.bal_builder.is_some();
        if !is_observed {
            self.mode = Mode::Merging;
        }
    }

    /// Whether changes are merged.
    pub fn is_merging(&self) -> bool {
        self.mode == Mode::Merging
    }

    /// Commits what waits and merges no more.
    pub fn end_merging(&mut self) {
        self.flush();
        self.mode = Mode::Direct;
    }

    /// Returns revm's state with everything committed.
    pub fn into_state(mut self) -> State<DB> {
        self.flush();
        self.state
    }

    /// Returns revm's state.
    pub const fn state_mut(&mut self) -> &mut State<DB> {
        &mut self.state
    }

    /// Commits what waits.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.state.commit(std::mem::take(&mut self.pending));
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
            let waiting = self.pending.get(&read.address);
            let start = if waiting.is_some() { None } else { Some(actual(&mut self.state, read)?) };
            let actual = waiting.map(|account| &account.info).or_else(|| start.as_ref()?.as_ref());
            let write = writes.next_if(|write| write.address == read.address);
            let holds = needs.hold(read.seen.as_ref(), actual)
                && write.is_none_or(|write| can_rebase(write, actual));
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
        let account = self.pending.get(&read.address);
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
    pub fn apply<H>(&mut self, attempt: &mut Attempt<H>, mut mend: impl FnMut(Address, &AccountInfo)) {
        let mut slots = attempt.writes.slots.as_slice();
        for (write, start) in attempt.writes.accounts.iter_mut().zip(self.starts.drain(..)) {
            let (own, others) = slots.split_at(write.slot_count);
            slots = others;
            let account = match self.pending.entry(write.address) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(account(start.flatten())),
            };
            change(account, write, own);
            if account.info.balance != write.after.balance || account.info.nonce != write.after.nonce {
                mend(write.address, &account.info);
            }
        }
        self.applied = true;
    }

    /// Merges changes that all are plain; gives back others.
    fn merge(&mut self, changes: EvmState) -> Result<(), EvmState> {
        if changes.values().any(|account| Shape::of(account) == Shape::Particular) {
            return Err(changes);
        }
        for (address, new) in changes.into_iter().filter(|(_, account)| account.is_touched()) {
            match self.pending.entry(address) {
                Entry::Vacant(entry) => {
                    entry.insert(new);
                }
                Entry::Occupied(mut entry) => {
                    let account = entry.get_mut();
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

/// Returns the account that a read of an account of which nothing waits finds now.
fn actual<DB: Database>(
    state: &mut State<DB>,
    read: &AccountRead,
) -> Result<Option<AccountInfo>, <State<DB> as Database>::Error> {
    if read.origin == Origin::Base && !state.cache.accounts.contains_key(&read.address) {
        return Ok(read.found());
    }
    state.basic(read.address)
}

/// Returns an account as revm's journal loads it.
fn account(info: Option<AccountInfo>) -> Account {
    let mut account = info.map_or_else(|| Account::new_not_existing(TransactionId::ZERO), Account::from);
    account.mark_touch();
    account
}

/// Changes an account as a transaction did.
fn change(account: &mut Account, write: &mut AccountWrite, slots: &[SlotWrite]) {
    let info = &mut account.info;
    // Validation has seen that the balance stays in its range.
    info.balance = write.balance.checked_apply(info.balance).unwrap_or(info.balance);
    if write.change == AccountChange::Nonce {
        info.nonce = write.after.nonce;
    }
    if write.after.code.is_some() {
        info.code = write.after.code.take();
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
        match self.pending.get(&address) {
            Some(account) => Ok(Some(account.info.clone())),
            None => self.state.basic(address),
        }
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Self::Error> {
        self.state.code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        if let Some(account) = self.pending.get(&address) {
            if let Some(slot) = account.storage.get(&slot) {
                return Ok(slot.present_value);
            }
            // revm's `State` forgets the storage of such an account once it has seen it changed.
            if account.original_info().has_no_code_and_nonce() {
                self.flush();
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
        let changes = match self.mode {
            Mode::Merging => self.merge(changes),
            Mode::Direct => Err(changes),
        };
        if let Err(changes) = changes {
            self.flush();
            self.state.commit(changes);
        }
    }
}
