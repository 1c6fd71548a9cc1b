//! Reads a chain's rules from a geth genesis configuration.

use std::path::Path;

use alloy_genesis::{ChainConfig, Genesis};
use alloy_hardforks::{EthereumHardfork as Fork, ForkCondition};
use alloy_primitives::U256;
use serde::Deserialize;

use super::{BlobSchedule, ChainSpec, network, paris_at_difficulty};
use crate::{
    error::InputError,
    file::{find, read_json},
};

/// A chain's rules: a whole genesis or only its `config`.
#[derive(Deserialize)]
#[serde(untagged)]
enum ChainFile {
    Genesis { config: ChainConfig },
    Config(ChainConfig),
}

impl ChainSpec {
    /// Reads the rules out of a directory's `chain.json`, if there is one.
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, InputError> {
        let Some(path) = find(directory, "chain.json") else { return Ok(None) };
        Ok(Some(match read_json(&path)? {
            ChainFile::Genesis { config } | ChainFile::Config(config) => Self::from_config(&config),
        }))
    }

    /// Reads the rules out of a genesis.
    pub fn from_genesis(genesis: &Genesis) -> Self {
        Self::from_config(&genesis.config)
    }

    /// Reads the rules out of the `config` of a genesis.
    ///
    /// revm has no EIP-1283, so a chain that has Constantinople before Petersburg gets Petersburg's rules from
    /// Constantinople on. Blob parameters that are not given are mainnet's.
    pub fn from_config(config: &ChainConfig) -> Self {
        let blobs = config
            .blob_schedule
            .iter()
            .filter_map(|(name, params)| network::fork_by_name(name).map(|fork| (fork, *params)));
        let mut spec = Self::new(config.chain_id, forks(config), BlobSchedule::default()).with_blobs(blobs);
        spec.deposit_contract = config.deposit_contract_address;
        spec
    }
}

fn forks(config: &ChainConfig) -> impl Iterator<Item = (Fork, ForkCondition)> {
    let petersburg = match (config.constantinople_block, config.petersburg_block) {
        (Some(constantinople), Some(petersburg)) => Some(constantinople.min(petersburg)),
        (constantinople, petersburg) => petersburg.or(constantinople),
    };
    let blocks = [
        (Fork::Frontier, Some(0)),
        (Fork::Homestead, config.homestead_block),
        (Fork::Dao, config.dao_fork_block.filter(|_| config.dao_fork_support)),
        (Fork::Tangerine, config.eip150_block),
        (Fork::SpuriousDragon, config.eip158_block),
        (Fork::Byzantium, config.byzantium_block),
        (Fork::Constantinople, config.constantinople_block),
        (Fork::Petersburg, petersburg),
        (Fork::Istanbul, config.istanbul_block),
        (Fork::MuirGlacier, config.muir_glacier_block),
        (Fork::Berlin, config.berlin_block),
        (Fork::London, config.london_block),
        (Fork::ArrowGlacier, config.arrow_glacier_block),
        (Fork::GrayGlacier, config.gray_glacier_block),
    ];
    let times = [
        (Fork::Shanghai, config.shanghai_time),
        (Fork::Cancun, config.cancun_time),
        (Fork::Prague, config.prague_time),
        (Fork::Osaka, config.osaka_time),
        (Fork::Bpo1, config.bpo1_time),
        (Fork::Bpo2, config.bpo2_time),
        (Fork::Bpo3, config.bpo3_time),
        (Fork::Bpo4, config.bpo4_time),
        (Fork::Bpo5, config.bpo5_time),
        (Fork::Amsterdam, config.amsterdam_time),
    ];
    let blocks = blocks.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Block(at?))));
    let times = times.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Timestamp(at?))));
    let paris = terminal_total_difficulty(config).map(|ttd| (Fork::Paris, paris_at_difficulty(ttd)));
    blocks.chain(paris).chain(times)
}

/// Returns the difficulty of the merge; a chain that names later forks only has merged from the start.
fn terminal_total_difficulty(config: &ChainConfig) -> Option<U256> {
    let merged = config.terminal_total_difficulty_passed || config.shanghai_time.is_some();
    config.terminal_total_difficulty.or_else(|| merged.then_some(U256::ZERO))
}

#[cfg(test)]
mod tests {
    use alloy_consensus::Header;
    use alloy_primitives::U256;

    use super::*;

    #[test]
    fn genesis_configuration_gives_forks_and_blobs() {
        let genesis: Genesis = serde_json::from_str(
            r#"{"config":{"chainId":7,"homesteadBlock":0,"eip150Block":3,"eip158Block":6,"byzantiumBlock":9,
            "constantinopleBlock":12,"petersburgBlock":15,"terminalTotalDifficulty":100,"cancunTime":420,
            "bpo1Time":500,"blobSchedule":{"cancun":{"target":1,"max":2,"baseFeeUpdateFraction":7},
            "bpo1":{"target":10,"max":15,"baseFeeUpdateFraction":8}}}}"#,
        )
        .unwrap();
        let spec = ChainSpec::from_genesis(&genesis);
        let name = |number, timestamp, difficulty| {
            spec.fork_name(&Header {
                number,
                timestamp,
                difficulty: U256::from(difficulty),
                ..Header::default()
            })
        };
        assert_eq!(spec.chain_id, 7);
        assert_eq!(name(5, 50, 1), "TangerineWhistle");
        assert_eq!(name(12, 120, 1), "Petersburg");
        assert_eq!(name(30, 300, 0), "Paris");
        assert_eq!(name(42, 420, 0), "Cancun");
        assert_eq!(spec.blob_params_at(420).unwrap().update_fraction, 7);
        assert_eq!(spec.blob_params_at(500).unwrap().max_blobs_per_tx, 6);
    }
}
