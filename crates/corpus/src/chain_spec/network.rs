//! Knows the network names of ethereum/tests and the execution-spec tests.

use alloy_hardforks::{EthereumHardfork as Fork, ForkCondition};
use alloy_primitives::U256;

use super::{BlobSchedule, ChainSpec, paris_at_difficulty};

/// A network name that gives no rules to execute by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Nobody knows the name.
    #[error(
        "unknown network `{network}`, expected a fork such as `Cancun` or a transition such as `ShanghaiToCancunAtTime15k`"
    )]
    Unknown {
        /// The name.
        network: String,
    },
    /// The name is known, the engine is without its rules.
    #[error("network `{network}` is not run: {reason}")]
    Unsupported {
        /// The name.
        network: String,
        /// What is missing.
        reason: &'static str,
    },
}

/// When a transition happens.
#[derive(Clone, Copy)]
enum Activation {
    Block(u64),
    Difficulty(U256),
    Time(u64),
}

impl ChainSpec {
    /// Returns the rules of a test network: a fork (`Berlin`) or a transition (`BerlinToLondonAt5`).
    ///
    /// The chain id is 1 and the deposit contract is mainnet's, as the tests assume.
    pub fn network(network: &str) -> Result<Self, NetworkError> {
        let forks = match fork_by_name(network) {
            Some(fork) => forks_through(fork),
            None => {
                transition(network).ok_or_else(|| NetworkError::Unknown { network: network.to_owned() })?
            }
        };
        let never = |fork| !forks.iter().any(|(known, _)| *known == fork);
        if !never(Fork::Constantinople) && never(Fork::Petersburg) {
            let reason = "revm has no EIP-1283 (Constantinople before its fix)";
            return Err(NetworkError::Unsupported { network: network.to_owned(), reason });
        }
        Ok(Self::new(1, forks, BlobSchedule::default()))
    }
}

/// Returns the fork of a name in tests, genesis files and blob schedules, in any case.
pub(crate) fn fork_by_name(name: &str) -> Option<Fork> {
    let name = name.to_ascii_lowercase();
    Some(match name.as_str() {
        "eip150" | "tangerinewhistle" => Fork::Tangerine,
        "eip158" => Fork::SpuriousDragon,
        "constantinoplefix" => Fork::Petersburg,
        "merge" => Fork::Paris,
        other => other.parse().ok()?,
    })
}

/// Returns a fork's name for people.
pub(super) fn fork_title(fork: Fork) -> &'static str {
    match fork {
        Fork::Dao => "DAO",
        Fork::Tangerine => "TangerineWhistle",
        Fork::Bpo1 => "BPO1",
        Fork::Bpo2 => "BPO2",
        Fork::Bpo3 => "BPO3",
        Fork::Bpo4 => "BPO4",
        Fork::Bpo5 => "BPO5",
        other => other.name(),
    }
}

/// Returns all forks up to and including one, active from genesis.
fn forks_through(last: Fork) -> Vec<(Fork, ForkCondition)> {
    let from_genesis = |fork| match fork {
        Fork::Paris => paris_at_difficulty(U256::ZERO),
        fork if fork < Fork::Paris => ForkCondition::Block(0),
        _ => ForkCondition::Timestamp(0),
    };
    let ancestors = Fork::VARIANTS.iter().filter(|fork| is_ancestor(**fork, last));
    ancestors.map(|fork| (*fork, from_genesis(*fork))).collect()
}

/// Tells whether a test network of one fork has another one's rules too.
///
/// The DAO fork moves balances at one block and is in no network but its own; Amsterdam follows BPO2.
fn is_ancestor(fork: Fork, last: Fork) -> bool {
    let beside = match fork {
        Fork::Dao => last != Fork::Dao,
        Fork::Bpo3 | Fork::Bpo4 | Fork::Bpo5 => last == Fork::Amsterdam,
        _ => false,
    };
    fork <= last && !beside
}

