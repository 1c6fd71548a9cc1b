//! Tells what became of the canonical chain.

use std::{sync::Arc, time::Duration};

use alloy_consensus::{BlockBody, EthereumReceipt, Header};
use alloy_eips::{eip7685::Requests, eip7928::BlockAccessList};
use alloy_primitives::B256;
use revm::database::BundleState;
use tandem_corpus::{Block, Transaction};
use tandem_executor::BlockStats;
use tandem_state::{ExecutedBlock, StateView, TrieView};

use crate::execute::Contradiction;

/// A change of the canonical chain that is on disk.
#[derive(Clone, Debug)]
pub enum Notification {
    /// Blocks were added.
    Committed {
        /// In the order of their numbers.
        new: Vec<NotifiedBlock>,
    },
    /// Blocks were replaced.
    Reorged {
        /// What left, in the order of their numbers.
        old: Vec<NotifiedBlock>,
        /// What came, in the order of their numbers.
        new: Vec<NotifiedBlock>,
    },
    /// Blocks were taken away.
    Reverted {
        /// In the order of their numbers.
        old: Vec<NotifiedBlock>,
    },
}

/// What execution gave besides what the store takes; see [`Keep`](crate::Keep).
#[derive(Debug)]
pub struct Execution {
    /// The block with its senders.
    pub block: Block,
    /// The tries of the state before it.
    pub parent_trie: TrieView,
    /// Execution-layer requests.
    pub requests: Requests,
    /// Gas used by the block.
    pub gas_used: u64,
    /// Blob gas used by the block.
    pub blob_gas_used: u64,
    /// All changes of state, with reverts.
    pub bundle: BundleState,
    /// The block access list, from Amsterdam on.
    pub block_access_list: Option<BlockAccessList>,
    /// What it took.
    pub stats: BlockStats,
    /// Time that it took.
    pub duration: Duration,
    /// What a parallel execution gave before; the rest is of a sequential one then, which agrees with the header.
    pub contradiction: Option<Box<Contradiction>>,
}

/// A block of a notification, with the state before it.
#[derive(Clone, Debug)]
pub struct NotifiedBlock {
    block: Arc<ExecutedBlock>,
    execution: Option<Arc<Execution>>,
    /// The state after its parent; it answers the same whatever becomes of the chain meanwhile.
    pub parent_state: StateView,
}

impl NotifiedBlock {
    /// Puts a block beside the state before it.
    pub(crate) const fn new(
        block: Arc<ExecutedBlock>,
        execution: Option<Arc<Execution>>,
        parent_state: StateView,
    ) -> Self {
        Self { block, execution, parent_state }
    }

    /// Returns what execution gave, where it is kept.
    pub fn execution(&self) -> Option<&Execution> {
        self.execution.as_deref()
    }

    /// Splits it into the block as it is on disk, the state before it, and what execution gave.
    pub fn into_parts(self) -> (Arc<ExecutedBlock>, StateView, Option<Arc<Execution>>) {
        (self.block, self.parent_state, self.execution)
    }

    /// Returns the block's hash.
    pub fn hash(&self) -> B256 {
        self.block.hash
    }

    /// Returns the header.
    pub fn header(&self) -> &Header {
        &self.block.header
    }

    /// Returns transactions, ommers and withdrawals.
    pub fn body(&self) -> &BlockBody<Transaction> {
        &self.block.body
    }

    /// Returns the receipts in block order.
    pub fn receipts(&self) -> &[EthereumReceipt] {
        &self.block.receipts
    }
}

impl Notification {
    /// Returns the blocks that joined the chain.
    pub fn new_blocks(&self) -> &[NotifiedBlock] {
        match self {
            Self::Committed { new } | Self::Reorged { new, .. } => new,
            Self::Reverted { .. } => &[],
        }
    }

    /// Returns the blocks that left the chain.
    pub fn old_blocks(&self) -> &[NotifiedBlock] {
        match self {
            Self::Reverted { old } | Self::Reorged { old, .. } => old,
            Self::Committed { .. } => &[],
        }
    }
}
