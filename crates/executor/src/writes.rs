//! Describes what a transaction changes, in a form that composes with changes it did not see.

use alloy_primitives::{Address, U256};
use revm::{
    bytecode::Bytecode,
    state::{Account, EvmState},
};

use crate::{attempt::Code, fields::AccountFields};

/// Changes of one transaction.
#[derive(Debug, Default)]
pub struct WriteSet {
    /// Touched accounts, each once.
    pub accounts: Vec<AccountWrite>,
    /// Changed slots, those of one account side by side.
    pub slots: Vec<SlotWrite>,
}

/// Change of one account.
#[derive(Debug)]
pub struct AccountWrite {
    /// The account's address.
    pub address: Address,
    /// What becomes of its balance, nonce and code.
    pub change: AccountChange,
    /// The balance's change, in wei.
    pub balance: BalanceDelta,
    /// The account as the execution left it.
    pub after: AccountFields,
    /// The code that it was given.
    pub new_code: Option<Bytecode>,
    /// Whether the execution left the code with the account.
    pub code: Code,
    /// How many of [`WriteSet::slots`] are its own.
    pub slot_count: usize,
}

/// Change of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotWrite {
    /// The slot.
    pub slot: U256,
    /// The value before the transaction.
    pub original: U256,
    /// The value after it.
    pub present: U256,
}

/// What becomes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// Only its balance changes, or nothing.
    Balance,
    /// Its nonce changes, and perhaps its balance.
    Nonce,
    /// Its code changes (EIP-7702), and perhaps nonce and balance.
    Code,
    /// It is created anew: storage starts empty.
    Created,
    /// It ceases to exist, with its storage.
    Gone,
}

impl AccountChange {
    /// Whether storage from before the change is gone.
    pub const fn resets_storage(self) -> bool {
        matches!(self, Self::Created | Self::Gone)
    }
}

/// A change of a balance, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceDelta {
    /// Added.
    Credit(U256),
    /// Taken.
    Debit(U256),
}

impl BalanceDelta {
    /// Returns what leads from one balance to another.
    pub fn between(before: U256, after: U256) -> Self {
        match after.checked_sub(before) {
            Some(credit) => Self::Credit(credit),
            None => Self::Debit(before - after),
        }
    }

    /// Applies the change, or returns `None` where the balance would leave its range.
    pub const fn checked_apply(self, balance: U256) -> Option<U256> {
        match self {
            Self::Credit(credit) => balance.checked_add(credit),
            Self::Debit(debit) => balance.checked_sub(debit),
        }
    }

    /// Whether nothing changes.
    pub fn is_zero(self) -> bool {
        self == Self::Credit(U256::ZERO)
    }
}

impl WriteSet {
    /// Derives the changes from the state that the EVM returns, by the rules of revm's `CacheState`.
    pub fn from_state(state: &EvmState) -> Self {
        let mut writes = Self::default();
        for (address, account) in state {
            writes.add(*address, account, &AccountFields::from(&account.original_info()));
        }
        writes
    }

    /// Adds what becomes of one account that was `before`, if it was touched.
    pub fn add(&mut self, address: Address, account: &Account, before: &AccountFields) {
        if !account.is_touched() {
            return;
        }
        let change = AccountChange::of(account, before);
        let sets_code = matches!(change, AccountChange::Code | AccountChange::Created);
        let slots_before = self.slots.len();
        if change != AccountChange::Gone {
            let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots.extend(changed.map(|(slot, value)| SlotWrite {
                slot: *slot,
                original: value.original_value,
                present: value.present_value,
            }));
        }
        self.accounts.push(AccountWrite {
            address,
            change,
            balance: BalanceDelta::between(before.balance, account.info.balance),
            after: AccountFields::from(&account.info),
            new_code: if sets_code { account.info.code.clone() } else { None },
            code: if account.info.code.is_some() { Code::Inside } else { Code::Apart },
            slot_count: self.slots.len() - slots_before,
        });
    }

    /// Forgets all changes, keeping the buffers.
    pub fn clear(&mut self) {
        self.accounts.clear();
        self.slots.clear();
    }

    /// Returns the changed accounts, each with its changed slots.
    pub fn iter(&self) -> impl Iterator<Item = (&AccountWrite, &[SlotWrite])> {
        self.accounts.iter().scan(self.slots.as_slice(), |rest, account| {
            let (own, others) = rest.split_at(account.slot_count);
            *rest = others;
            Some((account, own))
        })
    }
}

impl AccountWrite {
    /// Whether nothing but the balance is changed, by a credit or not at all.
    pub fn is_credit(&self) -> bool {
        self.change == AccountChange::Balance && matches!(self.balance, BalanceDelta::Credit(_))
    }

    /// Whether the account was touched and nothing of it changed but perhaps slots.
    pub fn is_unchanged(&self) -> bool {
        self.change == AccountChange::Balance && self.balance.is_zero()
    }
}

impl AccountChange {
    fn of(account: &Account, before: &AccountFields) -> Self {
        if account.is_selfdestructed() {
            Self::Gone
        } else if account.is_created() {
            Self::Created
        } else if account.is_empty() {
            Self::Gone
        } else if before.code_hash != account.info.code_hash {
            Self::Code
        } else if before.nonce != account.info.nonce {
            Self::Nonce
        } else {
            Self::Balance
        }
    }
}
