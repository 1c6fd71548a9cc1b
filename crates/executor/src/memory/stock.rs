//! Keeps memories for the blocks to come, with the buffers that they have grown.

use std::sync::Arc;

use alloy_primitives::Address;

use super::MultiVersionMemory;
use crate::sync::Mutex;

/// Memories that are kept, at most: as many as blocks are executed at a time, mostly.
const KEPT_MAX: usize = 4;

/// Memories, of which those serve again that no block uses any more.
#[derive(Debug, Default)]
pub(crate) struct MemoryStock(Mutex<Vec<Arc<MultiVersionMemory>>>);

impl MemoryStock {
    /// Returns an empty memory for a block with this fee recipient.
    pub(crate) fn take(&self, fee_recipient: Address) -> Arc<MultiVersionMemory> {
        let mut kept = self.0.lock();
        for memory in kept.iter_mut() {
            if let Some(unused) = Arc::get_mut(memory) {
                unused.clear(Some(fee_recipient));
                return memory.clone();
            }
        }
        let memory = Arc::new(MultiVersionMemory::new(Some(fee_recipient)));
        if kept.len() < KEPT_MAX {
            kept.push(memory.clone());
        }
        memory
    }
}

#[cfg(all(test, not(any(loom, feature = "shuttle"))))]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::{
        attempt::Code,
        fields::AccountFields,
        index::TxIndex,
        writes::{AccountChange, AccountWrite, BalanceDelta, SlotWrite, WriteSet},
    };

    const ADDRESS: Address = Address::repeat_byte(1);

    fn writes(change: AccountChange) -> WriteSet {
        let account = AccountWrite {
            address: ADDRESS,
            change,
            balance: BalanceDelta::Credit(U256::ONE),
            after: AccountFields::ABSENT,
            new_code: None,
            code: Code::Apart,
            slot_count: 1,
        };
        let slot = SlotWrite { slot: U256::ONE, original: U256::ZERO, present: U256::from(2) };
        WriteSet { accounts: vec![account], slots: vec![slot] }
    }

    #[test]
    fn memory_serves_again_and_remembers_nothing() {
        let stock = MemoryStock::default();
        let first = stock.take(Address::ZERO);
        first.publish(Some(TxIndex(0)), &writes(AccountChange::Created), None);
        assert!(first.account(ADDRESS, TxIndex(1)).is_some());
        let second = stock.take(Address::ZERO);
        assert!(!Arc::ptr_eq(&first, &second), "in use");
        let address = Arc::as_ptr(&first);
        drop(first);
        let again = stock.take(ADDRESS);
        assert_eq!(Arc::as_ptr(&again), address);
        assert!(again.account(ADDRESS, TxIndex(1)).is_none());
        assert_eq!(again.slot(ADDRESS, U256::ONE, TxIndex(1)), None);
        // Its fee recipient is the new block's.
        again.publish(Some(TxIndex(0)), &writes(AccountChange::Balance), None);
        assert!(again.account(ADDRESS, TxIndex(1)).is_none());
        assert_eq!(again.slot(ADDRESS, U256::ONE, TxIndex(1)), Some(U256::from(2)));
    }

    #[test]
    fn so_many_memories_are_kept_and_no_more() {
        let stock = MemoryStock::default();
        let used: Vec<_> = (0..KEPT_MAX + 2).map(|_| stock.take(Address::ZERO)).collect();
        let kept = stock.0.lock().len();
        assert_eq!(kept, KEPT_MAX);
        drop(used);
        let again: Vec<_> = (0..KEPT_MAX).map(|_| stock.take(Address::ZERO)).collect();
        assert_eq!(stock.0.lock().len(), KEPT_MAX);
        let is_own = |memory: &Arc<MultiVersionMemory>| Arc::strong_count(memory) == 2;
        assert!(again.iter().all(is_own), "each is in the stock, and with one block");
    }
}
