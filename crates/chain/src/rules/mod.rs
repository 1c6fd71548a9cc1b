//! Validates headers against their parents, one rule a file; a rule that is an EIP's is in the file of its number.

use alloy_consensus::Header;
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::{B256, U256};
use tandem_corpus::ChainSpec;

use crate::error::ConsensusError;

pub mod difficulty;
mod eip1559;
mod eip3675;
mod eip4788;
mod eip4844;
pub(crate) mod eip4895;
mod eip7685;
mod eip779;
mod eip7843;
mod eip7928;
mod extra_data;
mod gas_limit;
mod lineage;

pub(crate) use eip4844::validate_blob_gas;

/// What a header is checked against: the rules of its chain, and its parent.
#[derive(Clone, Copy, Debug)]
pub struct HeaderContext<'a> {
    /// The rules.
    pub spec: &'a ChainSpec,
    /// The parent's header, valid itself.
    pub parent: &'a Header,
    /// The parent's hash.
    pub parent_hash: B256,
    /// The sum of difficulties from genesis to the parent, the parent's included.
    pub parent_total_difficulty: U256,
}

/// How a block earns its place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consensus {
    /// By proof of work; its difficulty follows a formula.
    Work,
    /// By proof of stake, from Paris on (EIP-3675).
    Stake,
}

impl HeaderContext<'_> {
    /// Returns how a child of the parent earns its place.
    ///
    /// Where the merge waits for a total difficulty, that decides and nothing else: a block number that the chain's
    /// rules may also give is a memory of where it happened.
    pub fn consensus_of(&self, header: &Header) -> Consensus {
        let merged = match self.spec.ethereum_fork_activation(EthereumHardfork::Paris) {
            ForkCondition::TTD { total_difficulty, .. } => self.parent_total_difficulty >= total_difficulty,
            condition => condition.active_at_timestamp_or_number(header.timestamp, header.number),
        };
        if merged { Consensus::Stake } else { Consensus::Work }
    }
}

/// Validates a header against its parent by the rules of its fork.
///
/// The parent must be valid itself. The seal is not verified, and the timestamp is compared with the parent's only.
pub fn validate_header(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    lineage::validate(context, header)?;
    gas_limit::validate(context, header)?;
    extra_data::validate(header)?;
    eip779::validate(context.spec, header)?;
    match context.consensus_of(header) {
        Consensus::Work => difficulty::validate(context, header)?,
        Consensus::Stake => eip3675::validate(header)?,
    }
    eip1559::validate(context, header)?;
    eip4895::validate(context.spec, header)?;
    eip4844::validate(context, header)?;
    eip4788::validate(context.spec, header)?;
    eip7685::validate(context.spec, header)?;
    eip7928::validate(context.spec, header)?;
    eip7843::validate(context.spec, header)
}

/// Whether a fork is active in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fork {
    Active,
    Inactive,
}

impl From<bool> for Fork {
    fn from(active: bool) -> Self {
        if active { Self::Active } else { Self::Inactive }
    }
}

/// Returns a field's value if its fork is active; a field must be there exactly from its fork on.
pub(crate) fn field_of<T>(
    field: &'static str,
    eip: u16,
    value: Option<T>,
    fork: Fork,
) -> Result<Option<T>, ConsensusError> {
    match (fork, value) {
        (Fork::Active, None) => Err(ConsensusError::MissingField { field, eip }),
        (Fork::Inactive, Some(_)) => Err(ConsensusError::UnexpectedField { field, eip }),
        (_, value) => Ok(value),
    }
}

#[cfg(test)]
mod tests;
