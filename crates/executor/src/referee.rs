//! Lets a host hold a parallel execution against what it knows of the block, and have it done again, sequentially.

use std::mem;

use alloy_evm::block::BlockExecutionResult;
use revm::{
    Database,
    database::{BundleState, CacheState, State, states::bundle_state::BundleRetention},
};

use crate::stats::BlockStats;

/// Knows what a block must give, and how to take back what an execution changed.
///
/// It is asked where the block is executed to its end in parallel. A host that has seen each transaction's changes or
/// receipts by then (a state hook, a receipts root that is computed meanwhile) has had wrong ones, and must begin anew
/// itself.
pub trait Referee<DB, Receipt>: Send {
    /// Says what an execution contradicts, if anything.
    fn objection(&mut self, given: &BlockExecutionResult<Receipt>) -> Option<String>;

    /// Takes back all that a parallel execution of the block changed, so that the state is the parent's again.
    fn take_back(&mut self, db: &mut DB, wrong: Wrong<Receipt>);

    /// Hears that there is no objection to what the sequential execution gave that followed: the parallel one was wrong.
    fn overrules(&mut self, given: &BlockExecutionResult<Receipt>);
}

/// A parallel execution that meets an objection, or ended with an error.
#[derive(Debug)]
pub struct Wrong<Receipt> {
    /// The objection, or the error.
    pub what: String,
    /// What it gave, unless it ended with an error.
    pub given: Option<BlockExecutionResult<Receipt>>,
    /// What it took.
    pub stats: BlockStats,
}

/// Takes back what a block changed whose changes are not merged yet, and returns them as a bundle of their own.
///
/// The state must be one that collects changes (`with_bundle_update`). What it knows of earlier blocks is in its bundle,
/// from which it reads from now on. The bundle that is returned says of accounts which earlier blocks changed that they
/// were, so that it is what the block alone gives only where there was no earlier block.
pub fn take_back<DB: Database>(state: &mut State<DB>) -> BundleState {
    let earlier = mem::take(&mut state.bundle_state);
    state.merge_transitions(BundleRetention::Reverts);
    let changes = mem::replace(&mut state.bundle_state, earlier);
    state.cache = CacheState::default();
    state.use_preloaded_bundle = true;
    changes
}
