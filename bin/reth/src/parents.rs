//! Opens states before blocks for workers.

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use alloy_primitives::B256;
use parking_lot::Mutex;
use reth_provider::LatestStateProvider;
use reth_revm::database::StateProviderDatabase;
use reth_stages_types::StageId;
use reth_storage_api::{
    BlockHashReader, BlockNumReader, DBProvider, DatabaseProviderFactory, StageCheckpointReader,
    StateProvider, StateProviderFactory,
};
use tandem_executor::{BaseReader, BaseSource, ReadError};

/// Where a node's states are.
///
/// Workers trust what they read: an answer from another state would be committed. So each method knows, in one
/// transaction of the database or from the engine's memory, which block the state it opens belongs to.
pub(crate) trait ParentStates: Send + Sync + Debug {
    /// Whether the node has a block already; who executes such a block does so to look at it.
    fn has(&self, block: B256) -> bool;

    /// Opens the state after a block of the engine's: in its memory, or the last one written.
    fn after(&self, block: B256) -> Option<Box<dyn BaseReader>>;

    /// Opens the state that reth's pipeline executes a batch on, whose first block this is.
    fn before_batch(&self, first: u64, hash: B256) -> Option<Box<dyn BaseReader>>;
}

/// Which state to open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent {
    /// The one after a block of the engine's.
    After(B256),
    /// The one before a batch of the pipeline's.
    Batch {
        /// Number of its first block.
        first: u64,
        /// Hash of its first block.
        hash: B256,
    },
}

/// Opens readers of one state. The first is opened at once, so that a state that is not there is noticed before.
#[derive(Debug)]
pub(crate) struct Readers {
    states: Arc<dyn ParentStates>,
    parent: Parent,
    first: Mutex<Option<Box<dyn BaseReader>>>,
}

impl Readers {
    /// Opens a state, if it can be had.
    pub(crate) fn open(states: &Arc<dyn ParentStates>, parent: Parent) -> Option<Self> {
        let first = parent.open(&**states)?;
        Some(Self { states: Arc::clone(states), parent, first: Mutex::new(Some(first)) })
    }
}

impl Parent {
    fn open(self, states: &dyn ParentStates) -> Option<Box<dyn BaseReader>> {
        match self {
            Self::After(block) => states.after(block),
            Self::Batch { first, hash } => states.before_batch(first, hash),
        }
    }
}

impl BaseSource for Readers {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        let first = self.first.lock().take();
        first.or_else(|| self.parent.open(&*self.states)).ok_or(ReadError::Stopped)
    }
}

/// The states of a running node.
pub(crate) struct NodeParents<P>(pub(crate) P);

/// The states of an import, which runs the pipeline only.
pub(crate) struct PipelineParents<F>(pub(crate) F);

/// No states: the command at hand keeps its database to itself.
#[derive(Debug)]
pub(crate) struct NoParents;

impl<P> ParentStates for NodeParents<P>
where
    P: BlockNumReader
        + StateProviderFactory
        + DatabaseProviderFactory<Provider: StageCheckpointReader + BlockHashReader + StateOf>
        + Sync,
{
    fn has(&self, block: B256) -> bool {
        self.0.block_number(block).is_ok_and(|number| number.is_some())
    }

    fn after(&self, block: B256) -> Option<Box<dyn BaseReader>> {
        // While the pipeline is at work, the database is ahead of what it calls its best block.
        let stage = |id| self.0.database_provider_ro().ok()?.get_stage_checkpoint(id).ok();
        if stage(StageId::Execution)?.map(|at| at.block_number)
            != stage(StageId::Finish)?.map(|at| at.block_number)
        {
            return None;
        }
        let state = self.0.state_by_block_hash(block).ok()?;
        Some(Box::new(StateProviderDatabase::new(state)))
    }

    fn before_batch(&self, first: u64, hash: B256) -> Option<Box<dyn BaseReader>> {
        executed(&self.0, first, hash)
    }
}

impl<F> ParentStates for PipelineParents<F>
where
    F: DatabaseProviderFactory<Provider: StageCheckpointReader + BlockHashReader + StateOf>,
{
    fn has(&self, _: B256) -> bool {
        false
    }

    fn after(&self, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn before_batch(&self, first: u64, hash: B256) -> Option<Box<dyn BaseReader>> {
        executed(&self.0, first, hash)
    }
}

impl ParentStates for NoParents {
    fn has(&self, _: B256) -> bool {
        false
    }

    fn after(&self, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn before_batch(&self, _: u64, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }
}

/// Opens the database at the last block executed, if `first` is the canonical block that comes next.
///
/// The execution stage writes its checkpoint together with the state, and one transaction sees both.
fn executed<F>(factory: &F, first: u64, hash: B256) -> Option<Box<dyn BaseReader>>
where
    F: DatabaseProviderFactory<Provider: StageCheckpointReader + BlockHashReader + StateOf>,
{
    let provider = factory.database_provider_ro().ok()?;
    let executed = provider.get_stage_checkpoint(StageId::Execution).ok()?.unwrap_or_default().block_number;
    let next = provider.block_hash(executed + 1).ok()?;
    (executed + 1 == first && next == Some(hash)).then(|| provider.into_reader())
}

/// A database transaction that can be read as the state it sees.
pub(crate) trait StateOf {
    /// Turns it into a reader.
    fn into_reader(self) -> Box<dyn BaseReader>;
}

impl<Provider> StateOf for Provider
where
    Provider: DBProvider + 'static,
    LatestStateProvider<Provider>: StateProvider + Send,
{
    fn into_reader(self) -> Box<dyn BaseReader> {
        Box::new(StateProviderDatabase::new(LatestStateProvider::new(self)))
    }
}

impl<P> Debug for NodeParents<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeParents")
    }
}

impl<F> Debug for PipelineParents<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipelineParents")
    }
}
