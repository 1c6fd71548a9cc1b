//! The merge: difficulty, nonce and ommers are constants (EIP-3675).

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_primitives::{B64, U256};

use crate::error::ConsensusError;

pub(super) fn validate(header: &Header) -> Result<(), ConsensusError> {
    if !header.difficulty.is_zero() {
        return Err(ConsensusError::Difficulty { got: header.difficulty, expected: U256::ZERO });
    }
    if header.nonce != B64::ZERO {
        return Err(ConsensusError::MergedNonce { got: header.nonce });
    }
    if header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
        return Err(ConsensusError::MergedOmmers { got: header.ommers_hash });
    }
    Ok(())
}
