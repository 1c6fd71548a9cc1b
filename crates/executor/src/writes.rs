//! Describes what a transaction changes, in a form that composes with changes it did not see.

use alloy_primitives::{Address, U256};
use revm::state::{Account, AccountInfo, EvmState};

/// Changes of one transaction.
#[derive(Debug, Default)]
pub struct WriteSet {
    /// Changed accounts, each once.
    pub accounts: Vec<AccountWrite>,
}

/// Change of one account.
#[derive(Debug)]
pub struct AccountWrite {
    /// The account's address.
    pub address: Address,
    /// What becomes of its balance, nonce and code.
    pub change: AccountChange,
    /// Changed slots with their new values.
    pub slots: Vec<(U256, U256)>,
}

/// What becomes of an account.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// Some fields change; the rest is as before.
    Fields {
        /// What is added to or taken from the balance.
        balance: BalanceDelta,
        /// The new nonce, where it changes.
        nonce: Option<u64>,
        /// Holds the new code and its hash, where they change.
        code: Option<Box<AccountInfo>>,
    },
    /// It is created anew: storage starts empty.
    Created(Box<AccountInfo>),
    /// It ceases to exist, with its storage.
    Gone,
}

impl AccountChange {
    /// Whether storage from before the change is gone.
    pub const fn resets_storage(&self) -> bool {
        matches!(self, Self::Created(_) | Self::Gone)
    }

    /// Applies the change to what was before it.
    pub fn apply(&self, before: Option<AccountInfo>) -> Option<AccountInfo> {
        match self {
            Self::Fields { balance, nonce, code } => {
                let mut info = before.unwrap_or_default();
                info.balance = balance.apply(info.balance);
                if let Some(nonce) = nonce {
                    info.nonce = *nonce;
                }
                if let Some(code) = code {
                    info.code_hash = code.code_hash;
                    info.code = code.code.clone();
                }
                Some(info)
            }
            Self::Created(info) => Some(info.as_ref().clone()),
            Self::Gone => None,
        }
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

    /// Applies the change, clamped to what a balance can be; clamped values never pass validation.
    pub const fn apply(self, balance: U256) -> U256 {
        match self {
            Self::Credit(credit) => balance.saturating_add(credit),
            Self::Debit(debit) => balance.saturating_sub(debit),
        }
    }

    /// Applies the change, or returns `None` where the balance would leave its range.
    pub const fn checked_apply(self, balance: U256) -> Option<U256> {
        match self {
            Self::Credit(credit) => balance.checked_add(credit),
            Self::Debit(debit) => balance.checked_sub(debit),
        }
    }
}

impl WriteSet {
    /// Derives the changes from the state that the EVM returns, by the rules of revm's `CacheState`.
    pub fn from_state(state: &EvmState) -> Self {
        let accounts = state
            .iter()
            .filter(|(_, account)| account.is_touched())
            .filter_map(|(address, account)| AccountWrite::from_account(*address, account))
            .collect();
        Self { accounts }
    }
}

impl AccountWrite {
    /// Derives one account's change; `None` where nothing changes.
    fn from_account(address: Address, account: &Account) -> Option<Self> {
        let change = if account.is_selfdestructed() {
            AccountChange::Gone
        } else if account.is_created() {
            AccountChange::Created(Box::new(account.info.clone()))
        } else if account.is_empty() {
            AccountChange::Gone
        } else {
            fields(account)
        };
        if matches!(change, AccountChange::Gone) {
            return Some(Self { address, change, slots: Vec::new() });
        }
        let slots: Vec<_> = account
            .storage
            .iter()
            .filter(|(_, slot)| slot.is_changed())
            .map(|(key, slot)| (*key, slot.present_value))
            .collect();
        let unchanged = matches!(
            &change,
            AccountChange::Fields { balance: BalanceDelta::Credit(credit), nonce: None, code: None }
                if credit.is_zero()
        );
        (!unchanged || !slots.is_empty()).then_some(Self { address, change, slots })
    }
}

fn fields(account: &Account) -> AccountChange {
    let before = account.original_info();
    let after = &account.info;
    AccountChange::Fields {
        balance: BalanceDelta::between(before.balance, after.balance),
        nonce: (before.nonce != after.nonce).then_some(after.nonce),
        code: (before.code_hash != after.code_hash).then(|| Box::new(after.clone())),
    }
}
