//! Models of what threads of a block share, as stories of two or three threads that loom runs in every order:
//! `RUSTFLAGS="--cfg loom" cargo test -p tandem-executor --lib models --target-dir target/loom`.
//!
//! A story ends with what must hold whatever the order was. Each was seen to fail where what it tells of was broken:
//! docs/executor-proof.md has the list.

mod assembly;
mod memory;
mod pool;
mod schedule;
mod speculation;

use alloy_primitives::{Address, U256};

use crate::{
    attempt::{Attempt, Code},
    fields::AccountFields,
    index::TxIndex,
    memory::MultiVersionMemory,
    writes::{AccountChange, AccountWrite, BalanceDelta, SlotWrite, WriteSet},
};

const ADDRESS: Address = Address::repeat_byte(1);
const FIRST: TxIndex = TxIndex(0);
const LAST: TxIndex = TxIndex(9);

/// Writes that set one slot to 1.
fn writes(slot: u64) -> WriteSet {
    let slot = SlotWrite { slot: U256::from(slot), original: U256::MAX, present: U256::from(1) };
    let account = AccountWrite {
        address: ADDRESS,
        change: AccountChange::Balance,
        balance: BalanceDelta::Credit(U256::ZERO),
        after: AccountFields::ABSENT,
        new_code: None,
        code: Code::Apart,
        slot_count: 1,
    };
    WriteSet { accounts: vec![account], slots: vec![slot] }
}

/// An attempt that set one slot.
fn attempt(slot: u64) -> Box<Attempt<()>> {
    Box::new(Attempt { writes: writes(slot), ..Attempt::blank(0) })
}

/// Slots that the memory knows to be written, of 1, 2 and 3.
fn written(memory: &MultiVersionMemory) -> Vec<u64> {
    (1..4).filter(|slot| memory.slot(ADDRESS, U256::from(*slot), LAST).is_some()).collect()
}
