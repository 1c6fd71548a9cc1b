//! Tells what became of the canonical chain.

use std::sync::Arc;

use alloy_consensus::{BlockBody, EthereumReceipt, Header};
use alloy_primitives::B256;
use tandem_corpus::Transaction;
use tandem_state::{ExecutedBlock, StateView};

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

/// A block of a notification, with the state before it.
#[derive(Clone, Debug)]
pub struct NotifiedBlock {
    block: Arc<ExecutedBlock>,
    /// The state after its parent; it answers the same whatever becomes of the chain meanwhile.
    pub parent_state: StateView,
}

impl NotifiedBlock {
    /// Puts a block beside the state before it.
    pub(crate) const fn new(block: Arc<ExecutedBlock>, parent_state: StateView) -> Self {
        Self { block, parent_state }
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
