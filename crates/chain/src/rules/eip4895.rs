//! Withdrawals are there from Shanghai on, in the header and in the body (EIP-4895).

use alloy_consensus::{Header, proofs::calculate_withdrawals_root};
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::{Block, ChainSpec};

use super::field_of;
use crate::error::ConsensusError;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let fork = spec.is_shanghai_active_at_timestamp(header.timestamp).into();
    field_of("withdrawals root", 4895, header.withdrawals_root, fork).map(drop)
}

/// Validates that a block's withdrawals are those of its header.
pub(crate) fn validate_withdrawals(spec: &ChainSpec, block: &Block) -> Result<(), ConsensusError> {
    let header = &block.header;
    let fork = spec.is_shanghai_active_at_timestamp(header.timestamp).into();
    let withdrawals = field_of("list of withdrawals", 4895, block.withdrawals.as_ref(), fork)?;
    let (Some(withdrawals), Some(got)) = (withdrawals, header.withdrawals_root) else { return Ok(()) };
    let expected = calculate_withdrawals_root(withdrawals);
    if got == expected { Ok(()) } else { Err(ConsensusError::WithdrawalsRoot { got, expected }) }
}
