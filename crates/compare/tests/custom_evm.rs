//! A chain with precompiles of its own executes in parallel through the same factory.
//!
//! alloy-op-evm, the OP stack's EVM, would be the first choice; its newest release (0.32) is made for alloy-evm 0.33 and
//! revm 38, and does not fit this workspace's.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{num::NonZero, sync::Arc};

use alloy_consensus::{EthereumTxEnvelope, Header, Signed, TxEip1559, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex, keccak256};
use revm::{database::WrapDatabaseRef, state::AccountInfo};
use tandem_compare::Seam;
use tandem_corpus::{Block, Case, ChainSpec, PlainState, Transaction};
use tandem_executor::{Tracking, WorkerPool, base::SharedState};

#[path = "support/custom_evm.rs"]
mod custom_evm;
#[path = "support/seams.rs"]
mod seams;

use custom_evm::{COUNT_SLOT, COUNTER, CustomEvmFactory, DIGEST};

/// Stores, at the slot that its input names, what [`DIGEST`] makes of its input.
const STORE: Address = Address::repeat_byte(0x57);
const STORE_CODE: &[u8] = &hex!("36600060003760206000366000600061 0a00 5af1506000516000355500");

const SENDERS: u8 = 20;
const PRICE: u128 = 10;

/// What transaction number `index` calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Digest,
    Counter,
    /// Every fifth of them writes a slot that others write too.
    Store,
    Payment,
}

fn call(index: usize, with_counter: bool) -> Call {
    match index % 4 {
        0 => Call::Digest,
        1 if with_counter && index.is_multiple_of(3) => Call::Counter,
        3 => Call::Payment,
        _ => Call::Store,
    }
}

fn sender(index: usize) -> Address {
    Address::repeat_byte(index as u8 % SENDERS + 1)
}

fn input(index: usize) -> B256 {
    B256::from(U256::from(if index.is_multiple_of(5) { 1 } else { 1000 + index }))
}

fn transaction(index: usize, call: Call) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id: 1,
        nonce: (index / usize::from(SENDERS)) as u64,
        gas_limit: 200_000,
        max_fee_per_gas: PRICE,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(match call {
            Call::Digest => DIGEST,
            Call::Counter => COUNTER,
            Call::Store => STORE,
            // To somebody else who sends, so that the counter sees balances that change.
            Call::Payment => sender(index + 7),
        }),
        value: U256::from(if call == Call::Payment { 1_000 } else { 0 }),
        access_list: Default::default(),
        input: match call {
            Call::Payment => Bytes::new(),
            _ => Bytes::copy_from_slice(input(index).as_slice()),
        },
    };
    let signed = Signed::new_unchecked(tx, Signature::test_signature(), B256::with_last_byte(index as u8));
    Recovered::new_unchecked(EthereumTxEnvelope::Eip1559(signed), sender(index))
}

/// A block of the chain; its header's sums are not looked at here.
fn case(txs: usize, with_counter: bool) -> Case {
    let mut state = PlainState::default();
    for index in 0..SENDERS {
        let info = &mut state.accounts.entry(sender(index.into())).or_default().info;
        info.balance = U256::from(10_u64.pow(18));
    }
    state.accounts.entry(COUNTER).or_default().info.nonce = 1;
    let code_hash = state.insert_code(Bytes::from_static(STORE_CODE));
    state.accounts.entry(STORE).or_default().info =
        AccountInfo { code_hash, code: None, ..AccountInfo::default() };
    let header = Header {
        number: 1,
        gas_limit: 100_000_000,
        base_fee_per_gas: Some(7),
        beneficiary: Address::repeat_byte(0xfe),
        ..Header::default()
    };
    let transactions = (0..txs).map(|index| transaction(index, call(index, with_counter))).collect();
    Case {
        source: "custom precompiles".to_owned(),
        spec: Arc::new(ChainSpec::network("Shanghai").unwrap()),
        block: Block { hash: B256::ZERO, header, transactions, ommers: Vec::new(), withdrawals: None },
        state: Arc::new(state),
    }
}

/// Times that a block is executed at least, and at most until an attempt is committed: on a machine that does other work
/// workers may come late for many short blocks in turn.
const ROUNDS_MIN: usize = 20;
const ROUNDS_MAX: usize = 2000;

/// Executes both ways, several times through each seam; returns how many attempts were committed.
fn committed_attempts(case: &Case, tracking: Tracking) -> usize {
    let factory = CustomEvmFactory { tracking };
    let db = || WrapDatabaseRef(case.state.clone());
    let expected = seams::sequential(factory, case, db()).unwrap();
    let pool = Arc::new(WorkerPool::new(NonZero::new(3).unwrap()).unwrap());
    let mut committed = 0;
    for round in 0..ROUNDS_MAX {
        if round >= ROUNDS_MIN && committed > 0 {
            break;
        }
        for seam in [Seam::Block, Seam::Transaction] {
            let base = Arc::new(SharedState(case.state.clone()));
            let executed = seams::parallel(factory, case, &pool, seam, db(), base).unwrap();
            assert_eq!(executed.result, expected.result, "{tracking:?}, {seam:?}, round {round}");
            assert_eq!(executed.bundle, expected.bundle, "{tracking:?}, {seam:?}, round {round}");
            committed += executed.stats.committed_attempts;
        }
    }
    committed
}

#[test]
fn custom_precompiles_run_and_their_effects_are_in_the_state() {
    let case = case(120, true);
    let factory = CustomEvmFactory { tracking: Tracking::Accounts };
    let executed = seams::sequential(factory, &case, WrapDatabaseRef(case.state.clone())).unwrap();
    assert!(executed.result.receipts.iter().all(|receipt| receipt.success));
    let calls = (0..120).filter(|index| call(*index, true) == Call::Counter).count();
    assert!(calls > 5, "{calls} calls");
    let slot = |address: Address, slot: U256| executed.bundle.account(&address).unwrap().storage_slot(slot);
    assert_eq!(slot(COUNTER, COUNT_SLOT), Some(U256::from(calls)));
    let index = 2;
    let stored = keccak256(keccak256(input(index)));
    assert_eq!(slot(STORE, input(index).into()), Some(stored.into()));
}

#[test]
fn precompiles_that_read_and_write_state_execute_in_parallel_as_sequentially() {
    assert!(committed_attempts(&case(120, true), Tracking::Accounts) > 0);
}

#[test]
fn pure_precompiles_leave_fields_apart() {
    assert!(committed_attempts(&case(120, false), Tracking::Fields) > 0);
}
