//! Tells a host what executing a block took.

use std::fmt::Debug;

use crate::stats::BlockStats;

/// Is told of each block that was executed with a look-ahead.
///
/// Hosts that hand the executor on (reth's engine does) have no other way to see what became of it.
pub trait Observer: Send + Sync + Debug {
    /// A block was executed to its end, with so many transactions.
    ///
    /// Transactions that `stats` does not count were executed sequentially, after a departure from the look-ahead.
    fn executed(&self, stats: &BlockStats, transactions: usize);
}
