//! Names positions inside a block.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Position of a transaction in its block, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxIndex(pub usize);

/// A step of block execution; ordered as the block executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// System calls before the first transaction.
    PreExecution,
    /// One transaction.
    Transaction(TxIndex),
    /// Requests, rewards, withdrawals and irregular changes after the last transaction.
    PostExecution,
}

impl Place {
    /// Returns the place of the transaction at an index.
    pub const fn tx(index: usize) -> Self {
        Self::Transaction(TxIndex(index))
    }

    /// Returns the transaction's index; nothing for the steps around the transactions.
    pub const fn tx_index(self) -> Option<TxIndex> {
        match self {
            Self::Transaction(index) => Some(index),
            Self::PreExecution | Self::PostExecution => None,
        }
    }
}

impl fmt::Display for TxIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PreExecution => f.write_str("pre-execution changes"),
            Self::Transaction(index) => write!(f, "transaction {index}"),
            Self::PostExecution => f.write_str("post-execution changes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_sort_in_block_order() {
        let mut places = [Place::PostExecution, Place::tx(10), Place::tx(2), Place::PreExecution];
        places.sort();
        assert_eq!(places, [Place::PreExecution, Place::tx(2), Place::tx(10), Place::PostExecution]);
    }
}