/// Reads `<fork>To<fork>At<block>`, `…AtTime<seconds>` (`15k` is 15000) or `…AtDiff<hexadecimal>`.
fn transition(network: &str) -> Option<Vec<(Fork, ForkCondition)>> {
    let (names, at) = network.rsplit_once("At")?;
    let (from, to) =
        names.match_indices("To").find_map(|(index, _)| names_at(&names[..index], &names[index + 2..]))?;
    let activation = activation(at)?;
    let mut forks = forks_through(from);
    let added = Fork::VARIANTS.iter().copied().filter(|fork| *fork > from && is_ancestor(*fork, to));
    for fork in added {
        let condition = match activation {
            Activation::Block(number) if fork < Fork::Paris => ForkCondition::Block(number),
            Activation::Time(seconds) if fork > Fork::Paris => ForkCondition::Timestamp(seconds),
            Activation::Difficulty(total) if fork == Fork::Paris => paris_at_difficulty(total),
            // A merge does not wait for a difficulty bomb that was never put off.
            Activation::Difficulty(_) if matches!(fork, Fork::ArrowGlacier | Fork::GrayGlacier) => continue,
            _ => return None,
        };
        forks.push((fork, condition));
    }
    Some(forks)
}

fn names_at(from: &str, to: &str) -> Option<(Fork, Fork)> {
    let (from, to) = (fork_by_name(from)?, fork_by_name(to)?);
    (from < to).then_some((from, to))
}

fn activation(at: &str) -> Option<Activation> {
    if let Some(hexadecimal) = at.strip_prefix("Diff") {
        return U256::from_str_radix(hexadecimal, 16).ok().map(Activation::Difficulty);
    }
    let Some(time) = at.strip_prefix("Time") else { return at.parse().ok().map(Activation::Block) };
    let seconds = match time.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000)?,
        None => time.parse().ok()?,
    };
    Some(Activation::Time(seconds))
}

#[cfg(test)]
mod tests {
    use alloy_consensus::Header;
    use alloy_hardforks::EthereumHardforks;

    use super::*;

    fn name_at(network: &str, number: u64, timestamp: u64) -> &'static str {
        ChainSpec::network(network).unwrap().fork_name(&Header { number, timestamp, ..Header::default() })
    }

    #[test]
    fn forks_are_active_from_genesis() {
        for (network, title) in [
            ("Frontier", "Frontier"),
            ("EIP150", "TangerineWhistle"),
            ("EIP158", "SpuriousDragon"),
            ("ConstantinopleFix", "Petersburg"),
            ("Merge", "Paris"),
            ("Cancun", "Cancun"),
            ("BPO5", "BPO5"),
            ("Amsterdam", "Amsterdam"),
        ] {
            assert_eq!(name_at(network, 1, 12), title);
        }
    }

    #[test]
    fn transitions_happen_where_the_name_says() {
        assert_eq!(name_at("FrontierToHomesteadAt5", 4, 40), "Frontier");
        assert_eq!(name_at("FrontierToHomesteadAt5", 5, 50), "Homestead");
        assert_eq!(name_at("HomesteadToDaoAt5", 5, 50), "DAO");
        assert_eq!(name_at("HomesteadToEIP150At5", 4, 40), "Homestead");
        assert_eq!(name_at("ByzantiumToConstantinopleFixAt5", 5, 50), "Petersburg");
        assert_eq!(name_at("ShanghaiToCancunAtTime15k", 2, 14_999), "Shanghai");
        assert_eq!(name_at("ShanghaiToCancunAtTime15k", 2, 15_000), "Cancun");
        assert_eq!(name_at("BPO2ToAmsterdamAtTime15k", 2, 14_999), "BPO2");
        assert_eq!(name_at("BPO2ToAmsterdamAtTime15k", 2, 15_000), "Amsterdam");
    }

    #[test]
    fn dao_fork_is_in_no_other_network() {
        for network in ["HomesteadToEIP150At5", "Berlin", "Osaka"] {
            let spec = ChainSpec::network(network).unwrap();
            assert_eq!(spec.ethereum_fork_activation(Fork::Dao), ForkCondition::Never);
        }
        let spec = ChainSpec::network("HomesteadToDaoAt5").unwrap();
        assert_eq!(spec.ethereum_fork_activation(Fork::Dao), ForkCondition::Block(5));
    }

    #[test]
    fn other_names_are_typed_errors() {
        for network in ["Futurama", "CancunToShanghaiAtTime15k", "BerlinToLondonAtTime15k", "PragueToAt5", ""]
        {
            let unknown = NetworkError::Unknown { network: network.to_owned() };
            assert_eq!(ChainSpec::network(network).unwrap_err(), unknown);
        }
        for network in ["Constantinople", "ByzantiumToConstantinopleAt5"] {
            let error = ChainSpec::network(network).unwrap_err();
            assert!(matches!(error, NetworkError::Unsupported { .. }), "{network}: {error}");
        }
    }
}
