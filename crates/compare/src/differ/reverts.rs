//! Compares the reverts of two bundles, whatever the order of accounts inside a block.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use revm::database::states::reverts::{AccountInfoRevert, AccountRevert, RevertToSlot, Reverts};

use super::{Differences, keys};
use crate::{
    difference::{Difference, Value},
    subject::{RevertField, Subject},
};

/// Compares reverts, block by block.
pub fn compare(sequential: &Reverts, parallel: &Reverts, out: &mut Differences) {
    out.check(Subject::RevertBlocks, sequential.len(), parallel.len());
    for (block, (one, two)) in sequential.iter().zip(parallel.iter()).enumerate() {
        let (one, two) = (by_address(one), by_address(two));
        for address in keys(one.keys(), two.keys()) {
            revert_lists(block, *address, one.get(address), two.get(address), out);
        }
    }
}

type ByAddress<'a> = BTreeMap<Address, Vec<&'a AccountRevert>>;

/// An address has one revert a block; a list that has more must not look like one that has one.
fn by_address(reverts: &[(Address, AccountRevert)]) -> ByAddress<'_> {
    let mut map = ByAddress::new();
    for (address, revert) in reverts {
        map.entry(*address).or_default().push(revert);
    }
    map
}

fn revert_lists(
    block: usize,
    address: Address,
    one: Option<&Vec<&AccountRevert>>,
    two: Option<&Vec<&AccountRevert>>,
    out: &mut Differences,
) {
    let (one, two) = (one.map_or(&[][..], Vec::as_slice), two.map_or(&[][..], Vec::as_slice));
    out.check(Subject::Revert(block, address, RevertField::Listed), one.len(), two.len());
    for (one, two) in one.iter().zip(two) {
        if one != two || code_differs(&one.account, &two.account) {
            revert(block, address, one, two, out);
        }
    }
}

fn revert(block: usize, address: Address, one: &AccountRevert, two: &AccountRevert, out: &mut Differences) {
    let subject = |field| Subject::Revert(block, address, field);
    if one.account != two.account || code_differs(&one.account, &two.account) {
        let difference = Difference::new(subject(RevertField::Info), info(&one.account), info(&two.account));
        out.push(difference);
    }
    out.check(
        subject(RevertField::Status),
        format!("{:?}", one.previous_status),
        format!("{:?}", two.previous_status),
    );
    out.check(subject(RevertField::WipeStorage), u64::from(one.wipe_storage), u64::from(two.wipe_storage));
    for key in keys(one.storage.keys(), two.storage.keys()) {
        let value = |revert: &AccountRevert| slot(revert.storage.get(key));
        out.check(subject(RevertField::Slot(*key)), value(one), value(two));
    }
}

/// revm's equality of account infos leaves out the code itself.
fn code_differs(one: &AccountInfoRevert, two: &AccountInfoRevert) -> bool {
    let (AccountInfoRevert::RevertTo(one), AccountInfoRevert::RevertTo(two)) = (one, two) else {
        return false;
    };
    matches!((&one.code, &two.code), (Some(one), Some(two)) if one != two)
}

fn info(revert: &AccountInfoRevert) -> String {
    match revert {
        AccountInfoRevert::DoNothing => "unchanged".into(),
        AccountInfoRevert::DeleteIt => "deleted".into(),
        AccountInfoRevert::RevertTo(info) => {
            format!("balance {:#x}, nonce {}, code {}", info.balance, info.nonce, info.code_hash)
        }
    }
}

fn slot(value: Option<&RevertToSlot>) -> Value {
    match value {
        None => Value::Absent,
        Some(RevertToSlot::Some(value)) => (*value).into(),
        Some(RevertToSlot::Destroyed) => Value::Text("destroyed".into()),
    }
}
