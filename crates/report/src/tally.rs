//! Adding records up, one at a time.

use crate::{
    analysis::Outlooks,
    finality::Finality,
    record::{BlockRecord, Check, Schema, Verdict, round2},
    summary::{CheckCount, Completion, ForkSummary, RunInfo, Summary},
};
use std::collections::{BTreeMap, BTreeSet};

/// Forks that are told apart. Names come from files; more than this many are no forks, and are counted as one.
const FORKS_MAX: usize = 64;

/// Running totals of the records seen so far. Its size does not depend on their number; sums saturate.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    blocks: u64,
    matched: u64,
    diverged: u64,
    inconclusive: u64,
    repeated: u64,
    reverted: u64,
    txs: u64,
    gas_used: u64,
    timed: Timed,
    path_gas_used: u64,
    critical_path_gas: u64,
    outlooks: Outlooks,
    records: u64,
    checks: BTreeMap<&'static str, CheckCount>,
    forks: Vec<ForkSummary>,
}

/// Totals of the records with both times.
#[derive(Clone, Debug, Default)]
struct Timed {
    blocks: u64,
    gas_used: u64,
    sequential_us: u64,
    parallel_us: u64,
    ln_speedups: f64,
    extremes: Option<(f64, f64)>,
}

impl Tally {
    /// Counts a record as it comes, before it is known what follows.
    ///
    /// A record of a block that left the chain checks nothing and is only counted as such. A repeated one is already
    /// counted, unless it diverged: a divergence is never lost in a total. What these two make of earlier records is
    /// settled at the end ([`ReportWriter::settle`](crate::ReportWriter::settle)).
    pub fn add(&mut self, record: &BlockRecord) {
        self.add_as(record, Finality::provisional(record));
    }

    /// Counts a record of which it is known whether it is final.
    pub(crate) fn add_as(&mut self, record: &BlockRecord, finality: Finality) {
        self.records += 1;
        self.repeated += u64::from(record.repeated);
        self.reverted += u64::from(record.reverted);
        if finality == Finality::Superseded {
            return;
        }
        self.blocks += 1;
        match record.verdict {
            Verdict::Match => self.matched += 1,
            Verdict::Diverged => self.diverged += 1,
            Verdict::Inconclusive { .. } => self.inconclusive += 1,
        }
        self.txs = self.txs.saturating_add(record.txs);
        self.gas_used = self.gas_used.saturating_add(record.gas_used);
        if let Some(critical_path_gas) = record.critical_path_gas {
            self.path_gas_used = self.path_gas_used.saturating_add(record.gas_used);
            self.critical_path_gas = self.critical_path_gas.saturating_add(critical_path_gas);
        }
        self.timed.add(record);
        if let Some((sequential_us, _)) = record.times_us() {
            self.outlooks.add(sequential_us as f64, &record.outlook);
        }
        self.add_checks(record);
        self.add_fork(record);
    }

    /// Records counted as blocks so far.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Blocks that matched so far.
    pub fn matched(&self) -> u64 {
        self.matched
    }

    /// Blocks that diverged so far.
    pub fn diverged(&self) -> u64 {
        self.diverged
    }

    /// Blocks that could not be checked so far.
    pub fn inconclusive(&self) -> u64 {
        self.inconclusive
    }

    /// Gas used so far.
    pub fn gas_used(&self) -> u64 {
        self.gas_used
    }

    /// The totals so far.
    pub fn summary(&self, run: RunInfo, completion: Completion) -> Summary {
        let timed = &self.timed;
        Summary {
            schema: Schema,
            blocks: self.blocks,
            matched: self.matched,
            diverged: self.diverged,
            inconclusive: self.inconclusive,
            txs: self.txs,
            gas_used: self.gas_used,
            sequential_us: timed.sequential_us,
            parallel_us: timed.parallel_us,
            speedup_time_weighted: ratio(timed.sequential_us, timed.parallel_us),
            speedup_geomean: timed.geomean(),
            speedup_min: timed.extremes.map(|(min, _)| round2(min)),
            speedup_max: timed.extremes.map(|(_, max)| round2(max)),
            run,
            partial: completion == Completion::Partial,
            timed_blocks: timed.blocks,
            timed_gas_used: timed.gas_used,
            parallelism: ratio(self.path_gas_used, self.critical_path_gas),
            repeated: self.repeated,
            reverted: self.reverted,
            checks: self.checks.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            forks: self.forks.clone(),
            input_errors: Vec::new(),
            not_run: Vec::new(),
            records: self.records,
            parts: BTreeSet::new(),
            gaps: Vec::new(),
            outlook: self.outlooks.by_time(),
        }
    }

    fn add_checks(&mut self, record: &BlockRecord) {
        for (name, check) in record.checks.named() {
            let count = self.checks.entry(name).or_default();
            match check {
                Check::Match => count.matched += 1,
                Check::Differ => count.differ += 1,
                Check::Absent => count.absent += 1,
            }
            count.header_checked += u64::from(match name {
                "receipts_root" => record.receipts_root.header_checked,
                "state_root" => record.state_root.header_checked,
                _ => false,
            });
        }
    }

    fn add_fork(&mut self, record: &BlockRecord) {
        let index = self.forks.iter().position(|fork| fork.fork == record.fork).unwrap_or_else(|| {
            if self.forks.len() < FORKS_MAX {
                let fork = if self.forks.len() + 1 < FORKS_MAX { record.fork.as_str() } else { "(other)" };
                self.forks.push(ForkSummary { fork: fork.to_owned(), ..ForkSummary::default() });
            }
            self.forks.len() - 1
        });
        let fork = &mut self.forks[index];
        fork.blocks += 1;
        fork.matched += u64::from(record.verdict == Verdict::Match);
        if let Some((sequential_us, parallel_us)) = record.times_us() {
            fork.sequential_us = fork.sequential_us.saturating_add(sequential_us);
            fork.parallel_us = fork.parallel_us.saturating_add(parallel_us);
        }
    }
}

impl Timed {
    fn add(&mut self, record: &BlockRecord) {
        let Some((sequential_us, parallel_us)) = record.times_us() else { return };
        let speedup = sequential_us as f64 / parallel_us as f64;
        self.blocks += 1;
        self.gas_used = self.gas_used.saturating_add(record.gas_used);
        self.sequential_us = self.sequential_us.saturating_add(sequential_us);
        self.parallel_us = self.parallel_us.saturating_add(parallel_us);
        self.ln_speedups += speedup.ln();
        let (min, max) = self.extremes.unwrap_or((speedup, speedup));
        self.extremes = Some((min.min(speedup), max.max(speedup)));
    }

    fn geomean(&self) -> Option<f64> {
        (self.blocks > 0).then(|| round2((self.ln_speedups / self.blocks as f64).exp()))
    }
}

fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| round2(numerator as f64 / denominator as f64))
}
