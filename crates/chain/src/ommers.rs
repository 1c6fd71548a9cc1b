//! Validates a block's ommers against its ancestors (Yellow Paper, 11.1).

use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use tandem_corpus::{Block, ChainSpec};

use crate::{
    error::ConsensusError,
    rules::{HeaderContext, validate_header},
};

/// Most ommers of a block.
const MAXIMUM: usize = 2;
/// How many generations back an ommer's parent may be; also how many ancestors' ommers must not come again.
pub(crate) const GENERATIONS: usize = 7;

/// One ancestor of a block.
#[derive(Clone, Copy, Debug)]
pub struct Ancestor<'a> {
    /// Its hash.
    pub hash: B256,
    /// Its header.
    pub header: &'a Header,
    /// The hashes of its ommers.
    pub ommers: &'a [B256],
    /// The sum of difficulties from genesis to it.
    pub total_difficulty: U256,
}

/// Validates the ommers of a block whose ancestors are given from its parent back.
///
/// Seven ancestors are looked at, or all where the chain is shorter; they must be valid. An ommer is a sibling of one
/// of the first six of them: its header is valid, is not an ancestor, and was not included before.
pub fn validate_ommers(
    spec: &ChainSpec,
    block: &Block,
    ancestors: &[Ancestor<'_>],
) -> Result<(), ConsensusError> {
    if block.ommers.len() > MAXIMUM {
        return Err(ConsensusError::TooManyOmmers { got: block.ommers.len(), maximum: MAXIMUM });
    }
    let ancestors = &ancestors[..ancestors.len().min(GENERATIONS)];
    let mut included: Vec<B256> = ancestors.iter().flat_map(|ancestor| ancestor.ommers).copied().collect();
    for (index, ommer) in block.ommers.iter().enumerate() {
        let hash = ommer.hash_slow();
        if included.contains(&hash) {
            return Err(ConsensusError::OmmerIncluded { index, hash });
        }
        included.push(hash);
        if ancestors.iter().any(|ancestor| ancestor.hash == hash) {
            return Err(ConsensusError::OmmerIsAncestor { index, hash });
        }
        // The block's own parent is out: an ommer of it would be the block's sibling.
        let parent = ancestors.iter().skip(1).find(|ancestor| ancestor.hash == ommer.parent_hash);
        let Some(parent) = parent else {
            return Err(ConsensusError::OmmerParent { index, parent: ommer.parent_hash });
        };
        let context = HeaderContext {
            spec,
            parent: parent.header,
            parent_hash: parent.hash,
            parent_total_difficulty: parent.total_difficulty,
        };
        validate_header(&context, ommer)
            .map_err(|error| ConsensusError::OmmerHeader { index, error: Box::new(error) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
