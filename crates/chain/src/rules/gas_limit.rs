//! Bounds the gas limit by the parent's, and the gas used by the limit (Yellow Paper, 4.4.4).

use alloy_consensus::Header;
use alloy_eips::eip1559::{DEFAULT_ELASTICITY_MULTIPLIER, GAS_LIMIT_BOUND_DIVISOR};
use alloy_hardforks::EthereumHardforks;

use super::HeaderContext;
use crate::error::ConsensusError;

/// Smallest gas limit of any block.
const MINIMUM: u64 = 5000;
/// Largest gas limit of any block, so that it fits a signed integer (EIP-1985).
const MAXIMUM: u64 = i64::MAX as u64;

pub(super) fn validate(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    let parent_limit = comparable_parent_limit(context, header);
    // The limit may change by less than the step.
    let step = (parent_limit / GAS_LIMIT_BOUND_DIVISOR).max(1);
    let minimum = (parent_limit - (step - 1).min(parent_limit)).max(MINIMUM);
    let maximum = parent_limit.saturating_add(step - 1).min(MAXIMUM);
    if !(minimum..=maximum).contains(&header.gas_limit) {
        return Err(ConsensusError::GasLimit { got: header.gas_limit, minimum, maximum });
    }
    if header.gas_used > header.gas_limit {
        return Err(ConsensusError::GasUsedAboveLimit { got: header.gas_used, limit: header.gas_limit });
    }
    Ok(())
}

/// Returns the parent's limit in the block's measure: London's first block has twice its parent's (EIP-1559).
fn comparable_parent_limit(context: &HeaderContext<'_>, header: &Header) -> u64 {
    let london = |number| context.spec.is_london_active_at_block(number);
    if london(header.number) && !london(context.parent.number) {
        return context.parent.gas_limit.saturating_mul(DEFAULT_ELASTICITY_MULTIPLIER);
    }
    context.parent.gas_limit
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U256};
    use tandem_corpus::ChainSpec;

    use super::*;

    fn check(spec: &ChainSpec, parent: u64, number: u64, gas_limit: u64) -> Result<(), ConsensusError> {
        let parent = Header { gas_limit: parent, number: number - 1, ..Header::default() };
        let context = HeaderContext {
            spec,
            parent: &parent,
            parent_hash: B256::ZERO,
            parent_total_difficulty: U256::ZERO,
        };
        validate(&context, &Header { gas_limit, number, ..Header::default() })
    }

    #[test]
    fn the_limit_changes_by_less_than_a_1024th() {
        let berlin = ChainSpec::network("Berlin").unwrap();
        for good in [1_024_000, 1_024_999, 1_023_001] {
            check(&berlin, 1_024_000, 1, good).unwrap();
        }
        for bad in [1_025_000, 1_023_000] {
            let error = check(&berlin, 1_024_000, 1, bad).unwrap_err();
            let expected = ConsensusError::GasLimit { got: bad, minimum: 1_023_001, maximum: 1_024_999 };
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn the_limit_stays_within_absolute_bounds() {
        let berlin = ChainSpec::network("Berlin").unwrap();
        check(&berlin, 5000, 1, 5000).unwrap();
        check(&berlin, 5000, 1, 4999).unwrap_err();
        check(&berlin, MAXIMUM, 1, MAXIMUM).unwrap();
        check(&berlin, MAXIMUM, 1, MAXIMUM + 1).unwrap_err();
    }

    #[test]
    fn londons_first_block_doubles_the_limit() {
        let spec = ChainSpec::network("BerlinToLondonAt5").unwrap();
        check(&spec, 1_000_000, 4, 1_000_000).unwrap();
        check(&spec, 1_000_000, 5, 2_000_000).unwrap();
        check(&spec, 1_000_000, 5, 1_000_000).unwrap_err();
        check(&spec, 2_000_000, 6, 2_000_000).unwrap();
    }
}
