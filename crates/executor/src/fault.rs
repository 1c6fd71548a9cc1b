//! Breaks one thing in one transaction on purpose, to show that comparison sees it.
//!
//! Exists with the feature `fault-injection` only. The product has neither these types nor a call of them.

use alloy_primitives::{Address, Bytes, Log, U256};
use revm::{
    bytecode::Bytecode,
    context_interface::result::{ExecutionResult, Output, ResultAndState, ResultGas, SuccessReason},
    primitives::KECCAK_EMPTY,
    state::{Account, AccountStatus, EvmState, EvmStorageSlot, TransactionId},
};

use crate::{
    index::TxIndex,
    validation::Trust,
    writes::{BalanceDelta, WriteSet},
};

/// A fault in one transaction of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The transaction.
    pub tx: TxIndex,
    /// What goes wrong there.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Validation passes the transaction's attempt, whatever it read.
    PassStale,
    /// Commit drops the write of a slot.
    DropWrite {
        /// The contract.
        address: Address,
        /// The slot.
        slot: U256,
    },
    /// Commit writes the value of a slot to the next slot too.
    RepeatWrite {
        /// The contract.
        address: Address,
        /// The slot that is rightly written.
        slot: U256,
    },
    /// An account's balance changes by so many wei too much.
    Balance {
        /// The account.
        address: Address,
        /// What is added.
        excess: u64,
    },
    /// Code that an account was given is lost.
    CodeMissing {
        /// The account.
        address: Address,
    },
    /// An account is given other code.
    CodeWrong {
        /// The account.
        address: Address,
    },
    /// An account that begins anew or ends keeps its storage.
    KeepStorage {
        /// The account.
        address: Address,
    },
    /// The receipt tells success as failure, or the other way round.
    Status,
    /// The receipt lacks a log.
    DropLog {
        /// Its place in the receipt.
        log: usize,
    },
    /// The data of a log get one byte more.
    AlterLog {
        /// Its place in the receipt.
        log: usize,
    },
    /// The transaction uses so much more gas.
    Gas {
        /// What is added.
        excess: u64,
    },
}

impl Fault {
    /// Returns how far a transaction's attempts are trusted that otherwise are as far as `trust` says.
    pub fn trust(&self, tx: TxIndex, trust: Trust) -> Trust {
        if self.tx == tx && self.kind == FaultKind::PassStale { Trust::Everything } else { trust }
    }

    /// Falsifies what a transaction returned, on its way to being committed.
    pub fn falsify<H>(&self, tx: TxIndex, result: &mut ResultAndState<H>) {
        if self.tx == tx {
            self.falsify_receipt(&mut result.result);
            self.falsify_state(&mut result.state);
        }
    }

    fn falsify_receipt<H>(&self, result: &mut ExecutionResult<H>) {
        match self.kind {
            FaultKind::Status => invert(result),
            FaultKind::DropLog { log } if log < logs(result).len() => {
                logs(result).remove(log);
            }
            FaultKind::AlterLog { log } => {
                if let Some(log) = logs(result).get_mut(log) {
                    log.data.data = [&log.data.data[..], &[1]].concat().into();
                }
            }
            FaultKind::Gas { excess } => {
                let gas = gas(result);
                // What is used is the greater of the two, less refunds (EIP-7623).
                let (spent, floor) = (gas.total_gas_spent() + excess, gas.floor_gas() + excess);
                *gas = gas.with_total_gas_spent(spent).with_floor_gas(floor);
            }
            _ => {}
        }
    }

