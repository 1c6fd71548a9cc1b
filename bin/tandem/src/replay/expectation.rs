//! Says what a source expects of the blocks of a chain.

use alloy_hardforks::EthereumHardforks;
use tandem_compare::Expectation;
use tandem_corpus::{Chain, ChainBlock};

/// What a source expects of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is valid.
    Valid,
    /// It is invalid, for the reason given.
    Invalid(String),
    /// What the source expects is not applied: the executions must agree, nothing more.
    NotApplied,
}

/// Why the expectations of a chain are not applied.
pub(crate) const OTHER_REVISION: &str = "expectation not checked: tests of a network that begins with Amsterdam are \
     filled for another revision of the specification than revm 42's; both executions were compared with each other";

/// Says whether what a chain's source expects is to be applied.
///
/// There is one exception, and it is decided by looking at the chain: a blockchain test (it states its last block's
/// hash) whose genesis is an Amsterdam block already. Transitions into Amsterdam are checked like everything else.
pub(crate) fn applies(chain: &Chain) -> bool {
    let is_test = chain.last_hash.is_some();
    !(is_test && chain.spec.is_amsterdam_active_at_timestamp(chain.genesis.timestamp))
}

impl Expected {
    /// Returns what is expected of a block.
    pub(crate) fn of(block: &ChainBlock, applies: bool) -> Self {
        match &block.expected_exception {
            _ if !applies => Self::NotApplied,
            Some(exception) => Self::Invalid(exception.clone()),
            None => Self::Valid,
        }
    }

    /// Returns what counts as a difference then.
    pub(crate) const fn expectation(&self) -> Expectation {
        match self {
            Self::Valid => Expectation::Valid,
            Self::Invalid(_) => Expectation::Invalid,
            Self::NotApplied => Expectation::Agreement,
        }
    }
}
