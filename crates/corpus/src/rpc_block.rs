//! Turns a block as a node's RPC gives it into a block, and holds a block's body against its header.

use std::path::Path;

use alloy_consensus::proofs::{
    calculate_ommers_root, calculate_transaction_root, calculate_withdrawals_root,
};
use alloy_primitives::Address;

use crate::{
    block::{Block, Transaction},
    chain_spec::ChainSpec,
    decode::recover_block,
    error::InputError,
};

/// A block as `eth_getBlockByNumber(n, true)` gives it.
pub(crate) type RpcBlock = alloy_rpc_types_eth::Block<alloy_rpc_types_eth::Transaction<Transaction>>;

/// Recovers the senders of a block and checks all that it states twice: hash, senders, body.
pub(crate) fn block_of(rpc: RpcBlock, path: &Path, spec: &ChainSpec) -> Result<Block, InputError> {
    let hash = rpc.header.hash;
    let senders: Vec<Address> =
        rpc.transactions.txns().map(|transaction| transaction.inner.signer()).collect();
    if !rpc.transactions.is_full() {
        return differs(path, "transactions", &"whole transactions", &"their hashes");
    }
    let block = rpc.into_consensus().convert_transactions::<Transaction>();
    let block = recover_block(block, spec)
        .map_err(|source| InputError::Block { place: path.display().to_string(), source })?;
    if block.hash != hash {
        return differs(path, "hash", &hash, &format!("a header with hash {}", block.hash));
    }
    check_body(&block, path)?;
    for (index, (transaction, stated)) in block.transactions.iter().zip(senders).enumerate() {
        if transaction.signer() != stated {
            let got = format!("a signature by {}", transaction.signer());
            return differs(path, &format!("transactions[{index}].from"), &stated, &got);
        }
    }
    Ok(block)
}

/// Checks that a block's transactions and withdrawals are those that its header commits to.
pub(crate) fn check_body(block: &Block, path: &Path) -> Result<(), InputError> {
    let root = calculate_transaction_root(&block.transactions);
    if block.header.transactions_root != root {
        let got = format!("transactions with root {root}");
        return differs(path, "transactionsRoot", &block.header.transactions_root, &got);
    }
    let root = block.withdrawals.as_deref().map(|withdrawals| calculate_withdrawals_root(withdrawals));
    if block.header.withdrawals_root != root {
        let got = format!("withdrawals with root {root:?}");
        return differs(path, "withdrawalsRoot", &format!("{:?}", block.header.withdrawals_root), &got);
    }
    Ok(())
}

/// Checks that a block's ommers are those that its header commits to; RPC gives their hashes only.
pub(crate) fn check_ommers(block: &Block, path: &Path) -> Result<(), InputError> {
    let root = calculate_ommers_root(&block.ommers);
    if block.header.ommers_hash == root {
        return Ok(());
    }
    differs(path, "sha3Uncles", &block.header.ommers_hash, &format!("ommers with hash {root}"))
}

fn differs<T>(
    path: &Path,
    field: &str,
    expected: &dyn ToString,
    got: &dyn ToString,
) -> Result<T, InputError> {
    let (expected, got) = (expected.to_string(), got.to_string());
    Err(InputError::Contradiction { path: path.to_owned(), field: field.to_owned(), expected, got })
}
