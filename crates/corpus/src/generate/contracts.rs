//! Names the contracts of a generated chain, where they are and which code they run.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Number of tokens on a generated chain.
pub(super) const TOKENS: u8 = 8;
/// Number of pairs: every two tokens have one.
pub(super) const PAIRS: u8 = TOKENS * (TOKENS - 1) / 2;
/// Number of factories.
pub(super) const FACTORIES: u8 = 3;

/// A contract that exists at genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contract {
    Token(u8),
    Pair(u8),
    Router,
    Nft,
    Game,
    RollupInbox,
    Counter,
    Vault,
    Factory(u8),
    Wallet,
    WalletV2,
    Failing,
    Precompiles,
    Reader,
    Tipper,
}

/// Compiled code as `contracts/artifacts` holds it.
#[derive(Debug, Deserialize)]
pub(super) struct Artifact {
    /// Code of the contract.
    pub(super) runtime: Bytes,
    /// Code that creates the contract; empty where nothing creates it here.
    #[serde(default)]
    pub(super) creation: Bytes,
    /// Storage that belongs to the code.
    #[serde(default)]
    pub(super) storage: BTreeMap<U256, B256>,
}

macro_rules! artifact {
    ($name:literal) => {
        Artifact::parse(include_str!(concat!("../../../../contracts/artifacts/", $name, ".json")))
    };
}

impl Artifact {
    fn parse(json: &str) -> Self {
        serde_json::from_str(json).expect("committed artifacts parse, a test reads each")
    }

    /// The contract that factories create.
    pub(super) fn child() -> Self {
        artifact!("Child")
    }

    /// The deposit contract of mainnet.
    pub(super) fn deposit_contract() -> Self {
        artifact!("DepositContract")
    }
}

impl Contract {
    /// Returns all contracts.
    pub(super) fn all() -> Vec<Self> {
        let single = [
            Self::Router,
            Self::Nft,
            Self::Game,
            Self::RollupInbox,
            Self::Counter,
            Self::Vault,
            Self::Wallet,
            Self::WalletV2,
            Self::Failing,
            Self::Precompiles,
            Self::Reader,
            Self::Tipper,
        ];
        let tokens = (0..TOKENS).map(Self::Token);
        let pairs = (0..PAIRS).map(Self::Pair);
        let factories = (0..FACTORIES).map(Self::Factory);
        tokens.chain(pairs).chain(factories).chain(single).collect()
    }

    /// Returns where the contract is: a prefix, a kind and an index.
    pub(super) fn address(self) -> Address {
        let (kind, index) = match self {
            Self::Token(index) => (1, index),
            Self::Pair(index) => (2, index),
            Self::Router => (3, 0),
            Self::Nft => (4, 0),
            Self::Game => (5, 0),
            Self::RollupInbox => (6, 0),
            Self::Counter => (7, 0),
            Self::Vault => (8, 0),
            Self::Factory(index) => (9, index),
            Self::Wallet => (10, 0),
            Self::WalletV2 => (11, 0),
            Self::Failing => (12, 0),
            Self::Precompiles => (13, 0),
            Self::Reader => (14, 0),
            Self::Tipper => (15, 0),
        };
        let mut address = Address::ZERO;
        address[..2].copy_from_slice(&[0x7a, 0x4d]);
        address[18..].copy_from_slice(&[kind, index]);
        address
    }

    /// Returns the compiled contract.
    pub(super) fn artifact(self) -> Artifact {
        match self {
            Self::Token(_) => artifact!("Token"),
            Self::Pair(_) => artifact!("Pair"),
            Self::Router => artifact!("Router"),
            Self::Nft => artifact!("Nft"),
            Self::Game => artifact!("Game"),
            Self::RollupInbox => artifact!("RollupInbox"),
            Self::Counter => artifact!("Counter"),
            Self::Vault => artifact!("Vault"),
            Self::Factory(_) => artifact!("Factory"),
            Self::Wallet => artifact!("Wallet"),
            Self::WalletV2 => artifact!("WalletV2"),
            Self::Failing => artifact!("Failing"),
            Self::Precompiles => artifact!("Precompiles"),
            Self::Reader => artifact!("Reader"),
            Self::Tipper => artifact!("Tipper"),
        }
    }

    /// Returns the two tokens of a pair, by index.
    pub(super) fn tokens_of_pair(pair: u8) -> (u8, u8) {
        let mut all = (0..TOKENS).flat_map(|first| (first + 1..TOKENS).map(move |second| (first, second)));
        all.nth(usize::from(pair % PAIRS)).expect("there are as many pairs as there are twos of tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_artifacts_parse() {
        for contract in Contract::all() {
            let artifact = contract.artifact();
            assert!(!artifact.runtime.is_empty(), "{contract:?}");
            assert!(artifact.creation.ends_with(&artifact.runtime), "{contract:?}");
        }
        assert!(!Artifact::child().creation.is_empty());
        assert_eq!(Artifact::deposit_contract().storage.len(), 31);
    }

    #[test]
    fn readme_says_how_artifacts_are_made() {
        let readme = include_str!("../../../../contracts/README.md");
        let pinned = include_str!("../../../../contracts/build.js").contains("\"0.8.30\"");
        assert!(pinned && readme.contains("solc@0.8.30"));
        assert!(readme.contains("node contracts/build.js"));
    }
}
