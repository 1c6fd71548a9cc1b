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

/// Reads on a thread of its own while this one writes.
///
/// Not the other way round: loom compares an access with the last one before it only, and a writer's own look at the
/// marks would hide a reader's from it.
fn beside<T: 'static>(
    memory: &Arc<MultiVersionMemory>,
    read: impl FnOnce(&MultiVersionMemory) -> T + 'static,
    write: impl FnOnce(&MultiVersionMemory),
) -> T {
    let reader = {
        let memory = memory.clone();
        thread::spawn(move || read(&memory))
    };
    write(memory);
    reader.join().unwrap()
}

fn slot(memory: &MultiVersionMemory, slot: u64) -> Option<u64> {
    memory.slot(ADDRESS, U256::from(slot), LAST).map(|value| value.to())
}

#[test]
fn reader_beside_a_writer_sees_before_or_after() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        memory.publish(Some(FIRST), &writes(1), None);
        let seen = beside(
            &memory,
            |memory| [1, 2].map(|number| slot(memory, number)),
            |memory| memory.publish(Some(FIRST), &writes(2), Some(&writes(1))),
        );
        assert!(seen.iter().flatten().all(|value| *value == 1));
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
        let seen = beside(
            &memory,
            |memory| slot(memory, 1),
            |memory| memory.publish(Some(TxIndex(1)), &writes_with(2, AccountChange::Created), None),
        );
        assert!(matches!(seen, Some(0 | 1)));
        assert_eq!([1, 2, 3].map(|number| slot(&memory, number)), [Some(0), Some(1), Some(0)]);
    });
}

#[test]
fn who_finds_an_account_with_new_code_finds_the_code() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        let code = Bytecode::new_eip7702(ADDRESS);
        let hash = code.hash_slow();
        let mut writes = writes_with(1, AccountChange::Code);
        writes.accounts[0].after.code_hash = hash;
        writes.accounts[0].new_code = Some(code);
        let read = move |memory: &MultiVersionMemory| {
            let account = memory.account(ADDRESS, LAST)?;
            Some((account.is_some_and(|account| account.code_hash == hash), memory.code(hash).is_some()))
        };
        let seen = beside(&memory, read, |memory| memory.publish(Some(FIRST), &writes, None));
        assert!(matches!(seen, None | Some((true, true))), "{seen:?}");
        assert_eq!(read(&memory), Some((true, true)));
    });
}

/// A block in which one transaction writes a slot that those of other blocks write too.
fn block(stock: &MemoryStock, writer: usize) {
    let memory = stock.take(Address::ZERO);
    let seen = |memory: &MultiVersionMemory| {
        [TxIndex(writer), LAST].map(|reader| memory.slot(ADDRESS, U256::from(1), reader).is_some())
    };
    assert_eq!(seen(&memory), [false, false]);
    memory.publish(Some(TxIndex(writer)), &writes(1), None);
    assert_eq!(seen(&memory), [false, true]);
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
