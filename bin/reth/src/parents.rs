//! Opens states before blocks for workers.

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use alloy_eips::BlockNumHash;
use alloy_primitives::{Address, B256};
use parking_lot::Mutex;
use reth_provider::LatestStateProvider;
use reth_revm::database::StateProviderDatabase;
use reth_stages_types::StageId;
use reth_storage_api::{
    BlockBodyIndicesProvider, BlockHashReader, BlockNumReader, DBProvider, DatabaseProviderFactory,
    StageCheckpointReader, StateProvider, StateProviderFactory, TransactionsProvider,
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

    /// Opens the state that reth's pipeline executes a batch on, which begins at block `first` and has come to `block`.
    fn before_batch(&self, first: u64, block: BlockNumHash) -> Option<Box<dyn BaseReader>>;

    /// Returns the senders of a canonical block's transactions, if the pipeline has written them.
    fn senders(&self, block: u64) -> Option<Vec<Address>>;
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
        /// Number of the block at hand.
        number: u64,
        /// Hash of the block at hand.
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
            Self::Batch { first, number, hash } => states.before_batch(first, BlockNumHash { number, hash }),
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
    P: BlockNumReader + StateProviderFactory + DatabaseProviderFactory<Provider: PipelineProvider> + Sync,
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

    fn before_batch(&self, first: u64, block: BlockNumHash) -> Option<Box<dyn BaseReader>> {
        executed(&self.0, first, block)
    }

    fn senders(&self, block: u64) -> Option<Vec<Address>> {
        senders(&self.0, block)
    }
}

impl<F> ParentStates for PipelineParents<F>
where
    F: DatabaseProviderFactory<Provider: PipelineProvider>,
{
    fn has(&self, _: B256) -> bool {
        false
    }

    fn after(&self, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn before_batch(&self, first: u64, block: BlockNumHash) -> Option<Box<dyn BaseReader>> {
        executed(&self.0, first, block)
    }

    fn senders(&self, block: u64) -> Option<Vec<Address>> {
        senders(&self.0, block)
    }
}

impl ParentStates for NoParents {
    fn has(&self, _: B256) -> bool {
        false
    }

    fn after(&self, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn before_batch(&self, _: u64, _: BlockNumHash) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn senders(&self, _: u64) -> Option<Vec<Address>> {
        None
    }
}

/// Opens the database at the last block executed, if `first` comes next, and `block` is canonical and ready to be executed.
///
/// The execution stage writes its checkpoint together with the state, and one transaction sees both. The stage before it
/// is ahead of it in the pipeline alone: the engine writes all checkpoints at once.
fn executed<F>(factory: &F, first: u64, block: BlockNumHash) -> Option<Box<dyn BaseReader>>
where
    F: DatabaseProviderFactory<Provider: PipelineProvider>,
{
    let provider = factory.database_provider_ro().ok()?;
    let at = |stage| Some(provider.get_stage_checkpoint(stage).ok()?.unwrap_or_default().block_number);
    let ready = at(StageId::Execution)? + 1 == first && at(StageId::SenderRecovery)? >= block.number;
    let canonical = provider.block_hash(block.number).ok()?;
    (ready && canonical == Some(block.hash)).then(|| provider.into_reader())
}

fn senders<F>(factory: &F, block: u64) -> Option<Vec<Address>>
where
    F: DatabaseProviderFactory<Provider: PipelineProvider>,
{
    let provider = factory.database_provider_ro().ok()?;
    let transactions = provider.block_body_indices(block).ok()??.tx_num_range();
    provider.senders_by_tx_range(transactions).ok()
}

/// What the pipeline's progress is read from.
pub(crate) trait PipelineProvider:
    StageCheckpointReader + BlockHashReader + BlockBodyIndicesProvider + TransactionsProvider + StateOf
{
}

impl<Provider> PipelineProvider for Provider where
    Provider:
        StageCheckpointReader + BlockHashReader + BlockBodyIndicesProvider + TransactionsProvider + StateOf
{
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
