//! Reads accounts from JSON: geth's prestate tracer, genesis allocations and the tests' states.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, map::HashMap};
use revm::state::AccountInfo;
use serde::Deserialize;

use crate::{
    quantity::{Number, Quantity},
    state::{Absent, PlainAccount, PlainState},
};

/// An account as JSON has it; every field may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct JsonAccount {
    #[serde(default)]
    balance: Option<Quantity>,
    #[serde(default)]
    nonce: Option<Number>,
    #[serde(default)]
    code: Option<Bytes>,
    #[serde(default)]
    storage: Option<BTreeMap<Quantity, Quantity>>,
}

/// Accounts by address.
pub(crate) type JsonState = BTreeMap<Address, JsonAccount>;

/// Turns accounts as files have them into a state.
pub(crate) fn state_of(accounts: JsonState, absent: Absent) -> PlainState {
    let mut state = PlainState { absent, ..PlainState::default() };
    for (address, account) in accounts {
        let code_hash = state.insert_code(account.code.unwrap_or_default());
        let info = AccountInfo {
            balance: account.balance.unwrap_or_default().0,
            nonce: account.nonce.unwrap_or_default().0,
            code_hash,
            code: None,
            ..AccountInfo::default()
        };
        let storage = account.storage.unwrap_or_default().into_iter();
        let storage: HashMap<_, _> =
            storage.filter(|(_, value)| !value.0.is_zero()).map(|(slot, value)| (slot.0, value.0)).collect();
        state.accounts.insert(address, PlainAccount { info, storage });
    }
    state
}
