//! Names the forks for which blocks can be generated.

use std::{fmt, str::FromStr, sync::Arc};

use crate::{ChainSpec, NetworkError};

/// EIP-155 chain id of generated chains.
pub(super) const CHAIN_ID: u64 = 1337;

/// The rules of a generated chain, from its first block on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fork {
    /// Withdrawals; SELFDESTRUCT still deletes accounts of earlier transactions.
    Shanghai,
    /// Blobs, beacon roots; SELFDESTRUCT deletes only what its own transaction created (EIP-6780).
    Cancun,
    /// Delegation, requests, historical block hashes.
    Prague,
    /// A cap on a transaction's gas, P256VERIFY.
    #[default]
    Osaka,
}

impl Fork {
    /// All forks, oldest first.
    pub const ALL: [Self; 4] = [Self::Shanghai, Self::Cancun, Self::Prague, Self::Osaka];

    /// Returns the fork's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shanghai => "Shanghai",
            Self::Cancun => "Cancun",
            Self::Prague => "Prague",
            Self::Osaka => "Osaka",
        }
    }

    /// Returns the rules of a chain that is at this fork from genesis on.
    pub(super) fn spec(self) -> Result<Arc<ChainSpec>, NetworkError> {
        Ok(Arc::new(ChainSpec::network(self.name())?.with_chain_id(CHAIN_ID)))
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no generated fork has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot generate blocks of fork {name:?}; expected one of Shanghai, Cancun, Prague, Osaka")]
pub struct UnknownFork {
    /// What was given.
    pub name: String,
}

impl FromStr for Fork {
    type Err = UnknownFork;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|fork| fork.name().eq_ignore_ascii_case(name));
        known.ok_or_else(|| UnknownFork { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_have_rules() {
        for fork in Fork::ALL {
            assert_eq!(fork.name().to_lowercase().parse(), Ok(fork));
            let header = alloy_consensus::Header { number: 1, timestamp: 1, ..Default::default() };
            assert_eq!(fork.spec().unwrap().fork_name(&header), fork.name());
        }
        let unknown = "Paris".parse::<Fork>().unwrap_err();
        assert!(unknown.to_string().contains("Paris"), "{unknown}");
    }
}
