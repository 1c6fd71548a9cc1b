//! Names what a host adapts: its chain, its states, and what it says of a block that it imported.

use std::{sync::Arc, time::Duration};

use alloy_consensus::Header;
use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use revm::database::BundleState;
use tandem_compare::{Output, ParentState};
use tandem_corpus::{Block, ChainSpec};
use tandem_executor::BlockStats;

/// A chain that imports blocks and has them validated.
///
/// All methods but [`finished`](Self::finished) are called on the validator's thread and may take their time.
/// [`finished`](Self::finished) is too, and should not.
pub trait Host: Send + Sync + 'static {
    /// The state before a block, as both executions read it; workers read it from their own threads.
    type State: ParentState;
    /// A block as it waits in the queue.
    type Block: ImportedBlock;

    /// Returns the hash of block 0, which names the chain.
    fn genesis(&self) -> B256;

    /// Returns the chain's rules.
    fn spec(&self) -> Arc<ChainSpec>;

    /// Returns the head of the canonical chain.
    fn head(&self) -> Result<BlockNumHash, HostError>;

    /// Returns the hash of the canonical block of a number; none above the head.
    fn canonical_hash(&self, number: u64) -> Result<Option<B256>, HostError>;

    /// Reads a canonical block back: one that was not told of, or had no room in the queue.
    fn canonical_block(&self, number: u64) -> Result<Self::Block, HostError>;

    /// Opens the state before a block.
    ///
    /// # Errors
    /// [`HostError::Gone`] where the host does not have that state any more: the block's record is `inconclusive` then,
    /// and says so.
    fn parent_state(&self, block: &Self::Block) -> Result<Arc<Self::State>, HostError>;

    /// Computes the state root after a block whose changes are these.
    ///
    /// By a computation that shares nothing with the one by which the host found its own root: it is what that one is
    /// compared with.
    fn state_root(&self, block: &Self::Block, bundle: &BundleState) -> Result<B256, HostError>;

    /// Takes note that nothing at or below a block is needed any more; older states may go.
    fn finished(&self, block: BlockNumHash);
}

/// A block that the host imported.
///
/// It waits in the queue, so it should share what it holds with the host (`Arc`) and turn it into other forms only when
/// asked.
pub trait ImportedBlock: Send + 'static {
    /// Returns number and hash.
    fn id(&self) -> BlockNumHash;

    /// Returns the header.
    fn header(&self) -> &Header;

    /// Returns the number of transactions.
    fn transaction_count(&self) -> usize;

    /// Returns where the block came from, for people.
    fn source(&self) -> String;

    /// Returns about how much memory the block holds while it waits, in bytes: the queue is bounded by it.
    ///
    /// The same whenever it is asked.
    fn size_bytes(&self) -> usize;

    /// Returns the block with recovered senders.
    fn block(&self) -> Result<Block, HostError>;

    /// Hands out what the host's own execution gave; once.
    ///
    /// None where the host no longer has all of it, as of a block read back. Both executions are the validator's then:
    /// what the host kept has matched the header, and so must they.
    ///
    /// Where the host's parallel execution contradicted the header, so that it took a sequential one instead, this is the
    /// parallel one: it is what is checked.
    fn take_execution(&mut self) -> Option<HostExecution>;

    /// Hands out how the host's parallel execution ended, where that was with an error and the host executed the block
    /// sequentially then; once.
    fn take_failure(&mut self) -> Option<String> {
        None
    }
}

/// What the host's own execution of a block gave.
#[derive(Debug)]
pub struct HostExecution {
    /// Receipts, requests, gas and the bundle with reverts. Where the host builds no block access list, none is compared.
    pub output: Output,
    /// The state root that the host computed, in its own way.
    pub state_root: Option<B256>,
    /// What execution took; `threads` is one or none where it was sequential.
    pub stats: BlockStats,
    /// How long it took.
    pub duration: Duration,
}

/// Why a host cannot answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    /// It does not have that any more.
    #[error("{what}, which the host does not have any more")]
    Gone {
        /// What was asked for.
        what: String,
    },
    /// Reading failed.
    #[error("{what}: {reason}")]
    Failed {
        /// What was asked for.
        what: String,
        /// Why there is no answer.
        reason: String,
    },
}

impl HostError {
    /// Says that something is not there any more.
    pub fn gone(what: impl Into<String>) -> Self {
        Self::Gone { what: what.into() }
    }

    /// Says that reading failed.
    pub fn failed(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Failed { what: what.into(), reason: reason.to_string() }
    }
}
