//! Lists what can be broken in a block, and where that must show, from the sequential execution alone.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use revm::state::Account;
use tandem_compare::{
    AccountField, Execution, Layer, Place, ReceiptField, Side, Subject, TxIndex, Value,
    evidence::{FaultEvidence, FaultKindEvidence as Kind},
};
use tandem_corpus::Case;

/// A fault, and where it must show.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) fault: FaultEvidence,
    pub(crate) tx: TxIndex,
    pub(crate) expected: Expected,
}

/// Where a fault must show.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// Here, with these values.
    There(Subject, Value, Value),
    /// Wherever the attempt that is passed read a stale value, if it did.
    WhatWasStale,
}

/// The families of faults that the issue names.
pub(crate) const FAMILIES: [&str; 7] =
    ["validation", "commit", "balance delta", "code", "storage wipe", "receipt", "gas"];

/// Returns a fault's family.
pub(crate) const fn family(kind: &Kind) -> usize {
    match kind {
        Kind::PassStale => 0,
        Kind::DropWrite { .. } | Kind::RepeatWrite { .. } => 1,
        Kind::Balance { .. } => 2,
        Kind::CodeMissing { .. } | Kind::CodeWrong { .. } => 3,
        Kind::KeepStorage { .. } => 4,
        Kind::Status | Kind::DropLog { .. } | Kind::AlterLog { .. } => 5,
        Kind::Gas { .. } => 6,
    }
}

/// Lists the faults that can be injected into a block, in a fixed order.
pub(crate) fn injections(case: &Case, sequential: &Execution) -> Vec<Injection> {
    let mut all = Vec::new();
    for (index, transaction) in case.block.transactions.iter().enumerate() {
        let tx = TxIndex(index);
        let mut add = |kind, expected| {
            let fault = FaultEvidence { tx: *transaction.tx_hash(), kind };
            all.push(Injection { fault, tx, expected });
        };
        if index > 0 {
            add(Kind::PassStale, Expected::WhatWasStale);
        }
        receipt_faults(case, sequential, tx, &mut add);
        let commits = &sequential.trace.as_ref().unwrap().commits;
        let commit = commits.iter().find(|commit| commit.place == Some(Place::Transaction(tx))).unwrap();
        let mut accounts: Vec<_> = commit.state.iter().filter(|(_, account)| account.is_touched()).collect();
        accounts.sort_by_key(|(address, _)| **address);
        for (address, account) in accounts {
            state_faults(*address, account, &mut add);
        }
    }
    all
}

fn receipt_faults(case: &Case, sequential: &Execution, tx: TxIndex, add: &mut impl FnMut(Kind, Expected)) {
    let receipt = &sequential.result.as_ref().unwrap().result.receipts[tx.0];
    let there = |field, one: Value, two: Value| Expected::There(Subject::Receipt(tx, field), one, two);
    let excess = 1 + (tx.0 as u64 * 37) % 1000;
    let gas = receipt.cumulative_gas_used;
    add(Kind::Gas { excess }, there(ReceiptField::CumulativeGas, gas.into(), (gas + excess).into()));
    let status = |success: bool| Value::from(u64::from(success));
    add(Kind::Status, there(ReceiptField::Status, status(receipt.success), status(!receipt.success)));
    let count = receipt.logs.len();
    for (log, entry) in receipt.logs.iter().enumerate() {
        // A deposit that cannot be decoded is an error, and those are another matter.
        if Some(entry.address) == case.spec.deposit_contract {
            continue;
        }
        add(Kind::DropLog { log }, there(ReceiptField::LogCount, count.into(), (count - 1).into()));
        let data = &entry.data.data;
        let altered = [&data[..], &[1]].concat();
        add(
            Kind::AlterLog { log },
            there(
                ReceiptField::LogData(log),
                data.clone().into(),
                alloy_primitives::Bytes::from(altered).into(),
            ),
        );
    }
}

fn state_faults(address: alloy_primitives::Address, account: &Account, add: &mut impl FnMut(Kind, Expected)) {
    let field = |field| Subject::Account(Layer::Commit, address, field);
    if account.is_created() || account.is_selfdestructed() {
        let mut kept = account.status;
        kept.remove(revm::state::AccountStatus::SelfDestructed | revm::state::AccountStatus::Created);
        let status = |status| Value::from(format!("{status:?}"));
        let expected = Expected::There(field(AccountField::Status), status(account.status), status(kept));
        add(Kind::KeepStorage { address }, expected);
    }
    if account.is_selfdestructed() {
        return;
    }
    let balance = account.info.balance;
    let excess = 1 + u64::from(address[19]);
    add(
        Kind::Balance { address, excess },
        Expected::There(
            field(AccountField::Balance(Side::Present)),
            balance.into(),
            (balance + U256::from(excess)).into(),
        ),
    );
    let hash = account.info.code_hash;
    if hash != account.original_info().code_hash {
        let there = |two: B256| {
            Expected::There(field(AccountField::CodeHash(Side::Present)), hash.into(), two.into())
        };
        if hash != KECCAK256_EMPTY {
            add(Kind::CodeMissing { address }, there(KECCAK256_EMPTY));
        }
        add(Kind::CodeWrong { address }, there(alloy_primitives::keccak256([0xfe])));
    }
    let mut slots: Vec<_> = account.storage.iter().filter(|(_, slot)| slot.is_changed()).collect();
    slots.sort_by_key(|(slot, _)| **slot);
    for (slot, value) in slots {
        let slot = *slot;
        add(
            Kind::DropWrite { address, slot },
            Expected::There(
                Subject::Storage(Layer::Commit, address, slot, Side::Present),
                value.present_value.into(),
                value.original_value.into(),
            ),
        );
        let next = slot.wrapping_add(U256::from(1));
        if !account.storage.contains_key(&next) {
            // Sequentially the slot is not even loaded.
            let subject = Subject::Storage(Layer::Commit, address, next, Side::Original);
            let expected = Expected::There(subject, Value::Absent, U256::ZERO.into());
            add(Kind::RepeatWrite { address, slot }, expected);
        }
    }
}
