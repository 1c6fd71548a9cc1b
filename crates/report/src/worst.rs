//! The blocks a reader should look at first.

use crate::{BlockRecord, Verdict};
use std::collections::BTreeMap;

/// A record without its lists and roots, for a row of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BlockRow {
    pub(crate) number: u64,
    pub(crate) source: String,
    pub(crate) fork: String,
    pub(crate) txs: u64,
    pub(crate) gas_used: u64,
    pub(crate) sequential_us: Option<u64>,
    pub(crate) parallel_us: Option<u64>,
    pub(crate) speedup: Option<f64>,
    pub(crate) reexecuted: u64,
    pub(crate) parallelism: Option<f64>,
    pub(crate) verdict: Verdict,
}

impl From<&BlockRecord> for BlockRow {
    fn from(record: &BlockRecord) -> Self {
        Self {
            number: record.number,
            source: record.source.clone(),
            fork: record.fork.clone(),
            txs: record.txs,
            gas_used: record.gas_used,
            sequential_us: record.sequential_us,
            parallel_us: record.parallel_us,
            speedup: record.speedup,
            reexecuted: record.reexecuted,
            parallelism: record.parallelism,
            verdict: record.verdict.clone(),
        }
    }
}

/// Keeps the worst records seen, at most `rows_max`.
#[derive(Clone, Debug)]
pub(crate) struct WorstBlocks {
    rows_max: usize,
    by: WorstBy,
    rows: BTreeMap<Badness, BlockRow>,
    seen: u64,
}

/// What makes a block worse than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorstBy {
    /// The verdict, diverged before inconclusive before match, then the speedup.
    Verdict,
    /// The speedup alone.
    Speedup,
}

/// Orders records, the worst first; of equals the first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Badness {
    verdict_rank: u8,
    speedup_per_mille: u64,
    seen: u64,
}

impl WorstBlocks {
    pub(crate) fn new(rows_max: usize, by: WorstBy) -> Self {
        Self { rows_max, by, rows: BTreeMap::new(), seen: 0 }
    }

    pub(crate) fn add(&mut self, record: &BlockRecord) {
        let badness = Badness::of(record, self.by, self.seen);
        self.seen += 1;
        let full = self.rows.len() >= self.rows_max;
        if full && self.rows.last_key_value().is_none_or(|(least_bad, _)| *least_bad < badness) {
            return;
        }
        self.rows.insert(badness, BlockRow::from(record));
        if full {
            self.rows.pop_last();
        }
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &BlockRow> {
        self.rows.values()
    }
}

impl Badness {
    fn of(record: &BlockRecord, by: WorstBy, seen: u64) -> Self {
        let verdict_rank = match (by, &record.verdict) {
            (WorstBy::Speedup, _) | (WorstBy::Verdict, Verdict::Diverged) => 0,
            (WorstBy::Verdict, Verdict::Inconclusive { .. }) => 1,
            (WorstBy::Verdict, Verdict::Match) => 2,
        };
        let speedup_per_mille = match record.times_us() {
            Some((sequential_us, parallel_us)) => sequential_us.saturating_mul(1000) / parallel_us,
            None => u64::MAX,
        };
        Self { verdict_rank, speedup_per_mille, seen }
    }
}
