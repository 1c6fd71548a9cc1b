//! Decides, before a block runs, whether and how widely to speculate.

/// What the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Never speculate.
    Sequential,
    /// Speculate whenever there is more than one transaction and more than one thread.
    Parallel,
    /// Speculate where it is likely to pay.
    #[default]
    Auto,
}

/// What will be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// The frontier executes alone.
    Sequential,
    /// So many workers run ahead of the frontier.
    Parallel {
        /// Threads beside the frontier's; at least one.
        workers: usize,
    },
}

/// Gas below which starting workers costs more than it can save: about 0.2 ms of execution.
const AUTO_GAS_MIN: u64 = 400_000;

impl Plan {
    /// Plans a block of so many transactions, with the sum of their gas limits, on so many worker threads.
    pub fn new(strategy: Strategy, transaction_count: usize, gas_limit: u64, worker_count: usize) -> Self {
        let workers = worker_count.min(transaction_count.saturating_sub(1));
        let pays = match strategy {
            Strategy::Sequential => false,
            Strategy::Parallel => true,
            Strategy::Auto => gas_limit >= AUTO_GAS_MIN,
        };
        if pays && workers > 0 { Self::Parallel { workers } } else { Self::Sequential }
    }
}
