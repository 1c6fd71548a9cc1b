//! Tells executions apart without the code under test: by the equality of revm's and alloy's own types.

use alloy_primitives::{Address, U256};
use revm::state::EvmState;
use tandem_compare::{AccountField, Execution, Layer, Output, Side, Subject};

/// Whether two outputs are equal.
pub(crate) fn same_output(one: &Execution, two: &Execution) -> bool {
    let (Ok(one), Ok(two)) = (&one.result, &two.result) else { return false };
    // revm keeps the accounts of one block's reverts in the order of a hash map.
    let bundle = |output: &Output| {
        let mut bundle = output.bundle.clone();
        bundle.reverts.sort();
        bundle
    };
    one.result == two.result && one.bal == two.bal && bundle(one) == bundle(two)
}

/// Returns the number of the first state-hook call that differs.
pub(crate) fn first_call(one: &Execution, two: &Execution) -> Option<usize> {
    let (one, two) = (&one.trace.as_ref().unwrap().commits, &two.trace.as_ref().unwrap().commits);
    let pairs = one.iter().zip(two);
    let differs = pairs.clone().position(|(one, two)| one.state != two.state);
    differs.or_else(|| (one.len() != two.len()).then(|| pairs.len()))
}

/// Returns the first location that a call found other than it should have: a slot, or else an account.
pub(crate) fn stale(one: &EvmState, two: &EvmState) -> Option<Subject> {
    let mut addresses: Vec<&Address> = one.keys().chain(two.keys()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let slot = addresses.iter().find_map(|address| {
        let (one, two) = (one.get(*address)?, two.get(*address)?);
        let mut slots: Vec<&U256> = one.storage.keys().chain(two.storage.keys()).collect();
        slots.sort_unstable();
        let found = |slot: &&&U256| {
            one.storage.get(**slot).map(|slot| slot.original_value)
                != two.storage.get(**slot).map(|slot| slot.original_value)
        };
        let slot = slots.iter().find(found)?;
        Some(Subject::Storage(Layer::Commit, **address, **slot, Side::Original))
    });
    let account = addresses.iter().find_map(|address| {
        let (one, two) = (one.get(*address)?.original_info(), two.get(*address)?.original_info());
        let field = if one.balance != two.balance {
            AccountField::Balance(Side::Original)
        } else if one.nonce != two.nonce {
            AccountField::Nonce(Side::Original)
        } else if one.code_hash != two.code_hash {
            AccountField::CodeHash(Side::Original)
        } else {
            return None;
        };
        Some(Subject::Account(Layer::Commit, **address, field))
    });
    slot.or(account)
}
