//! Medians of times and means of speedups.

use std::collections::BTreeMap;

use serde::Serialize;

use super::BenchBlock;
use crate::format::round;

/// Speedups of several blocks with one number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speedups {
    /// Sum of sequential times over sum of parallel times.
    pub time_weighted: f64,
    /// Geometric mean.
    pub geomean: f64,
    /// Smallest.
    pub min: f64,
    /// Greatest.
    pub max: f64,
    /// Blocks.
    pub blocks: usize,
    /// Sum of sequential times, in microseconds.
    pub sequential_us: f64,
    /// Sum of parallel times, in microseconds.
    pub parallel_us: f64,
}

impl Speedups {
    /// Sums up blocks, by number of threads; nothing for no blocks.
    pub(super) fn by_threads(blocks: &[&BenchBlock]) -> BTreeMap<usize, Self> {
        let mut threads: Vec<usize> =
            blocks.iter().flat_map(|block| block.parallel_us.keys().copied()).collect();
        threads.sort_unstable();
        threads.dedup();
        threads.into_iter().map(|threads| (threads, Self::of(blocks, threads))).collect()
    }

    fn of(blocks: &[&BenchBlock], threads: usize) -> Self {
        let times = blocks
            .iter()
            .filter_map(|block| Some((block.sequential_us, *block.parallel_us.get(&threads)?)))
            .filter(|(sequential, parallel)| *sequential > 0.0 && *parallel > 0.0);
        let (mut blocks, mut sequential_us, mut parallel_us) = (0_usize, 0.0, 0.0);
        let (mut logs, mut min, mut max) = (0.0, f64::INFINITY, 0.0_f64);
        for (sequential, parallel) in times {
            let speedup = sequential / parallel;
            blocks += 1;
            sequential_us += sequential;
            parallel_us += parallel;
            logs += speedup.ln();
            min = min.min(speedup);
            max = max.max(speedup);
        }
        Self {
            time_weighted: round(sequential_us / parallel_us, 4),
            geomean: round((logs / blocks as f64).exp(), 4),
            min: round(min, 4),
            max: round(max, 4),
            blocks,
            sequential_us: round(sequential_us, 1),
            parallel_us: round(parallel_us, 1),
        }
    }
}

/// Returns the middle value, or the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    match (sorted.len() / 2, sorted.len() % 2) {
        (0, 0) => f64::NAN,
        (half, 0) => f64::midpoint(sorted[half - 1], sorted[half]),
        (half, _) => sorted[half],
    }
}

/// Returns the values at a quarter and at three quarters of the sorted ones.
pub(super) fn quartiles(values: &[f64]) -> [f64; 2] {
    let sorted = sorted(values);
    let Some(last) = sorted.len().checked_sub(1) else { return [f64::NAN; 2] };
    [sorted[last / 4], sorted[last - last / 4]]
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}
