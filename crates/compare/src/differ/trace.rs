//! Compares state-hook calls in order and stops at the first that differs.

use alloy_primitives::Address;
use revm::state::Account;

use super::{Differences, account, keys};
use crate::{
    difference::{Difference, Value},
    place::Place,
    subject::{AccountField, Layer, Side, Subject},
    trace::{Commit, Trace},
};

/// Returns the differences of the first state-hook call that differs; empty where the traces are equal.
///
/// Later calls are not looked at: they follow from the first. The step is named by the sequential trace, or by the
/// parallel one where the sequential has fewer calls.
pub fn first(sequential: &Trace, parallel: &Trace) -> Vec<Difference> {
    for (index, (one, two)) in sequential.commits.iter().zip(&parallel.commits).enumerate() {
        let mut out = Differences::default();
        commit(one, two, &mut out);
        if !out.is_empty() {
            return placed(out, place(sequential, parallel, index));
        }
    }
    let (one, two) = (sequential.commits.len(), parallel.commits.len());
    let mut out = Differences::default();
    out.check(Subject::CommitCount, one, two);
    placed(out, place(sequential, parallel, one.min(two)))
}

fn placed(differences: Differences, place: Option<Place>) -> Vec<Difference> {
    differences.into_sorted().into_iter().map(|difference| difference.at(place)).collect()
}

fn place(sequential: &Trace, parallel: &Trace, index: usize) -> Option<Place> {
    sequential.place(index).or_else(|| parallel.place(index))
}

fn commit(one: &Commit, two: &Commit, out: &mut Differences) {
    for address in keys(one.state.keys(), two.state.keys()) {
        match (one.state.get(address), two.state.get(address)) {
            (Some(one), Some(two)) => committed_account(*address, one, two, out),
            (one, two) => out.check(
                Subject::Account(Layer::Commit, *address, AccountField::Listed),
                u64::from(one.is_some()),
                u64::from(two.is_some()),
            ),
        }
    }
}

fn committed_account(address: Address, one: &Account, two: &Account, out: &mut Differences) {
    let layer = Layer::Commit;
    account::info(layer, Side::Present, address, Some(&one.info), Some(&two.info), out);
    let (original_one, original_two) = (one.original_info(), two.original_info());
    account::info(layer, Side::Original, address, Some(&original_one), Some(&original_two), out);
    let subject = |field| Subject::Account(layer, address, field);
    out.check(subject(AccountField::Status), format!("{:?}", one.status), format!("{:?}", two.status));
    let warmth = |account: &Account| format!("transaction {:?}", account.transaction_id.get());
    out.check(subject(AccountField::Warmth), warmth(one), warmth(two));
    slots(address, one, two, out);
}

fn slots(address: Address, one: &Account, two: &Account, out: &mut Differences) {
    if one.storage == two.storage {
        return;
    }
    for key in keys(one.storage.keys(), two.storage.keys()) {
        let (one, two) = (one.storage.get(key), two.storage.get(key));
        let subject = |side| Subject::Storage(Layer::Commit, address, *key, side);
        let present = one.map(|slot| slot.present_value);
        let original = one.map(|slot| slot.original_value);
        out.check(subject(Side::Present), Value::from(present), two.map(|slot| slot.present_value).into());
        out.check(subject(Side::Original), Value::from(original), two.map(|slot| slot.original_value).into());
        if let (Some(one), Some(two)) = (one, two)
            && (one.transaction_id, one.is_cold) != (two.transaction_id, two.is_cold)
        {
            let subject = Subject::Account(Layer::Commit, address, AccountField::Warmth);
            let warmth = |slot: &revm::state::EvmStorageSlot| {
                format!("slot {key:#x}: transaction {}, cold {}", slot.transaction_id.get(), slot.is_cold)
            };
            out.push(Difference::new(subject, warmth(one), warmth(two)));
        }
    }
}
