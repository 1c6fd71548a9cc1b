//! All that the page shows, gathered record by record.

use crate::{
    BlockRecord, Divergence, Tally, Verdict,
    contracts::ContractConflicts,
    finality::Finality,
    histogram::ParallelismHistogram,
    series::Series,
    worst::{WorstBlocks, WorstBy},
};

/// Rows of the table of the blocks that gained least.
const SLOWEST_MAX: usize = 20;
/// Divergences and inconclusive blocks that are listed.
const LISTED_MAX: usize = 200;

/// What the page shows of the records. Its size does not depend on their number.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    tally: Tally,
    series: Series,
    parallelism: ParallelismHistogram,
    conflicts: ContractConflicts,
    slowest: WorstBlocks,
    attempts: u64,
    reexecuted: u64,
    diverged: Vec<DivergedBlock>,
    inconclusive: Vec<InconclusiveBlock>,
}

/// A block that diverged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DivergedBlock {
    pub(crate) number: u64,
    pub(crate) source: String,
    pub(crate) fork: String,
    pub(crate) differing: Vec<&'static str>,
    pub(crate) divergence: Option<Divergence>,
}

/// A block that could not be checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InconclusiveBlock {
    pub(crate) number: u64,
    pub(crate) source: String,
    pub(crate) reason: String,
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            series: Series::default(),
            parallelism: ParallelismHistogram::default(),
            conflicts: ContractConflicts::default(),
            slowest: WorstBlocks::new(SLOWEST_MAX, WorstBy::Speedup),
            attempts: 0,
            reexecuted: 0,
            diverged: Vec::new(),
            inconclusive: Vec::new(),
        }
    }
}

impl Overview {
    /// Adds a record as it comes, before it is known what follows.
    pub(crate) fn add(&mut self, record: &BlockRecord) {
        self.add_as(record, Finality::provisional(record));
    }

    /// Adds a record of which it is known whether it is final. What the tally does not count is not drawn either.
    pub(crate) fn add_as(&mut self, record: &BlockRecord, finality: Finality) {
        self.tally.add_as(record, finality);
        if finality == Finality::Superseded {
            return;
        }
        self.series.add(record);
        if let Some(parallelism) = record.parallelism {
            self.parallelism.add(parallelism);
        }
        self.conflicts.add(record);
        if record.times_us().is_some() {
            self.slowest.add(record);
        }
        self.attempts = self.attempts.saturating_add(record.attempts);
        self.reexecuted = self.reexecuted.saturating_add(record.reexecuted);
        self.list(record);
    }

    fn list(&mut self, record: &BlockRecord) {
        let (number, source) = (record.number, record.source.clone());
        match &record.verdict {
            Verdict::Diverged if self.diverged.len() < LISTED_MAX => {
                let differing = record.checks.named().into_iter();
                let differing =
                    differing.filter(|(_, check)| *check == crate::Check::Differ).map(|(name, _)| name);
                self.diverged.push(DivergedBlock {
                    number,
                    source,
                    fork: record.fork.clone(),
                    differing: differing.collect(),
                    divergence: record.divergence.clone(),
                });
            }
            Verdict::Inconclusive { reason } if self.inconclusive.len() < LISTED_MAX => {
                self.inconclusive.push(InconclusiveBlock { number, source, reason: reason.clone() });
            }
            _ => {}
        }
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn series(&self) -> &Series {
        &self.series
    }

    pub(crate) fn parallelism(&self) -> &ParallelismHistogram {
        &self.parallelism
    }

    pub(crate) fn conflicts(&self) -> &ContractConflicts {
        &self.conflicts
    }

    pub(crate) fn slowest(&self) -> &WorstBlocks {
        &self.slowest
    }

    pub(crate) fn attempts(&self) -> u64 {
        self.attempts
    }

    pub(crate) fn reexecuted(&self) -> u64 {
        self.reexecuted
    }

    pub(crate) fn diverged(&self) -> &[DivergedBlock] {
        &self.diverged
    }

    pub(crate) fn inconclusive(&self) -> &[InconclusiveBlock] {
        &self.inconclusive
    }
}
