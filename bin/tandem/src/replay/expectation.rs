//! Says what a source expects of the blocks of a chain.

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use tandem_compare::Expectation;
use tandem_corpus::{Chain, ChainBlock, ChainSpec, PlainState};

/// What a source expects of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is valid.
    Valid,
    /// It is invalid, for the reason given.
    Invalid(String),
    /// What the source expects is not applied: the executions must agree, nothing more.
    NotApplied(NotApplied),
}

/// Why what a source expects of a block is not applied. Each is decided by looking at the block, and listed by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotApplied {
    /// A test's block under Amsterdam's rules, which are still changing.
    OtherRevision,
    /// A block on a state with an account that EIP-7610 is about.
    StorageCollision,
}

impl NotApplied {
    /// Returns the reason in words.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::OtherRevision => {
                "expectation not checked: the test has Amsterdam blocks of another revision of the specification than \
                 revm 42's; both executions agree on them"
            }
            Self::StorageCollision => {
                "expectation not checked: the state has an account with storage and neither nonce nor code, which no \
                 chain can have, and revm 42 does not have EIP-7610; both executions agree"
            }
        }
    }
}

/// Says whether a chain is a blockchain test: only those state the hash of their last block.
pub(crate) const fn is_test(chain: &Chain) -> bool {
    chain.last_hash.is_some()
}

impl Expected {
    /// Returns what is expected of a block whose header could be decoded.
    pub(crate) fn of(block: &ChainBlock, header: &Header, spec: &ChainSpec, is_test: bool) -> Self {
        if is_test && spec.is_amsterdam_active_at_timestamp(header.timestamp) {
            return Self::NotApplied(NotApplied::OtherRevision);
        }
        match &block.expected_exception {
            Some(exception) => Self::Invalid(exception.clone()),
            None => Self::Valid,
        }
    }

    /// Returns what counts as a difference then.
    pub(crate) const fn expectation(&self) -> Expectation {
        match self {
            Self::Valid => Expectation::Valid,
            Self::Invalid(_) => Expectation::Invalid,
            Self::NotApplied(_) => Expectation::Agreement,
        }
    }
}

/// Says whether a state has an account with storage and neither nonce nor code.
///
/// Creating a contract there must fail (EIP-7610); revm 42 lets it succeed. No chain has such an account where
/// contracts begin with nonce 1 (EIP-161).
pub(crate) fn has_storage_collision(state: &PlainState) -> bool {
    state.accounts.values().any(|account| {
        account.info.nonce == 0 && account.info.is_empty_code_hash() && !account.storage.is_empty()
    })
}
