//! Counts what became of blocks, in reth's metrics and for the log.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use metrics::counter;
use parking_lot::Mutex;
use tandem_executor::{BlockStats, Observer};

use crate::look_ahead::Sequential;

/// Totals since the start. Each number stands alone, so that no order of updates matters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    parallel: AtomicU64,
    /// With a look-ahead, and yet sequential: too light to speculate on.
    light: AtomicU64,
    /// Parallel at first, sequential in the end: transactions came that were not looked ahead to, or one failed.
    departed: AtomicU64,
    sequential: Mutex<BTreeMap<Sequential, u64>>,
    transactions: AtomicU64,
    attempts: AtomicU64,
    reexecuted: AtomicU64,
    committed_attempts: AtomicU64,
    /// The engine's block at hand, since when.
    current: Mutex<Option<(B256, Instant)>>,
    /// What the engine's latest blocks took.
    took: Mutex<VecDeque<(B256, BlockStats, Duration)>>,
}

/// Blocks whose counters are kept for the validator; it is told of one soon after its execution.
const TOOK_MAX: usize = 64;

impl Counters {
    /// Counts a block that is executed without a look-ahead.
    pub(crate) fn unless<T>(&self, foreseen: Result<T, Sequential>) -> Option<T> {
        foreseen
            .inspect_err(|why| {
                *self.sequential.lock().entry(*why).or_default() += 1;
                counter!("tandem_sequential_blocks_total", "reason" => why.name()).increment(1);
            })
            .ok()
    }

    /// Tells whether any block was executed in parallel.
    pub(crate) fn any_parallel(&self) -> bool {
        self.parallel.load(Relaxed) > 0
    }

    /// Notes that the engine, which has one block at a time, executes this one.
    pub(crate) fn begin(&self, block: B256) {
        *self.current.lock() = Some((block, Instant::now()));
    }

    /// Takes what a block of the engine's took.
    pub(crate) fn took(&self, block: B256) -> Option<(BlockStats, Duration)> {
        let mut took = self.took.lock();
        let at = took.iter().rposition(|(known, ..)| *known == block)?;
        took.remove(at).map(|(_, stats, duration)| (stats, duration))
    }
}

impl Observer for Counters {
    fn executed(&self, stats: &BlockStats, transactions: usize) {
        if let Some((block, since)) = self.current.lock().take() {
            let mut took = self.took.lock();
            took.push_back((block, stats.clone(), since.elapsed()));
            if took.len() > TOOK_MAX {
                took.pop_front();
            }
        }
        if stats.threads < 2 {
            self.light.fetch_add(1, Relaxed);
            counter!("tandem_sequential_blocks_total", "reason" => "light").increment(1);
            return;
        }
        self.parallel.fetch_add(1, Relaxed);
        counter!("tandem_parallel_blocks_total").increment(1);
        if stats.committed_attempts + stats.frontier_executed + stats.paid < transactions {
            self.departed.fetch_add(1, Relaxed);
            counter!("tandem_departed_blocks_total").increment(1);
        }
        let add = |total: &AtomicU64, name: &'static str, count: usize| {
            total.fetch_add(count as u64, Relaxed);
            counter!(name).increment(count as u64);
        };
        add(&self.transactions, "tandem_parallel_transactions_total", transactions);
        add(&self.attempts, "tandem_attempts_total", stats.attempts);
        add(&self.reexecuted, "tandem_engine_reexecutions_total", stats.reexecuted);
        add(&self.committed_attempts, "tandem_committed_attempts_total", stats.committed_attempts);
    }
}

impl Sequential {
    /// Returns the word for it in metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::FellBack => "fell_back",
            Self::Distrusted => "distrusted",
            Self::Known => "known",
            Self::AccessList => "access_list",
            Self::NoParentState => "no_parent_state",
            Self::BadTransaction => "bad_transaction",
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = |total: &AtomicU64| total.load(Relaxed);
        write!(
            f,
            "{} blocks in parallel ({} departed) with {} transactions, {} attempts, {} of them committed, {} transactions \
             executed again; sequential: {} light",
            get(&self.parallel),
            get(&self.departed),
            get(&self.transactions),
            get(&self.attempts),
            get(&self.committed_attempts),
            get(&self.reexecuted),
            get(&self.light),
        )?;
        self.sequential.lock().iter().try_for_each(|(why, count)| write!(f, ", {count} {}", why.name()))
    }
}
