//! The base fee follows the parent's gas (EIP-1559).

use alloy_consensus::Header;
use alloy_eips::eip1559::{BaseFeeParams, INITIAL_BASE_FEE};
use alloy_hardforks::EthereumHardforks;

use super::{HeaderContext, field_of};
use crate::error::ConsensusError;

pub(super) fn validate(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    let fork = context.spec.is_london_active_at_block(header.number).into();
    let Some(got) = field_of("base fee", 1559, header.base_fee_per_gas, fork)? else { return Ok(()) };
    // A parent without one is the last block before London.
    let expected = context.parent.next_block_base_fee(BaseFeeParams::ethereum()).unwrap_or(INITIAL_BASE_FEE);
    if got == expected { Ok(()) } else { Err(ConsensusError::BaseFee { got, expected }) }
}
