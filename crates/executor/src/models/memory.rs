//! What readers find beside writers.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use loom::{model, thread};
use revm::bytecode::Bytecode;

use super::{ADDRESS, FIRST, LAST, writes, written};
use crate::{
    index::TxIndex,
    memory::{MemoryStock, MultiVersionMemory},
    writes::{AccountChange, WriteSet},
};

#[test]
fn writers_of_one_word_of_the_filter_both_leave_their_mark() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        let writer = {
            let memory = memory.clone();
            thread::spawn(move || memory.publish(Some(TxIndex(1)), &writes(1), None))
        };
        memory.publish(Some(TxIndex(2)), &writes(2), None);
        writer.join().unwrap();
        assert_eq!(written(&memory), [1, 2]);
    });
}

#[test]
fn reader_beside_a_writer_sees_before_or_after() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        memory.publish(Some(FIRST), &writes(1), None);
        let writer = {
            let memory = memory.clone();
            thread::spawn(move || memory.publish(Some(FIRST), &writes(2), Some(&writes(1))))
        };
        let [one, two] = [1, 2].map(|slot| memory.slot(ADDRESS, U256::from(slot), LAST));
        assert!([one, two].iter().flatten().all(|value| *value == U256::from(1)));
        writer.join().unwrap();
        assert_eq!(written(&memory), [2]);
    });
}

/// Writes that set a slot to 1, of an account that becomes something else too.
fn writes_with(slot: u64, change: AccountChange) -> WriteSet {
    let mut writes = writes(slot);
    writes.accounts[0].change = change;
    writes
}

#[test]
fn reader_beside_who_empties_a_storage_sees_before_or_after() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        memory.publish(Some(FIRST), &writes(1), None);
        let writer = {
            let memory = memory.clone();
            thread::spawn(move || {
                memory.publish(Some(TxIndex(1)), &writes_with(2, AccountChange::Created), None);
            })
        };
        let slot = |slot| memory.slot(ADDRESS, U256::from(slot), LAST).map(|value| value.to::<u64>());
        assert!(matches!(slot(1), Some(0 | 1)));
        writer.join().unwrap();
        assert_eq!([1, 2, 3].map(slot), [Some(0), Some(1), Some(0)]);
    });
}

#[test]
fn who_finds_an_account_with_new_code_finds_the_code() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        let code = Bytecode::new_eip7702(ADDRESS);
        let hash = code.hash_slow();
        let writer = {
            let (memory, mut writes) = (memory.clone(), writes_with(1, AccountChange::Code));
            writes.accounts[0].after.code_hash = hash;
            writes.accounts[0].new_code = Some(code);
            thread::spawn(move || memory.publish(Some(FIRST), &writes, None))
        };
        if let Some(account) = memory.account(ADDRESS, LAST) {
            assert!(account.is_some_and(|account| account.code_hash == hash && account.code.is_some()));
            assert!(memory.code(hash).is_some());
        }
        writer.join().unwrap();
    });
}

/// A block that writes one slot, in a memory that knows of nothing but that.
fn block(stock: &MemoryStock, slot: u64) {
    let memory = stock.take(Address::ZERO);
    assert_eq!(written(&memory), Vec::<u64>::new());
    memory.publish(Some(FIRST), &writes(slot), None);
    assert_eq!(written(&memory), [slot]);
}

#[test]
fn memory_that_serves_again_has_nothing_of_the_block_before() {
    model(|| {
        let stock = Arc::new(MemoryStock::default());
        let other = {
            let stock = stock.clone();
            thread::spawn(move || block(&stock, 1))
        };
        block(&stock, 2);
        other.join().unwrap();
        block(&stock, 3);
    });
}
