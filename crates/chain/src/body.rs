//! Validates a block's body against its header: transactions, ommers' hash, withdrawals, blobs and size.
//!
//! What needs a state to be judged (nonces, balances, fees, code) is left to execution, and signatures (EIP-2, EIP-155)
//! to whoever recovers the senders.

use alloy_consensus::proofs::{calculate_ommers_root, calculate_transaction_root};
use tandem_corpus::{Block, ChainSpec};

use crate::{error::ConsensusError, rules};

mod eip2718;
mod eip7934;

/// Validates the body of a block against its header, by the rules of its fork.
///
/// Ommers' headers need ancestors and are [`validate_ommers`](crate::validate_ommers)' part.
pub fn validate_body(spec: &ChainSpec, block: &Block) -> Result<(), ConsensusError> {
    eip7934::validate(spec, block)?;
    let got = block.header.ommers_hash;
    let expected = calculate_ommers_root(&block.ommers);
    if got != expected {
        return Err(ConsensusError::OmmersHash { got, expected });
    }
    let got = block.header.transactions_root;
    let expected = calculate_transaction_root(&block.transactions);
    if got != expected {
        return Err(ConsensusError::TransactionsRoot { got, expected });
    }
    rules::eip4895::validate_withdrawals(spec, block)?;
    rules::validate_blob_gas(block)?;
    for (index, tx) in block.transactions.iter().enumerate() {
        eip2718::validate(spec, &block.header, index, tx.inner())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
