//! Carries what a caller knows of a block before it feeds it.

use std::sync::Arc;

use alloy_consensus::transaction::Recovered;

use crate::{base::BaseSource, plan::Strategy};

/// The block's transactions and a source of readers at its parent's state.
///
/// The frontier's state does not see reads of what the block did not write: a host that checks reads against a block
/// access list, or records them for a witness, gives no look-ahead.
///
/// It only lets workers start early. A caller may depart from it at any point: the executor then goes on sequentially.
#[derive(Debug)]
pub struct LookAhead<T> {
    /// All transactions in block order, with their senders.
    pub transactions: Arc<[Recovered<T>]>,
    /// Readers of the state before the block.
    pub base: Arc<dyn BaseSource>,
    /// Whether to speculate.
    pub strategy: Strategy,
}

impl<T> Clone for LookAhead<T> {
    fn clone(&self) -> Self {
        Self { transactions: self.transactions.clone(), base: self.base.clone(), strategy: self.strategy }
    }
}
