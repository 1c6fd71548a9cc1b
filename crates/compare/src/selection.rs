//! Makes a case with some of a block's transactions.

use std::collections::BTreeMap;

use alloy_consensus::Transaction;
use tandem_corpus::{Block, Case};

/// Returns the case with the transactions at these indexes, in this order, on the same state.
///
/// The header stays as it is: it is that of the whole block.
pub fn select<S>(case: &Case<S>, kept: impl IntoIterator<Item = usize>) -> Case<S> {
    let transactions = &case.block.transactions;
    let kept = kept.into_iter().map(|index| transactions[index].clone()).collect();
    Case {
        source: case.source.clone(),
        spec: case.spec.clone(),
        block: Block { transactions: kept, ..case.block.clone() },
        state: case.state.clone(),
    }
}

/// Does as [`select`] and raises the nonces of senders whose first transactions are left out, so that the others remain
/// valid.
pub fn select_raised(case: &Case, kept: &[usize]) -> Case {
    let mut selected = select(case, kept.iter().copied());
    let mut first = BTreeMap::new();
    for transaction in selected.block.transactions.iter() {
        first.entry(transaction.signer()).or_insert_with(|| transaction.nonce());
    }
    first.retain(|sender, nonce| {
        case.state.accounts.get(sender).is_some_and(|account| account.info.nonce < *nonce)
    });
    if !first.is_empty() {
        let mut state = (*case.state).clone();
        for (sender, nonce) in first {
            state.accounts.entry(sender).or_default().info.nonce = nonce;
        }
        selected.state = state.into();
    }
    selected
}
