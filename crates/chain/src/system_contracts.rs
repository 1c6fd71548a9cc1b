//! From Prague on the contracts that collect requests must exist (EIP-7002, EIP-7251).
//!
//! Execution calls them at the end of a block. A call to no code succeeds, so that execution cannot tell; the block is
//! invalid nevertheless. Nothing after the call changes code: the state after the block shows what was called.

use alloy_consensus::Header;
use alloy_eips::{
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
};
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::ChainSpec;

use crate::{
    error::ConsensusError,
    output::{CodePresence, PostState},
};

/// The contracts and the EIPs that ask for them.
const CONTRACTS: [(alloy_primitives::Address, u16); 2] =
    [(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, 7002), (CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, 7251)];

/// Validates the state after a block; of a part of a state, only what it holds.
pub(crate) fn validate(
    spec: &ChainSpec,
    header: &Header,
    post_state: &dyn PostState,
) -> Result<(), ConsensusError> {
    if !spec.is_prague_active_at_timestamp(header.timestamp) {
        return Ok(());
    }
    for (address, eip) in CONTRACTS {
        if post_state.code_of(address) == CodePresence::Absent {
            return Err(ConsensusError::SystemContractEmpty { address, eip });
        }
    }
    Ok(())
}
