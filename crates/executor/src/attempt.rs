//! Holds what one execution of one transaction read, needed, wrote and returned.

use alloy_primitives::{Address, B256, U256};
use revm::{
    context_interface::result::ResultAndState,
    state::{AccountInfo, EvmState},
};

use crate::{needs::Needs, writes::WriteSet};

/// A speculative execution that finished.
#[derive(Debug)]
pub struct Attempt<H> {
    /// What the EVM returned.
    pub result: ResultAndState<H>,
    /// What it read.
    pub reads: ReadSet,
    /// What it needed of the accounts that it read, in the order of [`ReadSet::accounts`].
    pub needs: Vec<Needs>,
    /// What it wrote.
    pub writes: WriteSet,
}

/// Locations read by an execution with the values seen.
#[derive(Debug, Default)]
pub struct ReadSet {
    /// Accounts, each once.
    pub accounts: Vec<AccountRead>,
    /// Storage slots, each once.
    pub slots: Vec<SlotRead>,
    /// Hashes of ancestors with their numbers.
    pub block_hashes: Vec<(u64, B256)>,
}

impl ReadSet {
    /// Lets slots of accounts that had neither nonce nor code be looked at whatever their origin.
    ///
    /// revm's `State` forgets the slots of such an account that are not loaded before it is first touched, so sequential
    /// execution's loads must be repeated.
    pub fn distrust_bare_storage(&mut self, state: &EvmState) {
        let bare = self.accounts.iter().filter(|read| {
            read.seen.as_ref().is_some_and(AccountInfo::has_no_code_and_nonce)
                && state.get(&read.address).is_some_and(|account| !account.storage.is_empty())
        });
        for account in bare {
            let slots = self.slots.iter_mut().filter(|slot| slot.address == account.address);
            slots.for_each(|slot| slot.origin = Origin::Block);
        }
    }
}

/// One account as it was read.
#[derive(Debug)]
pub struct AccountRead {
    /// The account's address.
    pub address: Address,
    /// The account, without its code; `None` where it did not exist.
    pub seen: Option<AccountInfo>,
    /// Where it came from.
    pub origin: Origin,
}

/// One slot as it was read.
#[derive(Debug)]
pub struct SlotRead {
    /// The contract.
    pub address: Address,
    /// The slot.
    pub slot: U256,
    /// The value seen.
    pub value: U256,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a value that was read came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The base state: no earlier transaction was known to write it.
    Base,
    /// An earlier transaction of the block, or the block's pre-execution changes.
    Block,
}
