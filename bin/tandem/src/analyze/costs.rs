//! Says what each part of a parallel execution costs, from samples.

use std::{collections::HashMap, time::Duration};

use tandem_executor::{TxIndex, clock::Part};

use super::stopwatch::Sample;

/// The share of an attempt's time that has passed when it reads, on the whole.
const READS_AT: f64 = 0.5;

/// Costs of one block's parts, in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    /// Sequential times of the transactions.
    sequential: Vec<f64>,
    /// Medians of what was measured of a transaction.
    measured: HashMap<(Part, TxIndex), f64>,
    /// For what was not measured of a transaction: how it compares to the transaction's sequential time.
    ratios: HashMap<Part, f64>,
    /// What parts cost that are of no transaction.
    flat: HashMap<Part, f64>,
}

impl Costs {
    /// Learns costs from samples of several executions, and from the transactions' sequential times.
    pub(super) fn new(sequential: &[u64], samples: &[Sample]) -> Self {
        let sequential: Vec<f64> = sequential.iter().map(|ns| (*ns).max(1) as f64).collect();
        let mut by_tx: HashMap<(Part, TxIndex), Vec<f64>> = HashMap::new();
        let mut flat: HashMap<Part, Vec<f64>> = HashMap::new();
        for sample in samples {
            let ns = sample.time.as_nanos() as f64;
            if is_flat(sample.part) {
                flat.entry(sample.part).or_default().push(ns);
            } else {
                by_tx.entry((sample.part, sample.index)).or_default().push(ns);
            }
        }
        let measured: HashMap<_, _> = by_tx.into_iter().map(|(key, times)| (key, median(times))).collect();
        let mut sums: HashMap<Part, (f64, f64)> = HashMap::new();
        for ((part, index), ns) in &measured {
            let Some(base) = sequential.get(index.0) else { continue };
            let sum = sums.entry(*part).or_default();
            *sum = (sum.0 + ns, sum.1 + base);
        }
        let ratios = sums.into_iter().map(|(part, (ns, base))| (part, ns / base)).collect();
        let flat = flat.into_iter().map(|(part, times)| (part, typical(part, times))).collect();
        Self { sequential, measured, ratios, flat }
    }

    /// Returns what a part costs.
    pub(super) fn cost(&self, part: Part, index: TxIndex) -> Duration {
        let ns = match part {
            // An attempt reads neither at its beginning nor at its end.
            Part::Claim => self.flat(part) + self.of_transaction(Part::Attempt, index) * READS_AT,
            Part::Attempt => self.of_transaction(part, index) * (1.0 - READS_AT),
            // Who is woken from a nap comes as late as who is woken for a block.
            Part::Nap => self.flat(Part::Arrive),
            _ if is_flat(part) => self.flat(part),
            _ => self.of_transaction(part, index),
        };
        Duration::from_nanos(ns as u64)
    }

    fn flat(&self, part: Part) -> f64 {
        self.flat.get(&part).copied().unwrap_or(0.0)
    }

    fn of_transaction(&self, part: Part, index: TxIndex) -> f64 {
        self.measured.get(&(part, index)).copied().unwrap_or_else(|| {
            let ratio = self.ratios.get(&part).copied().unwrap_or_else(|| without_sample(part));
            self.sequential.get(index.0).map_or(0.0, |base| base * ratio)
        })
    }
}

/// Whether a part costs the same for all transactions.
const fn is_flat(part: Part) -> bool {
    matches!(
        part,
        Part::Prepare
            | Part::Start
            | Part::Begin
            | Part::Wait
            | Part::Arrive
            | Part::Claim
            | Part::Seek
            | Part::Leave
            | Part::Nap
    )
}

/// Returns a part's share of the sequential time where a block has no sample of it at all.
const fn without_sample(part: Part) -> f64 {
    match part {
        Part::Execute | Part::Attempt => 1.0,
        _ => 0.1,
    }
}

/// Returns the cost of one of many like parts: the mean where the seldom dear ones count, without what an interruption
/// of the thread made of the dearest.
fn typical(part: Part, mut times: Vec<f64>) -> f64 {
    if !matches!(part, Part::Claim | Part::Seek | Part::Leave) {
        return median(times);
    }
    times.sort_unstable_by(f64::total_cmp);
    times.truncate(times.len() - times.len() / 50);
    times.iter().sum::<f64>() / times.len().max(1) as f64
}

/// Returns the median of some times.
pub(super) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}
