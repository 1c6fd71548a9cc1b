//! What blocks would allow: dependencies, critical paths and speedups by number of threads; what `tandem analyze` tells.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::summary::{Completion, RunInfo};

mod outlooks;
mod partitions;
mod text;

pub(crate) use outlooks::Outlooks;

/// How blocks were analyzed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AnalysisInfo {
    /// Sequential executions whose median is a transaction's time.
    pub iterations: usize,
    /// Gas from which on a block counts for the second summary.
    pub gas_min: u64,
    /// How the run was made; its `threads` is none, because there are several.
    #[serde(flatten)]
    pub run: RunInfo,
}

/// Speedups of one block, or of several by time, with one number of threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// The number of threads, or total over critical path, whichever is less; only guessed values let an executor exceed
    /// it.
    pub bound: f64,
    /// An executor that knows all dependencies beforehand, takes transactions in block order and pays for nothing else.
    pub in_order: f64,
    /// This executor with as many virtual workers, on measured times; none if nothing was predicted.
    #[serde(default)]
    pub predicted: Option<f64>,
}

/// What one block would allow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnalysisBlock {
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
    /// Transactions that depend on an earlier one.
    pub dependent_txs: u64,
    /// Pairs of transactions of which the later depends on the earlier.
    pub dependencies: u64,
    /// Gas on the longest chain of dependencies.
    pub critical_path_gas: u64,
    /// Gas used over gas on that chain.
    pub parallelism: f64,
    /// Time of all transactions, executed sequentially, in microseconds.
    pub transactions_us: f64,
    /// Time on the longest chain of dependencies, in microseconds.
    pub critical_path_us: f64,
    /// Groups of transactions that share nothing with the others.
    pub shards: u64,
    /// Share of the time that the largest of them takes.
    pub largest_shard: f64,
    /// By number of threads.
    pub speedup: BTreeMap<usize, Outlook>,
    /// Transactions on the dearest chain by gas, from 0.
    pub critical_path: Vec<usize>,
    /// What fixed parts would give, by what they are by: `group`, `sender`, `contract`, `type`.
    pub partitions: BTreeMap<String, PartitionFigures>,
    /// What most of its dependencies are about.
    pub hot: Vec<HotSpot>,
}

/// What the parts of a partition would give, executed side by side, each part's transactions in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PartitionFigures {
    /// How many parts there are.
    pub parts: u64,
    /// Share of the time that the dearest part takes.
    pub largest: f64,
    /// Dependencies between transactions of different parts.
    pub crossing: u64,
    /// Time of all transactions over the time from first begin to last end, with a thread for each part.
    pub speedup: f64,
}

/// A location or an account that many dependencies are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HotSpot {
    /// `slot`, `balance`, `nonce`, `code`, `emptiness` or `storage`; `account` for all of an account.
    pub kind: String,
    /// The account.
    pub address: Address,
    /// The slot, where it is one.
    pub slot: Option<B256>,
    /// Pairs of transactions.
    pub dependencies: u64,
    /// Blocks in which there is one.
    pub blocks: u64,
}

/// What all blocks of a run would allow.
#[derive(Clone, Debug)]
pub struct Analysis {
    info: AnalysisInfo,
    blocks: Vec<AnalysisBlock>,
    completion: Completion,
    hot: Vec<HotSpot>,
}

impl AnalysisBlock {
    /// Returns the block as one line of JSON.
    pub fn json_line(&self) -> String {
        serde_json::to_string(self).expect("a block has only strings, numbers and maps of them")
    }
}

impl Analysis {
    /// Starts without blocks.
    pub const fn new(info: AnalysisInfo) -> Self {
        Self { info, blocks: Vec::new(), completion: Completion::Complete, hot: Vec::new() }
    }

    /// Adds a block.
    pub fn add(&mut self, block: AnalysisBlock) {
        self.blocks.push(block);
    }

    /// Notes what most dependencies are about.
    pub fn set_hot(&mut self, hot: Vec<HotSpot>) {
        self.hot = hot;
    }

    /// Notes that blocks are missing.
    pub const fn interrupt(&mut self) {
        self.completion = Completion::Partial;
    }

    /// Returns the blocks so far.
    pub fn blocks(&self) -> &[AnalysisBlock] {
        &self.blocks
    }

    /// Weighs the speedups of all blocks by time, by number of threads.
    pub fn summary(&self) -> BTreeMap<usize, Outlook> {
        by_time(self.blocks.iter())
    }

    /// Weighs the speedups of the blocks of enough gas by time, by number of threads.
    pub fn summary_of_large(&self) -> BTreeMap<usize, Outlook> {
        by_time(self.blocks.iter().filter(|block| block.gas_used >= self.info.gas_min))
    }

    /// Sums up what partitions would give, by what they are by.
    pub fn partitions(&self) -> BTreeMap<String, PartitionFigures> {
        partitions::sum(&self.blocks)
    }

    /// Returns everything as one JSON object with the keys `blocks`, `summary`, `summary_gas_min`, `partitions`, `hot` and
    /// `run`.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            blocks: &'a [AnalysisBlock],
            summary: BTreeMap<usize, Outlook>,
            summary_gas_min: BTreeMap<usize, Outlook>,
            partitions: BTreeMap<String, PartitionFigures>,
            hot: &'a [HotSpot],
            partial: bool,
            run: &'a AnalysisInfo,
        }
        let document = Document {
            blocks: &self.blocks,
            summary: self.summary(),
            summary_gas_min: self.summary_of_large(),
            partitions: self.partitions(),
            hot: &self.hot,
            partial: self.completion == Completion::Partial,
            run: &self.info,
        };
        let mut text = serde_json::to_string_pretty(&document)
            .expect("figures have only strings, numbers, lists and maps of them");
        text.push('\n');
        text
    }
}

/// Divides the time of all blocks by the time that they would take, by number of threads.
fn by_time<'a>(blocks: impl Iterator<Item = &'a AnalysisBlock>) -> BTreeMap<usize, Outlook> {
    let mut outlooks = Outlooks::default();
    blocks.for_each(|block| outlooks.add(block.transactions_us, &block.speedup));
    outlooks.by_time()
}

#[cfg(test)]
mod tests;
