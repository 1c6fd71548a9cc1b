//! The hash of the block access list is there from Amsterdam on (EIP-7928).

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::ChainSpec;

use super::field_of;
use crate::error::ConsensusError;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let fork = spec.is_amsterdam_active_at_timestamp(header.timestamp).into();
    field_of("block access list hash", 7928, header.block_access_list_hash, fork).map(drop)
}
