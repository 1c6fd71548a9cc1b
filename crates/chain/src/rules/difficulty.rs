//! Computes the difficulty of a proof-of-work block from its parent.
//!
//! The formulas are Frontier's, Homestead's (EIP-2) and Byzantium's (EIP-100); the bomb doubles every 100,000 blocks
//! and was put off by EIP-649, 1234, 2384, 3554, 4345 and 5133. Written after execution-specs' `calculate_block_difficulty`.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use alloy_primitives::U256;
use tandem_corpus::ChainSpec;

use super::HeaderContext;
use crate::error::ConsensusError;

/// Smallest difficulty of any block.
const MINIMUM: U256 = U256::from_limbs([131_072, 0, 0, 0]);
/// One step of adjustment is the parent's difficulty divided by this.
const BOUND_DIVISOR: U256 = U256::from_limbs([2048, 0, 0, 0]);
/// Most steps that the difficulty falls by.
const MOST_STEPS_DOWN: u64 = 99;
/// Blocks between two doublings of the bomb.
const BOMB_PERIOD: u64 = 100_000;

/// By how many blocks each fork put the bomb off, latest first.
const BOMB_DELAYS: [(EthereumHardfork, u64); 6] = [
    (EthereumHardfork::GrayGlacier, 11_400_000),   // EIP-5133
    (EthereumHardfork::ArrowGlacier, 10_700_000),  // EIP-4345
    (EthereumHardfork::London, 9_700_000),         // EIP-3554
    (EthereumHardfork::MuirGlacier, 9_000_000),    // EIP-2384
    (EthereumHardfork::Constantinople, 5_000_000), // EIP-1234
    (EthereumHardfork::Byzantium, 3_000_000),      // EIP-649
];

/// A number of adjustment steps, with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steps {
    Up(u64),
    Down(u64),
}

pub(super) fn validate(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    let expected = expected(context.spec, context.parent, header.timestamp);
    let got = header.difficulty;
    if got == expected { Ok(()) } else { Err(ConsensusError::Difficulty { got, expected }) }
}

/// Returns the difficulty of a proof-of-work block with a given time, in seconds, which must be after its parent's.
pub fn expected(spec: &ChainSpec, parent: &Header, timestamp: u64) -> U256 {
    let number = parent.number.saturating_add(1);
    let elapsed = timestamp.saturating_sub(parent.timestamp);
    let steps = if spec.is_byzantium_active_at_block(number) {
        let base = if parent.ommers_hash == EMPTY_OMMER_ROOT_HASH { 1 } else { 2 };
        steps_after(base, elapsed / 9)
    } else if spec.is_homestead_active_at_block(number) {
        steps_after(1, elapsed / 10)
    } else if elapsed < 13 {
        Steps::Up(1)
    } else {
        Steps::Down(1)
    };
    let step = parent.difficulty / BOUND_DIVISOR;
    let adjusted = match steps {
        Steps::Up(count) => parent.difficulty.saturating_add(step.saturating_mul(U256::from(count))),
        Steps::Down(count) => parent.difficulty.saturating_sub(step.saturating_mul(U256::from(count))),
    };
    adjusted.max(MINIMUM).saturating_add(bomb(spec, number))
}

/// Returns `base - units` as steps, no lower than 99 down.
fn steps_after(base: u64, units: u64) -> Steps {
    match base.checked_sub(units) {
        Some(up) => Steps::Up(up),
        None => Steps::Down((units - base).min(MOST_STEPS_DOWN)),
    }
}

/// Returns what the bomb adds to the difficulty of a block.
fn bomb(spec: &ChainSpec, number: u64) -> U256 {
    let active = |fork| spec.is_ethereum_fork_active_at_block(fork, number);
    let delay = BOMB_DELAYS.iter().find(|(fork, _)| active(*fork)).map_or(0, |(_, delay)| *delay);
    let periods = number.saturating_sub(delay) / BOMB_PERIOD;
    if periods > 1 { U256::from(2).saturating_pow(U256::from(periods - 2)) } else { U256::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mainnet blocks: number, time, difficulty and whether it has ommers; then its child's time and difficulty.
    fn check(number: u64, time: u64, difficulty: u128, ommers: bool, child_time: u64, child: u128) {
        let mut parent =
            Header { number, timestamp: time, difficulty: U256::from(difficulty), ..Header::default() };
        if ommers {
            parent.ommers_hash = Default::default();
        }
        assert_eq!(expected(&ChainSpec::mainnet(), &parent, child_time), U256::from(child), "{number}");
    }

    #[test]
    fn frontier_moves_by_one_step() {
        check(1, 1_438_269_988, 17_171_480_576, false, 1_438_270_017, 17_163_096_064);
        check(2, 1_438_270_017, 17_163_096_064, false, 1_438_270_048, 17_154_715_646);
        check(10, 1000, 1 << 20, false, 1012, (1 << 20) + 512);
        check(10, 1000, 1 << 20, false, 1013, (1 << 20) - 512);
    }

    #[test]
    fn homestead_moves_by_time() {
        let bomb = 1 << (1_200_001 / 100_000 - 2);
        check(1_200_000, 1000, 1 << 30, false, 1009, (1 << 30) + (1 << 19) + bomb);
        check(1_200_000, 1000, 1 << 30, false, 1010, (1 << 30) + bomb);
        check(1_200_000, 1000, 1 << 30, false, 1039, (1 << 30) - 2 * (1 << 19) + bomb);
        check(1_200_000, 1000, 1 << 30, false, 9000, (1 << 30) - 99 * (1 << 19) + bomb);
    }

    #[test]
    fn byzantium_counts_the_parents_ommers() {
        let bomb = 1 << ((5_000_001 - 3_000_000) / 100_000 - 2);
        check(5_000_000, 1000, 1 << 30, false, 1001, (1 << 30) + (1 << 19) + bomb);
        check(5_000_000, 1000, 1 << 30, true, 1001, (1 << 30) + 2 * (1 << 19) + bomb);
        check(5_000_000, 1000, 1 << 30, true, 1009, (1 << 30) + (1 << 19) + bomb);
    }

    #[test]
    fn each_fork_puts_the_bomb_off() {
        let spec = ChainSpec::mainnet();
        let exponent = |number: u64, delay: u64| U256::from(1) << ((number - delay) / 100_000 - 2);
        for (number, delay) in [
            (4_369_999, 0),
            (4_370_000, 3_000_000),
            (7_280_000, 5_000_000),
            (9_200_000, 9_000_000),
            (12_965_000, 9_700_000),
            (13_773_000, 10_700_000),
            (15_050_000, 11_400_000),
        ] {
            assert_eq!(bomb(&spec, number), exponent(number, delay), "{number}");
        }
        assert_eq!(bomb(&spec, 199_999), U256::ZERO);
        assert_eq!(bomb(&spec, 200_000), U256::from(1));
    }

    #[test]
    fn the_minimum_holds() {
        check(10, 1000, 131_072, false, 2000, 131_072);
    }
}
