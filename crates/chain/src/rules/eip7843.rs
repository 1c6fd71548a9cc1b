//! The slot number is there from Amsterdam on (EIP-7843).

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::ChainSpec;

use super::field_of;
use crate::error::ConsensusError;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let fork = spec.is_amsterdam_active_at_timestamp(header.timestamp).into();
    field_of("slot number", 7843, header.slot_number, fork).map(drop)
}
