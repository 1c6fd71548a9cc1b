//! Validates what execution gave against the header.

use std::fmt::Debug;

use alloy_consensus::{EthereumReceipt, Header, Receipt, ReceiptWithBloom, TxReceipt};
use alloy_eips::eip7685::Requests;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, Bloom};
use alloy_rlp::Encodable;
use alloy_trie::root::ordered_trie_root_with_encoder;
use tandem_corpus::{Absent, ChainSpec, PlainState};

use crate::{error::ConsensusError, system_contracts};

/// What execution gave.
#[derive(Clone, Copy, Debug)]
pub struct ExecutionOutput<'a> {
    /// Gas used by the block.
    pub gas_used: u64,
    /// Blob gas used by the block; zero before Cancun.
    pub blob_gas_used: u64,
    /// Receipts in block order.
    pub receipts: &'a [EthereumReceipt],
    /// The state roots that receipts carry before Byzantium.
    pub intermediate_roots: IntermediateRoots<'a>,
    /// Execution-layer requests; none before Prague.
    pub requests: &'a Requests,
    /// Root of the state after the block; none where only a part of the state is known, and not checked then.
    pub state_root: Option<B256>,
    /// State after the block, or a part of it; none where it is not known, and not looked at then.
    pub post_state: Option<&'a dyn PostState>,
    /// Hash of the block access list; none where none was built, and not checked then.
    pub block_access_list_hash: Option<B256>,
}

/// Whether an account has code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePresence {
    /// It has.
    Present,
    /// It has none, or does not exist.
    Absent,
    /// The state is a part of a state and does not hold the account.
    Unknown,
}

/// The state after a block, as far as rules look at it.
pub trait PostState: Debug {
    /// Tells whether an account has code.
    fn code_of(&self, address: Address) -> CodePresence;
}

impl PostState for PlainState {
    fn code_of(&self, address: Address) -> CodePresence {
        match (self.accounts.get(&address), self.absent) {
            (Some(account), _) if account.info.is_empty_code_hash() => CodePresence::Absent,
            (Some(_), _) => CodePresence::Present,
            (None, Absent::Empty) => CodePresence::Absent,
            (None, Absent::Unknown | Absent::Presumed) => CodePresence::Unknown,
        }
    }
}

/// The state root after each transaction, which a receipt carries before Byzantium in place of a status (EIP-658).
#[derive(Clone, Copy, Debug)]
pub enum IntermediateRoots<'a> {
    /// They are not known: before Byzantium the receipts root is not checked.
    Unknown,
    /// One for each transaction; looked at before Byzantium only.
    Known(&'a [B256]),
}

/// Validates an execution's output against the header of its block.
///
/// What is absent from the output is not checked; that a field is there at all is [`validate_header`]'s part.
///
/// [`validate_header`]: crate::validate_header
pub fn validate_output(
    spec: &ChainSpec,
    header: &Header,
    output: &ExecutionOutput<'_>,
) -> Result<(), ConsensusError> {
    if let Some(post_state) = output.post_state {
        system_contracts::validate(spec, header, post_state)?;
    }
    let got = header.gas_used;
    if got != output.gas_used {
        return Err(ConsensusError::GasUsed { got, expected: output.gas_used });
    }
    if let Some(got) = header.blob_gas_used
        && got != output.blob_gas_used
    {
        return Err(ConsensusError::BlobGasUsed { got, expected: output.blob_gas_used });
    }
    validate_receipts(spec, header, output)?;
    if let Some(got) = header.requests_hash {
        let expected = output.requests.requests_hash();
        if got != expected {
            return Err(ConsensusError::RequestsHash { got, expected });
        }
    }
    if let (Some(got), Some(expected)) = (header.block_access_list_hash, output.block_access_list_hash)
        && got != expected
    {
        return Err(ConsensusError::BlockAccessListHash { got, expected });
    }
    match output.state_root {
        Some(expected) if header.state_root != expected => {
            Err(ConsensusError::StateRoot { got: header.state_root, expected })
        }
        _ => Ok(()),
    }
}

/// Validates logs bloom and receipts root, hashing each log once.
fn validate_receipts(
    spec: &ChainSpec,
    header: &Header,
    output: &ExecutionOutput<'_>,
) -> Result<(), ConsensusError> {
    let receipts: Vec<_> = output.receipts.iter().map(TxReceipt::with_bloom_ref).collect();
    let mut expected = Bloom::ZERO;
    for receipt in &receipts {
        expected.accrue_bloom(&receipt.logs_bloom);
    }
    if header.logs_bloom != expected {
        let (got, expected) = (Box::new(header.logs_bloom), Box::new(expected));
        return Err(ConsensusError::LogsBloom { got, expected });
    }
    let expected = if spec.is_byzantium_active_at_block(header.number) {
        alloy_consensus::proofs::calculate_receipt_root(&receipts)
    } else if let IntermediateRoots::Known(roots) = output.intermediate_roots {
        frontier_receipts_root(&receipts, roots)
    } else {
        return Ok(());
    };
    let got = header.receipts_root;
    if got == expected { Ok(()) } else { Err(ConsensusError::ReceiptsRoot { got, expected }) }
}

/// Returns the root of receipts that carry state roots; all transactions are legacy ones then.
///
/// A receipt without a root has no encoding and is left out, so that too few roots give another root.
fn frontier_receipts_root(receipts: &[ReceiptWithBloom<&EthereumReceipt>], roots: &[B256]) -> B256 {
    let receipts: Vec<_> = receipts
        .iter()
        .zip(roots)
        .map(|(receipt, root)| ReceiptWithBloom {
            logs_bloom: receipt.logs_bloom,
            receipt: Receipt {
                status: (*root).into(),
                cumulative_gas_used: receipt.receipt.cumulative_gas_used,
                logs: receipt.receipt.logs.clone(),
            },
        })
        .collect();
    ordered_trie_root_with_encoder(&receipts, |receipt, out| receipt.encode(out))
}

#[cfg(test)]
mod tests;
