//! Describes a chain: its id, when its forks activate, and its blob schedule.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Header;
use alloy_eips::{eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS, eip7840::BlobParams};
use alloy_evm::{EvmEnv, eth::spec::EthExecutorSpec};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::{Address, U256};

mod blob_schedule;
mod genesis_config;
mod known;
mod network;

pub use blob_schedule::BlobSchedule;
pub(crate) use known::KNOWN_CHAINS;
pub use network::NetworkError;
pub(crate) use network::fork_by_name;

/// The rules of one chain.
///
/// A chain whose merge block is not known beforehand (only its terminal total difficulty is) cannot answer
/// [`EthereumHardforks`] for Paris by block number alone; [`ChainSpec::at`] gives the rules as one block sees them.
#[derive(Clone, Debug)]
pub struct ChainSpec {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Emits EIP-6110 deposits.
    pub deposit_contract: Option<Address>,
    /// Activation of each fork; a fork that is not here never activates.
    forks: BTreeMap<EthereumHardfork, ForkCondition>,
    /// Blob parameters by fork.
    blobs: BlobSchedule,
}

/// Stands for a merge block that is not known before the chain reaches it.
const PARIS_BLOCK_UNKNOWN: u64 = u64::MAX;

impl ChainSpec {
    /// Builds a chain from its parts; the deposit contract is mainnet's.
    pub fn new(
        chain_id: u64,
        forks: impl IntoIterator<Item = (EthereumHardfork, ForkCondition)>,
        blobs: BlobSchedule,
    ) -> Self {
        let deposit_contract = Some(MAINNET_DEPOSIT_CONTRACT_ADDRESS);
        Self { chain_id, deposit_contract, forks: forks.into_iter().collect(), blobs }
    }

    /// Returns the same rules with another chain id.
    pub fn with_chain_id(self, chain_id: u64) -> Self {
        Self { chain_id, ..self }
    }

    /// Returns the same rules with blob parameters replaced fork by fork.
    pub fn with_blobs(mut self, blobs: impl IntoIterator<Item = (EthereumHardfork, BlobParams)>) -> Self {
        for (fork, params) in blobs {
            self.blobs.set(fork, params);
        }
        self
    }

    /// Returns the rules as the block of a header sees them.
    ///
    /// Where only the terminal total difficulty is known, a header without difficulty is a block after the merge
    /// (EIP-3675: it is zero from then on, and was never zero before). Whether the difficulty was due is for the
    /// import to check. Elsewhere this is the spec itself.
    pub fn at(self: &Arc<Self>, header: &Header) -> Arc<Self> {
        match self.paris_seen_by(header) {
            Some(condition) => Arc::new(self.with_fork(EthereumHardfork::Paris, condition)),
            None => Arc::clone(self),
        }
    }

    /// Returns the terminal total difficulty of a chain whose merge block is not known beforehand.
    pub fn terminal_total_difficulty(&self) -> Option<U256> {
        self.ethereum_fork_activation(EthereumHardfork::Paris).ttd()
    }

    /// Returns the blob parameters in force at a timestamp, in seconds (EIP-7840, EIP-7892).
    pub fn blob_params_at(&self, timestamp: u64) -> Option<BlobParams> {
        let active = |fork| self.is_ethereum_fork_active_at_timestamp(fork, timestamp);
        self.blobs.latest(active)
    }

    /// Returns the execution environment of a block.
    pub fn evm_env(&self, header: &Header) -> EvmEnv {
        let blobs = self.blob_params_at(header.timestamp);
        match self.paris_seen_by(header) {
            Some(condition) => {
                let spec = self.with_fork(EthereumHardfork::Paris, condition);
                EvmEnv::for_eth_block(header, spec, self.chain_id, blobs)
            }
            None => EvmEnv::for_eth_block(header, self, self.chain_id, blobs),
        }
    }

