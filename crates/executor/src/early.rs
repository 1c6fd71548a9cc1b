//! Finds transactions that are better begun at once than in their turn.
//!
//! A long transaction near the end of a block, begun in its turn, runs alone while the other threads have nothing left.
//! Where nothing else in the block goes to its target or comes from its sender, it likely depends on nothing before
//! it (a proof that a rollup posts, say) and may as well run first. If it does depend, it is attempted again in its
//! turn.

use alloy_consensus::{Transaction, transaction::Recovered};

use crate::index::TxIndex;

/// Gas for code from which on a transaction is long.
const CODE_GAS_MIN: u64 = 150_000;

/// How many times as much gas may come after a transaction that is long for its place.
const REST_FACTOR: u64 = 8;

/// Bounds how many transactions are begun early.
const EARLY_MAX: usize = 2;

/// Transactions before this one are begun soon enough.
const FIRST: usize = 8;

/// Returns the transactions to begin early, the longest first, by the gas that they may use.
pub fn early<T: Transaction>(transactions: &[Recovered<T>]) -> Vec<TxIndex> {
    let mut found = Vec::new();
    let mut rest = 0_u64;
    for (at, tx) in transactions.iter().enumerate().skip(FIRST).rev() {
        let code_gas = tx.gas_limit().saturating_sub(21_000);
        let is_long = code_gas >= CODE_GAS_MIN && code_gas.saturating_mul(REST_FACTOR) >= rest;
        if is_long && is_alone(transactions, at) {
            found.push((code_gas, TxIndex(at)));
            if found.len() == EARLY_MAX {
                break;
            }
        }
        rest = rest.saturating_add(code_gas);
    }
    found.sort_by_key(|(code_gas, _)| std::cmp::Reverse(*code_gas));
    found.into_iter().map(|(_, index)| index).collect()
}

/// Whether no transaction before goes to the same target or comes from the same sender.
fn is_alone<T: Transaction>(transactions: &[Recovered<T>], at: usize) -> bool {
    let tx = &transactions[at];
    let (sender, target) = (tx.signer(), tx.to());
    target.is_some()
        && transactions[..at].iter().all(|other| other.signer() != sender && other.to() != target)
}
