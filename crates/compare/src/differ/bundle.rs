//! Compares the accounts, slots and contracts of two bundles.

use alloy_primitives::{Address, map::AddressMap};
use revm::database::{BundleAccount, BundleState};

use super::{Differences, account, keys};
use crate::{
    difference::{Difference, Value},
    subject::{AccountField, Layer, Side, Subject},
};

/// Compares everything in two bundles except reverts and sizes.
pub fn compare(sequential: &BundleState, parallel: &BundleState, out: &mut Differences) {
    accounts(&sequential.state, &parallel.state, out);
    contracts(sequential, parallel, out);
}

fn accounts(
    sequential: &AddressMap<BundleAccount>,
    parallel: &AddressMap<BundleAccount>,
    out: &mut Differences,
) {
    for address in keys(sequential.keys(), parallel.keys()) {
        match (sequential.get(address), parallel.get(address)) {
            (Some(one), Some(two)) => bundle_account(*address, one, two, out),
            (one, two) => out.check(
                Subject::Account(Layer::Bundle, *address, AccountField::Listed),
                u64::from(one.is_some()),
                u64::from(two.is_some()),
            ),
        }
    }
}

fn bundle_account(address: Address, one: &BundleAccount, two: &BundleAccount, out: &mut Differences) {
    let layer = Layer::Bundle;
    account::info(layer, Side::Present, address, one.info.as_ref(), two.info.as_ref(), out);
    let (original_one, original_two) = (one.original_info.as_ref(), two.original_info.as_ref());
    account::info(layer, Side::Original, address, original_one, original_two, out);
    if one.status != two.status {
        let subject = Subject::Account(layer, address, AccountField::Status);
        out.push(Difference::new(subject, format!("{:?}", one.status), format!("{:?}", two.status)));
    }
    if one.storage == two.storage {
        return;
    }
    for slot in keys(one.storage.keys(), two.storage.keys()) {
        let (one, two) = (one.storage.get(slot), two.storage.get(slot));
        let subject = |side| Subject::Storage(layer, address, *slot, side);
        let present = |value: Option<&revm::database::states::StorageSlot>| {
            Value::from(value.map(|value| value.present_value))
        };
        let original = |value: Option<&revm::database::states::StorageSlot>| {
            Value::from(value.map(|value| value.previous_or_original_value))
        };
        out.check(subject(Side::Present), present(one), present(two));
        out.check(subject(Side::Original), original(one), original(two));
    }
}

fn contracts(sequential: &BundleState, parallel: &BundleState, out: &mut Differences) {
    let (one, two) = (&sequential.contracts, &parallel.contracts);
    if one == two {
        return;
    }
    for hash in keys(one.keys(), two.keys()) {
        if one.get(hash) != two.get(hash) {
            let bytes = |code: Option<&revm::bytecode::Bytecode>| code.map(|code| code.original_bytes());
            out.push(Difference::new(Subject::Contract(*hash), bytes(one.get(hash)), bytes(two.get(hash))));
        }
    }
}
