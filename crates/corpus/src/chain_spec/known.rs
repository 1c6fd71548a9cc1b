//! Knows the public chains, by name and by chain id.

use alloy_evm::eth::spec::{EthExecutorSpec, EthSpec};
use alloy_hardforks::EthereumHardfork;

use super::{BlobSchedule, ChainSpec};

/// The names of the public chains, for messages.
pub(crate) const KNOWN_CHAINS: &str = "mainnet, sepolia, holesky or hoodi";

impl ChainSpec {
    /// Ethereum mainnet.
    pub fn mainnet() -> Self {
        Self::new(1, EthereumHardfork::mainnet(), BlobSchedule::default())
    }

    /// The Sepolia test network.
    pub fn sepolia() -> Self {
        let deposit_contract = EthSpec::sepolia().deposit_contract_address();
        let spec = Self::new(11_155_111, EthereumHardfork::sepolia(), BlobSchedule::default());
        Self { deposit_contract, ..spec }
    }

    /// The Holesky test network.
    pub fn holesky() -> Self {
        let deposit_contract = EthSpec::holesky().deposit_contract_address();
        let spec = Self::new(17_000, EthereumHardfork::holesky(), BlobSchedule::default());
        Self { deposit_contract, ..spec }
    }

    /// The Hoodi test network; its deposit contract has mainnet's address.
    pub fn hoodi() -> Self {
        Self::new(560_048, EthereumHardfork::hoodi(), BlobSchedule::default())
    }

    /// Returns a public chain by its name.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "mainnet" => Self::mainnet(),
            "sepolia" => Self::sepolia(),
            "holesky" => Self::holesky(),
            "hoodi" => Self::hoodi(),
            _ => return None,
        })
    }

    /// Returns a public chain by its chain id.
    pub fn by_chain_id(chain_id: u64) -> Option<Self> {
        let known = [Self::mainnet(), Self::sepolia(), Self::holesky(), Self::hoodi()];
        known.into_iter().find(|spec| spec.chain_id == chain_id)
    }
}
