//! A block follows its parent: hash, number and time.

use alloy_consensus::Header;

use super::HeaderContext;
use crate::error::ConsensusError;

pub(super) fn validate(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    if header.parent_hash != context.parent_hash {
        return Err(ConsensusError::ParentHash { got: header.parent_hash, expected: context.parent_hash });
    }
    let expected = context.parent.number.saturating_add(1);
    if header.number != expected {
        return Err(ConsensusError::Number { got: header.number, expected });
    }
    if header.timestamp <= context.parent.timestamp {
        return Err(ConsensusError::Timestamp { got: header.timestamp, parent: context.parent.timestamp });
    }
    Ok(())
}