    fn falsify_state(&self, state: &mut EvmState) {
        match self.kind {
            FaultKind::DropWrite { address, slot } => {
                if let Some(slot) = touched(state, address).and_then(|account| account.storage.get_mut(&slot))
                {
                    slot.present_value = slot.original_value;
                }
            }
            FaultKind::RepeatWrite { address, slot } => {
                if let Some(account) = touched(state, address)
                    && let Some(value) = account.storage.get(&slot).map(|slot| slot.present_value)
                {
                    let other = EvmStorageSlot::new_changed(U256::ZERO, value, TransactionId::ZERO);
                    account.storage.insert(slot.wrapping_add(U256::from(1)), other);
                }
            }
            FaultKind::Balance { address, excess } => {
                if let Some(account) = touched(state, address) {
                    account.info.balance = account.info.balance.wrapping_add(U256::from(excess));
                }
            }
            FaultKind::CodeMissing { address } => {
                if let Some(account) = touched(state, address) {
                    (account.info.code, account.info.code_hash) = (None, KECCAK_EMPTY);
                }
            }
            FaultKind::CodeWrong { address } => {
                if let Some(account) = touched(state, address) {
                    let code = Bytecode::new_legacy(Bytes::from_static(&[0xfe]));
                    account.info.code_hash = code.hash_slow();
                    account.info.code = Some(code);
                }
            }
            FaultKind::KeepStorage { address } => {
                if let Some(account) = touched(state, address) {
                    account.status.remove(AccountStatus::SelfDestructed | AccountStatus::Created);
                }
            }
            _ => {}
        }
    }

    /// Falsifies what an attempt wrote, before it is applied to merged changes.
    pub fn falsify_writes(&self, tx: TxIndex, writes: &mut WriteSet) {
        if self.tx != tx {
            return;
        }
        let mut first = 0;
        for account in &mut writes.accounts {
            let slots = first..first + account.slot_count;
            first = slots.end;
            match self.kind {
                FaultKind::Balance { address, excess } if address == account.address => {
                    account.balance = credited(account.balance, U256::from(excess));
                }
                FaultKind::DropWrite { address, slot } if address == account.address => {
                    if let Some(write) = writes.slots[slots].iter_mut().find(|write| write.slot == slot) {
                        write.present = write.original;
                    }
                }
                FaultKind::RepeatWrite { address, slot } if address == account.address => {
                    let found = writes.slots[slots.clone()].iter().find(|write| write.slot == slot);
                    if let Some(mut write) = found.copied() {
                        (write.slot, write.original) = (slot.wrapping_add(U256::from(1)), U256::ZERO);
                        writes.slots.insert(slots.end, write);
                        account.slot_count += 1;
                    }
                    return;
                }
                _ => {}
            }
        }
    }

    /// Returns what a transaction that is applied without an EVM adds too much to an account's balance.
    pub fn excess(&self, tx: TxIndex) -> Option<(Address, U256)> {
        match self.kind {
            FaultKind::Balance { address, excess } if self.tx == tx => Some((address, U256::from(excess))),
            _ => None,
        }
    }
}

/// Returns an account that was touched.
fn touched(state: &mut EvmState, address: Address) -> Option<&mut Account> {
    state.get_mut(&address).filter(|account| account.is_touched())
}

fn credited(delta: BalanceDelta, excess: U256) -> BalanceDelta {
    match delta {
        BalanceDelta::Credit(credit) => BalanceDelta::Credit(credit + excess),
        BalanceDelta::Debit(debit) => match debit.checked_sub(excess) {
            Some(debit) => BalanceDelta::Debit(debit),
            None => BalanceDelta::Credit(excess - debit),
        },
    }
}

/// Makes a failure of a success, or the other way round; logs and gas stay.
fn invert<H>(result: &mut ExecutionResult<H>) {
    let gas = *gas(result);
    let logs = std::mem::take(logs(result));
    *result = if result.is_success() {
        ExecutionResult::Revert { gas, logs, output: Bytes::new() }
    } else {
        let output = Output::Call(Bytes::new());
        ExecutionResult::Success { reason: SuccessReason::Stop, gas, logs, output }
    };
}

const fn logs<H>(result: &mut ExecutionResult<H>) -> &mut Vec<Log> {
    match result {
        ExecutionResult::Success { logs, .. }
        | ExecutionResult::Revert { logs, .. }
        | ExecutionResult::Halt { logs, .. } => logs,
    }
}

const fn gas<H>(result: &mut ExecutionResult<H>) -> &mut ResultGas {
    match result {
        ExecutionResult::Success { gas, .. }
        | ExecutionResult::Revert { gas, .. }
        | ExecutionResult::Halt { gas, .. } => gas,
    }
}
