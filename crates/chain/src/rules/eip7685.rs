//! The requests hash is there from Prague on (EIP-7685).

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::ChainSpec;

use super::field_of;
use crate::error::ConsensusError;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let fork = spec.is_prague_active_at_timestamp(header.timestamp).into();
    field_of("requests hash", 7685, header.requests_hash, fork).map(drop)
}
