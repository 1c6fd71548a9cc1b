//! Decides on committed state whether an attempt holds, and moves it onto that state.
//!
//! This is the only authority over speculation. Accounts are compared field by field, as far as the execution needed
//! them; slots by value. What the execution did not need (a balance that was only credited, a nonce that others
//! bump) is then moved: the attempt's result becomes the very `EvmState` that sequential execution would have returned.

use alloy_primitives::{Address, U256, map::HashSet};
use revm::{
    Database,
    state::{Account, AccountInfo, AccountStatus, EvmState},
};

use crate::{
    attempt::{AccountRead, Attempt, Origin},
    fields::AccountFields,
    index::TxIndex,
    memory::MultiVersionMemory,
    stats::Location,
    writes::{AccountChange, AccountWrite, BalanceDelta},
};

/// Slots and accounts written by committed transactions of the block.
#[derive(Debug, Default)]
pub struct Written {
    accounts: HashSet<Address>,
    slots: HashSet<(Address, U256)>,
    resets: HashSet<Address>,
}

impl Written {
    /// Notes what a committed transaction wrote, as revm's `CacheState` applies it.
    ///
    /// Storage counts as emptied too where revm takes an account that had neither nonce nor code for a new one once it
    /// is touched: it answers zero from then on for slots that it has not loaded (`AccountStatus::on_changed`).
    pub fn add(&mut self, state: &EvmState) {
        for (address, account) in state.iter().filter(|(_, account)| account.is_touched()) {
            self.accounts.insert(*address);
            let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots.extend(changed.map(|(slot, _)| (*address, *slot)));
            if account.is_created()
                || account.is_selfdestructed()
                || account.is_empty()
                || account.original_info().has_no_code_and_nonce()
            {
                self.resets.insert(*address);
            }
        }
    }

    fn contains_account(&self, address: Address) -> bool {
        self.accounts.contains(&address)
    }

    fn contains_slot(&self, address: Address, slot: U256) -> bool {
        self.slots.contains(&(address, slot)) || (!self.resets.is_empty() && self.resets.contains(&address))
    }
}

/// Whether attempts are validated at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// They are.
    #[default]
    Nothing,
    /// They are not: every attempt is committed as it is. For showing that comparison sees it.
    #[cfg(feature = "fault-injection")]
    Everything,
}

impl Trust {
    /// Whether attempts are committed without a look.
    pub const fn is_blind(self) -> bool {
        match self {
            Self::Nothing => false,
            #[cfg(feature = "fault-injection")]
            Self::Everything => true,
        }
    }
}

/// What validation found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// The attempt holds, and its result is now what sequential execution returns.
    Valid,
    /// It does not; the first location that differs.
    Conflict(Location),
}

/// Validates an attempt on `db`, the frontier's state, and moves its result onto it.
///
/// Reads from the base state that no committed transaction wrote are valid without a look; accounts that the attempt
/// touched are looked at all the same, because revm's `State` wants them loaded before they are committed. Where it is
/// not known what was written, everything is looked at.
pub fn validate<DB: Database, H>(
    db: &mut DB,
    written: Option<&Written>,
    attempt: &mut Attempt<H>,
    trust: Trust,
) -> Result<Validity, DB::Error> {
    if trust.is_blind() {
        for read in &attempt.reads.accounts {
            db.basic(read.address)?;
        }
        return Ok(Validity::Valid);
    }
    for (number, hash) in &attempt.reads.block_hashes {
        if db.block_hash(*number)? != *hash {
            return Ok(Validity::Conflict(Location::BlockHash(*number)));
        }
    }
    for read in &attempt.reads.slots {
        if read.origin == Origin::Base
            && written.is_some_and(|written| !written.contains_slot(read.address, read.slot))
        {
            continue;
        }
        if db.storage(read.address, read.slot)? != read.value {
            return Ok(Validity::Conflict(Location::Slot(read.address, read.slot)));
        }
    }
    for (read, needs) in attempt.reads.accounts.iter().zip(&attempt.needs) {
        let Some(account) = attempt.state.get_mut(&read.address) else {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        };
        let is_unwritten = read.origin == Origin::Base
            && written.is_some_and(|written| !written.contains_account(read.address));
        if is_unwritten && !account.is_touched() {
            continue;
        }
        let actual = db.basic(read.address)?;
        if !needs.hold(read.seen, actual.as_ref().map(AccountFields::from)) {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        }
        carry_code(account, actual.as_ref());
        if !rebase(account, read, actual) {
            return Ok(Validity::Conflict(Location::Account(read.address)));
        }
    }
    Ok(Validity::Valid)
}

/// Keeps code that the frontier's state has at hand.
///
/// revm's `State` keeps code that earlier transactions set in the account and nowhere else; an attempt that did not need
/// the code read the account without it.
fn carry_code(account: &mut Account, actual: Option<&AccountInfo>) {
    if let Some(actual) = actual
        && account.info.code.is_none()
        && account.info.code_hash == actual.code_hash
    {
        account.info.code.clone_from(&actual.code);
    }
}

/// Moves an account's outcome from the state it was computed on to the actual one.
///
/// Returns whether it could: a balance that would leave its range, or an account that would become empty, cannot be
/// moved, because the execution might have gone another way.
fn rebase(account: &mut Account, read: &AccountRead, actual: Option<AccountInfo>) -> bool {
    if read.seen == actual.as_ref().map(AccountFields::from) {
        return true;
    }
    let seen = read.seen.unwrap_or(AccountFields::ABSENT);
    account.status.set(AccountStatus::LoadedAsNotExisting, actual.is_none());
    let start = actual.unwrap_or_default();
    // Near the top a credit in the middle of the execution could have overflowed.
    if start.balance.bit(255) {
        return false;
    }
    let delta = BalanceDelta::between(seen.balance, account.info.balance);
    let Some(balance) = delta.checked_apply(start.balance) else { return false };
    account.info.balance = balance;
    if account.info.nonce == seen.nonce {
        account.info.nonce = start.nonce;
    }
    *account.original_info_mut() = start;
    !account.is_empty()
}

/// Whether a plain change can be moved to the actual account; the rules of [`rebase`].
pub fn can_rebase(write: &AccountWrite, actual: Option<AccountFields>) -> bool {
    let mut fields = actual.unwrap_or(AccountFields::ABSENT);
    if fields.balance.bit(255) {
        return false;
    }
    let Some(balance) = write.balance.checked_apply(fields.balance) else { return false };
    fields.balance = balance;
    if write.change == AccountChange::Nonce {
        fields.nonce = write.after.nonce;
    }
    !fields.is_empty()
}

/// Whether an attempt's reads still agree with the memory, as far as that tells; a hint.
pub fn is_fresh<H>(memory: &MultiVersionMemory, index: TxIndex, attempt: &Attempt<H>) -> bool {
    let slots_agree =
        attempt.reads.slots.iter().all(|read| match memory.slot(read.address, read.slot, index) {
            Some(value) => value == read.value,
            None => read.origin == Origin::Base,
        });
    slots_agree
        && attempt.reads.accounts.iter().zip(&attempt.needs).all(|(read, needs)| {
            match memory.account(read.address, index) {
                Some(info) => needs.hold(read.seen, info.as_ref().map(AccountFields::from)),
                None => true,
            }
        })
}

#[cfg(test)]
mod tests;
