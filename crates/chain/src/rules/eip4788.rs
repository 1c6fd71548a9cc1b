//! The parent beacon block root is there from Cancun on (EIP-4788).

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::ChainSpec;

use super::field_of;
use crate::error::ConsensusError;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let fork = spec.is_cancun_active_at_timestamp(header.timestamp).into();
    field_of("parent beacon block root", 4788, header.parent_beacon_block_root, fork).map(drop)
}
