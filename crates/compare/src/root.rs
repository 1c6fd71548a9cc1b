//! Names where state roots come from, and computes the root of a state that is held whole in memory.

use alloy_primitives::B256;
use revm::database::BundleState;
use tandem_corpus::{Case, PlainState};
use tandem_state::{StateAccount, WitnessState};

/// Computes the root of the state after a block.
///
/// It is asked once for each execution, each time with that execution's own bundle. Closures are sources.
pub trait RootSource<S = PlainState> {
    /// Returns the root after `bundle` is applied to the case's state.
    fn state_root(&self, case: &Case<S>, bundle: &BundleState) -> Result<B256, RootError>;
}

impl<S, F: Fn(&Case<S>, &BundleState) -> Result<B256, RootError>> RootSource<S> for F {
    fn state_root(&self, case: &Case<S>, bundle: &BundleState) -> Result<B256, RootError> {
        self(case, bundle)
    }
}

/// A state root that could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("state root: {reason}")]
pub struct RootError {
    /// Why.
    pub reason: String,
}

/// The root over all that a case carries, from scratch.
///
/// Where the case carries the whole world, or a witness of it, this is the state root. Where it carries a part, it is a
/// fingerprint of that part: it equals no header's root, but two executions must agree on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CarriedState;

impl RootSource for CarriedState {
    fn state_root(&self, case: &Case, bundle: &BundleState) -> Result<B256, RootError> {
        let mut state = (*case.state).clone();
        state.apply(bundle);
        Ok(tandem_state::state_root(state.accounts.into_iter().map(|(address, account)| StateAccount {
            address,
            nonce: account.info.nonce,
            balance: account.info.balance,
            code_hash: account.info.code_hash,
            storage: account.storage,
        })))
    }
}

impl RootSource<WitnessState> for CarriedState {
    fn state_root(&self, case: &Case<WitnessState>, bundle: &BundleState) -> Result<B256, RootError> {
        case.state.state_root(bundle).map_err(|error| RootError { reason: error.to_string() })
    }
}
