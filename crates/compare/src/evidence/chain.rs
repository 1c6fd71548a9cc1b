//! Writes a chain's rules down.

use std::collections::BTreeMap;

use alloy_eips::eip7840::BlobParams;
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::{Address, U256};
use serde::{Deserialize, Serialize};
use tandem_corpus::{BlobSchedule, ChainSpec};

use super::EvidenceError;

/// A chain's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainEvidence {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Emits EIP-6110 deposits.
    pub deposit_contract: Option<Address>,
    /// Activation by fork name; a fork that is not here never activates.
    pub forks: BTreeMap<String, Activation>,
    /// Blob parameters in force when a fork activates, by fork name.
    pub blobs: BTreeMap<String, BlobEvidence>,
}

/// When a fork activates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Activation {
    /// At a block number.
    Block(u64),
    /// At a time in seconds.
    Timestamp(u64),
    /// At a total difficulty (the merge).
    Difficulty {
        /// The block number that stands for it.
        activation_block: u64,
        /// The block at which fork identifiers change, if any.
        fork_block: Option<u64>,
        /// The terminal total difficulty.
        total: U256,
    },
}

/// Blob parameters (EIP-7840).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobEvidence {
    /// Blobs a block aims at.
    pub target: u64,
    /// Blobs a block may have.
    pub max: u64,
    /// Blobs a transaction may have.
    pub max_per_tx: u64,
    /// Update fraction of the base fee.
    pub update_fraction: u128,
    /// Least price of blob gas, in wei.
    pub min_fee: u128,
    /// Reserve price (EIP-7918), in gas a blob.
    pub base_cost: u64,
}

impl ChainEvidence {
    /// Writes rules down.
    pub fn of(spec: &ChainSpec) -> Self {
        let mut forks = BTreeMap::new();
        let mut blobs = BTreeMap::new();
        for fork in EthereumHardfork::VARIANTS {
            let condition = spec.ethereum_fork_activation(*fork);
            let Some(activation) = activation(condition) else { continue };
            forks.insert(fork.name().to_owned(), activation);
            // Forks that activate together get the parameters that are then in force, which is the same schedule.
            if *fork >= EthereumHardfork::Cancun
                && let ForkCondition::Timestamp(timestamp) = condition
                && let Some(params) = spec.blob_params_at(timestamp)
            {
                blobs.insert(fork.name().to_owned(), params.into());
            }
        }
        Self { chain_id: spec.chain_id, deposit_contract: spec.deposit_contract, forks, blobs }
    }

    /// Rebuilds the rules.
    pub fn spec(&self) -> Result<ChainSpec, EvidenceError> {
        let mut forks = Vec::new();
        for (name, activation) in &self.forks {
            forks.push((fork(&format!("chain.forks.{name}"), name)?, (*activation).into()));
        }
        let mut blobs = Vec::new();
        for (name, params) in &self.blobs {
            blobs.push((fork(&format!("chain.blobs.{name}"), name)?, (*params).into()));
        }
        let mut spec = ChainSpec::new(self.chain_id, forks, BlobSchedule::default()).with_blobs(blobs);
        spec.deposit_contract = self.deposit_contract;
        Ok(spec)
    }
}

fn fork(field: &str, name: &str) -> Result<EthereumHardfork, EvidenceError> {
    name.parse().map_err(|_| EvidenceError::field(field, "the name of a fork", name))
}

fn activation(condition: ForkCondition) -> Option<Activation> {
    Some(match condition {
        ForkCondition::Block(block) => Activation::Block(block),
        ForkCondition::Timestamp(timestamp) => Activation::Timestamp(timestamp),
        ForkCondition::TTD { activation_block_number, fork_block, total_difficulty } => {
            Activation::Difficulty {
                activation_block: activation_block_number,
                fork_block,
                total: total_difficulty,
            }
        }
        ForkCondition::Never => return None,
    })
}

impl From<Activation> for ForkCondition {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Block(block) => Self::Block(block),
            Activation::Timestamp(timestamp) => Self::Timestamp(timestamp),
            Activation::Difficulty { activation_block, fork_block, total } => {
                Self::TTD { activation_block_number: activation_block, fork_block, total_difficulty: total }
            }
        }
    }
}

impl From<BlobParams> for BlobEvidence {
    fn from(params: BlobParams) -> Self {
        Self {
            target: params.target_blob_count,
            max: params.max_blob_count,
            max_per_tx: params.max_blobs_per_tx,
            update_fraction: params.update_fraction,
            min_fee: params.min_blob_fee,
            base_cost: params.blob_base_cost,
        }
    }
}

impl From<BlobEvidence> for BlobParams {
    fn from(params: BlobEvidence) -> Self {
        Self {
            target_blob_count: params.target,
            max_blob_count: params.max,
            update_fraction: params.update_fraction,
            min_blob_fee: params.min_fee,
            max_blobs_per_tx: params.max_per_tx,
            blob_base_cost: params.base_cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_writing_down() {
        let specs = ["Cancun", "ShanghaiToCancunAtTime15k", "Osaka", "BPO1ToBPO2AtTime15k", "Amsterdam"]
            .map(|network| ChainSpec::network(network).unwrap())
            .into_iter()
            .chain([ChainSpec::mainnet(), ChainSpec::sepolia(), ChainSpec::holesky()]);
        for spec in specs {
            let written = ChainEvidence::of(&spec);
            let again = written.spec().unwrap();
            assert_eq!(ChainEvidence::of(&again), written);
            for fork in EthereumHardfork::VARIANTS {
                let condition = spec.ethereum_fork_activation(*fork);
                assert_eq!(again.ethereum_fork_activation(*fork), condition, "{fork}");
                if let ForkCondition::Timestamp(at) = condition {
                    for timestamp in [at.saturating_sub(1), at, at + 1] {
                        assert_eq!(again.blob_params_at(timestamp), spec.blob_params_at(timestamp), "{fork}");
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_fork_is_named_with_its_place() {
        let mut written = ChainEvidence::of(&ChainSpec::mainnet());
        written.forks.insert("Neverland".into(), Activation::Block(1));
        let error = written.spec().unwrap_err().to_string();
        assert_eq!(error, "chain.forks.Neverland: expected the name of a fork, found Neverland");
    }
}
