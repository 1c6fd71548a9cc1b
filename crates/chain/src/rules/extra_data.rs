//! Bounds the extra data (Yellow Paper, 4.4.4).

use alloy_consensus::Header;

use crate::error::ConsensusError;

/// Most bytes of extra data; the proof-of-work and proof-of-stake chains share it.
const MAXIMUM: usize = 32;

pub(super) fn validate(header: &Header) -> Result<(), ConsensusError> {
    let got = header.extra_data.len();
    if got > MAXIMUM { Err(ConsensusError::ExtraDataTooLong { got, maximum: MAXIMUM }) } else { Ok(()) }
}