    /// Returns the latest fork active in a block, for people and reports.
    pub fn fork_name(&self, header: &Header) -> &'static str {
        let paris = self.paris_seen_by(header);
        let active = |fork: EthereumHardfork| {
            let condition = match (fork, paris) {
                (EthereumHardfork::Paris, Some(condition)) => condition,
                _ => self.ethereum_fork_activation(fork),
            };
            condition.active_at_timestamp_or_number(header.timestamp, header.number)
        };
        let latest = EthereumHardfork::VARIANTS.iter().rev().copied().find(|fork| active(*fork));
        network::fork_title(latest.unwrap_or(EthereumHardfork::Frontier))
    }

    /// Returns how Paris looks from one block, where that depends on the block.
    fn paris_seen_by(&self, header: &Header) -> Option<ForkCondition> {
        let paris = self.ethereum_fork_activation(EthereumHardfork::Paris);
        let ForkCondition::TTD { activation_block_number: PARIS_BLOCK_UNKNOWN, total_difficulty, .. } = paris
        else {
            return None;
        };
        let merged = header.difficulty.is_zero() && header.number > 0;
        merged.then_some(ForkCondition::TTD {
            activation_block_number: header.number,
            fork_block: None,
            total_difficulty,
        })
    }

    fn with_fork(&self, fork: EthereumHardfork, condition: ForkCondition) -> Self {
        let mut spec = self.clone();
        spec.forks.insert(fork, condition);
        spec
    }
}

impl EthereumHardforks for ChainSpec {
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        self.forks.get(&fork).copied().unwrap_or_default()
    }
}

impl EthExecutorSpec for ChainSpec {
    fn deposit_contract_address(&self) -> Option<Address> {
        self.deposit_contract
    }
}

/// Returns the condition of a merge at a total difficulty; zero means from genesis on.
fn paris_at_difficulty(total_difficulty: U256) -> ForkCondition {
    let activation_block_number = if total_difficulty.is_zero() { 0 } else { PARIS_BLOCK_UNKNOWN };
    ForkCondition::TTD { activation_block_number, fork_block: None, total_difficulty }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(number: u64, timestamp: u64, difficulty: u64) -> Header {
        Header { number, timestamp, difficulty: U256::from(difficulty), ..Header::default() }
    }

    #[test]
    fn mainnet_knows_its_forks_by_number_and_by_time() {
        let spec = ChainSpec::mainnet();
        for (number, timestamp, name) in [
            (46_147, 1_438_918_233, "Frontier"),
            (1_150_000, 1_457_981_393, "Homestead"),
            (2_463_000, 1_476_800_000, "TangerineWhistle"),
            (12_965_000, 1_628_166_822, "London"),
            (15_537_394, 1_663_224_179, "Paris"),
            (19_932_703, 1_716_468_731, "Cancun"),
            (24_000_000, 1_767_747_671, "BPO2"),
        ] {
            assert_eq!(spec.fork_name(&header(number, timestamp, 0)), name, "block {number}");
        }
    }

    #[test]
    fn blob_parameters_follow_the_latest_active_fork() {
        let spec = ChainSpec::mainnet();
        assert_eq!(spec.blob_params_at(1_710_338_134), None);
        assert_eq!(spec.blob_params_at(1_710_338_135), Some(BlobParams::cancun()));
        assert_eq!(spec.blob_params_at(u64::MAX).map(|params| params.max_blob_count), Some(21));
    }

    #[test]
    fn merge_by_difficulty_is_seen_from_the_header() {
        let spec = Arc::new(ChainSpec::network("ArrowGlacierToParisAtDiffC0000").unwrap());
        assert_eq!(spec.terminal_total_difficulty(), Some(U256::from(0xc0000)));
        let (before, after) = (header(7, 70, 0x20000), header(8, 80, 0));
        assert!(!spec.at(&before).is_paris_active_at_block(7));
        assert!(spec.at(&after).is_paris_active_at_block(8));
        assert_eq!(spec.fork_name(&before), "ArrowGlacier");
        assert_eq!(spec.fork_name(&after), "Paris");
        assert_eq!(spec.evm_env(&after).cfg_env.spec, revm::primitives::hardfork::SpecId::MERGE);
    }
}
