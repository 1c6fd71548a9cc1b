//! Finds who wrote a location before.

use std::fmt;

use alloy_primitives::B256;
use revm::state::Account;

use crate::{
    difference::Value,
    place::Place,
    subject::{AccountField, RevertField, Subject},
    trace::Commit,
};

/// A write to a location, seen in a state-hook call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The step that wrote.
    pub place: Option<Place>,
    /// The hash of the transaction that wrote, where it was one.
    pub tx_hash: Option<B256>,
    /// The number of the call, from 0.
    pub call: usize,
    /// The value written.
    pub value: Value,
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, self.tx_hash) {
            (Some(place), Some(hash)) => write!(f, "by {place} ({hash}), value {}", self.value),
            (Some(place), None) => write!(f, "by {place}, value {}", self.value),
            (None, _) => write!(f, "in state-hook call {}, value {}", self.call, self.value),
        }
    }
}

/// Returns the last write to the location that a subject names.
pub fn last_write(commits: &[Commit], subject: &Subject) -> Option<Write> {
    let address = subject.address()?;
    commits.iter().enumerate().rev().find_map(|(call, commit)| {
        let value = written(commit.state.get(&address)?, subject)?;
        Some(Write { place: commit.place, tx_hash: None, call, value })
    })
}

/// Returns the value that a step left at a location, if it changed it.
fn written(account: &Account, subject: &Subject) -> Option<Value> {
    if !account.is_touched() {
        return None;
    }
    if let Some(slot) = subject.slot() {
        if account.is_selfdestructed() {
            return Some(Value::Text("destroyed".into()));
        }
        let slot = account.storage.get(&slot)?;
        return slot.is_changed().then(|| slot.present_value.into());
    }
    let (info, original) = (&account.info, account.original_info());
    match subject {
        Subject::Account(_, _, AccountField::Balance(_)) => {
            (info.balance != original.balance).then(|| info.balance.into())
        }
        Subject::Account(_, _, AccountField::Nonce(_)) => {
            (info.nonce != original.nonce).then(|| info.nonce.into())
        }
        Subject::Account(_, _, AccountField::CodeHash(_) | AccountField::Code(_)) => {
            (info.code_hash != original.code_hash).then(|| info.code_hash.into())
        }
        Subject::Account(..) | Subject::Revert(_, _, RevertField::Info | RevertField::Listed) => {
            let changed = *info != original || account.is_created() || account.is_selfdestructed();
            changed.then_some(Value::Present)
        }
        _ => None,
    }
}
