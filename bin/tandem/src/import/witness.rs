//! Makes the witness of a block on a state of the store.

use std::sync::Arc;

use eyre::{Result, ensure, eyre};
use tandem_compare::{Engine, Observe, Reference};
use tandem_corpus::{Block, Case, ChainSpec};
use tandem_state::{ExecutionWitness, StateUpdate, Store, WitnessRecorder};

use crate::replay::intermediate;

/// Executes a block sequentially and returns what that needs of the parent's state, which the store must still have.
///
/// The block itself need not be in the store. Its state root must come out.
pub(crate) fn of_block(store: &Store, spec: &Arc<ChainSpec>, block: Block) -> Result<ExecutionWitness> {
    let (number, state_root) = (block.header.number, block.header.state_root);
    let parent = number.checked_sub(1).ok_or_else(|| eyre!("a genesis block has no parent"))?;
    let state: Arc<WitnessRecorder> = store.witness_recorder(parent)?.into();
    let case = Case { source: String::new(), spec: spec.at(&block.header), block, state: state.clone() };
    let output = Reference::default().execute(&case, Observe::Output).result?;
    for update in intermediate::updates(&case).into_iter().flatten() {
        state.cover(&update)?;
    }
    let root = state.cover(&StateUpdate::from_bundle(&output.bundle))?;
    ensure!(root == state_root, "expected state root {state_root}, found {root}");
    drop(case);
    let state = Arc::into_inner(state).ok_or_else(|| eyre!("the state is still being read"))?;
    Ok(state.finish(store)?)
}
