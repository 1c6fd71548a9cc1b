//! Times of blocks executed sequentially and in parallel, in turn: what `tandem bench` tells.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    format::round,
    summary::{Completion, RunInfo},
};

mod figures;
mod text;

pub use figures::Speedups;
use figures::{median, quartiles};

/// How blocks were timed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BenchInfo {
    /// Executions of each block by each contender, after one warm-up.
    pub iterations: usize,
    /// Strategy of the parallel side.
    pub strategy: String,
    /// How the executor was called.
    pub seam: String,
    /// Gas from which on a block counts for the second summary.
    pub gas_min: u64,
    /// How the run was made; its `threads` is none, because there may be several.
    #[serde(flatten)]
    pub run: RunInfo,
}

/// The times of one block, in microseconds: medians over the iterations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchBlock {
    /// Number of the block.
    pub number: u64,
    /// Where the block came from.
    pub source: String,
    /// Name of the fork.
    pub fork: String,
    /// Transactions.
    pub txs: u64,
    /// Gas used.
    pub gas_used: u64,
    /// Sequential execution.
    pub sequential_us: f64,
    /// Parallel execution, by number of threads.
    pub parallel_us: BTreeMap<usize, f64>,
    /// Sequential over parallel median, by number of threads.
    pub speedup: BTreeMap<usize, f64>,
    /// First and third quartile of the speedups of single iterations, by number of threads.
    pub speedup_quartiles: BTreeMap<usize, [f64; 2]>,
    /// Logs bloom, receipts root and the other hashes over the output: a step after execution, the same for both sides.
    pub digest_us: f64,
}

/// What a block is, beside its times.
#[derive(Clone, Debug, Default)]
pub struct BenchSubject {
    /// Number of the block.
    pub number: u64,
    /// Where the block came from.
    pub source: String,
    /// Name of the fork.
    pub fork: String,
    /// Transactions.
    pub txs: u64,
    /// Gas used.
    pub gas_used: u64,
}

impl BenchBlock {
    /// Starts with the sequential times and those of the step after execution, one an iteration, in microseconds.
    pub fn new(subject: BenchSubject, sequential_us: &[f64], digest_us: &[f64]) -> Self {
        let BenchSubject { number, source, fork, txs, gas_used } = subject;
        Self {
            number,
            source,
            fork,
            txs,
            gas_used,
            sequential_us: round(median(sequential_us), 1),
            parallel_us: BTreeMap::new(),
            speedup: BTreeMap::new(),
            speedup_quartiles: BTreeMap::new(),
            digest_us: round(median(digest_us), 1),
        }
    }

    /// Adds the times of so many threads, in the order of the sequential ones of the same iterations.
    #[must_use]
    pub fn with_parallel(mut self, threads: usize, sequential_us: &[f64], parallel_us: &[f64]) -> Self {
        let ratios: Vec<f64> = sequential_us
            .iter()
            .zip(parallel_us)
            .map(|(sequential, parallel)| sequential / parallel)
            .collect();
        self.parallel_us.insert(threads, round(median(parallel_us), 1));
        self.speedup.insert(threads, round(median(sequential_us) / median(parallel_us), 4));
        self.speedup_quartiles.insert(threads, quartiles(&ratios).map(|quartile| round(quartile, 4)));
        self
    }

    /// Returns the block as one line of JSON.
    pub fn json_line(&self) -> String {
        serde_json::to_string(self).expect("a block has only strings, numbers and maps of them")
    }
}

/// The times of all blocks of a run.
#[derive(Clone, Debug)]
pub struct Bench {
    info: BenchInfo,
    blocks: Vec<BenchBlock>,
    completion: Completion,
    /// Peaks of memory by side, in bytes.
    peaks: BTreeMap<String, u64>,
}

impl Bench {
    /// Starts without blocks.
    pub const fn new(info: BenchInfo) -> Self {
        Self { info, blocks: Vec::new(), completion: Completion::Complete, peaks: BTreeMap::new() }
    }

    /// Adds a block.
    pub fn add(&mut self, block: BenchBlock) {
        self.blocks.push(block);
    }

    /// Notes the peak of memory of a process that executed all blocks on one side: `sequential`, or a number of threads.
    pub fn set_peak(&mut self, side: String, peak_bytes: u64) {
        self.peaks.insert(side, peak_bytes);
    }

    /// Notes that blocks are missing.
    pub const fn interrupt(&mut self) {
        self.completion = Completion::Partial;
    }

    /// Returns the blocks so far.
    pub fn blocks(&self) -> &[BenchBlock] {
        &self.blocks
    }

    /// Sums up all blocks, by number of threads.
    pub fn summary(&self) -> BTreeMap<usize, Speedups> {
        Speedups::by_threads(&self.blocks.iter().collect::<Vec<_>>())
    }

    /// Sums up the blocks of enough gas, by number of threads.
    pub fn summary_of_large(&self) -> BTreeMap<usize, Speedups> {
        let is_large = |block: &&BenchBlock| block.gas_used >= self.info.gas_min;
        Speedups::by_threads(&self.blocks.iter().filter(is_large).collect::<Vec<_>>())
    }

    /// Returns the figures as one JSON object with the keys `blocks`, `summary`, `summary_gas_min`, `run`, and
    /// `peak_bytes` where memory was measured.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            blocks: &'a [BenchBlock],
            summary: BTreeMap<usize, Speedups>,
            summary_gas_min: BTreeMap<usize, Speedups>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            peak_bytes: &'a BTreeMap<String, u64>,
            partial: bool,
            run: &'a BenchInfo,
        }
        let document = Document {
            blocks: &self.blocks,
            summary: self.summary(),
            summary_gas_min: self.summary_of_large(),
            peak_bytes: &self.peaks,
            partial: self.completion == Completion::Partial,
            run: &self.info,
        };
        let mut text = serde_json::to_string_pretty(&document)
            .expect("figures have only strings, numbers, lists and maps of them");
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests;
