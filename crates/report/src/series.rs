//! Blocks in the order they ran, few enough to draw.

use crate::{BlockRecord, Verdict};

/// Points that are drawn at most; half of it at least, once there were as many blocks.
const BINS_MAX: usize = 480;

/// Timed blocks in order. When there are too many, neighbours are merged and each bin stands for twice as many.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    bins: Vec<Bin>,
    blocks_per_bin: u64,
}

/// One block, or some that ran one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bin {
    pub(crate) blocks: u64,
    pub(crate) first_number: u64,
    pub(crate) last_number: u64,
    pub(crate) fork: String,
    pub(crate) txs: u64,
    pub(crate) diverged: u64,
    pub(crate) sequential_us: u64,
    pub(crate) parallel_us: u64,
    pub(crate) speedup_min: f64,
    pub(crate) speedup_max: f64,
    ln_speedups: f64,
}

impl Default for Series {
    fn default() -> Self {
        Self { bins: Vec::new(), blocks_per_bin: 1 }
    }
}

impl Series {
    /// Adds a record, unless a time is missing.
    pub(crate) fn add(&mut self, record: &BlockRecord) {
        let Some(bin) = Bin::of(record) else { return };
        match self.bins.last_mut() {
            Some(last) if last.blocks < self.blocks_per_bin => last.merge(&bin),
            _ => {
                if self.bins.len() == BINS_MAX {
                    self.halve();
                }
                self.bins.push(bin);
            }
        }
    }

    pub(crate) fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// How many blocks a point stands for; the last may stand for fewer.
    pub(crate) fn blocks_per_bin(&self) -> u64 {
        self.blocks_per_bin
    }

    fn halve(&mut self) {
        self.bins = self
            .bins
            .chunks(2)
            .map(|pair| {
                let mut merged = pair[0].clone();
                pair[1..].iter().for_each(|bin| merged.merge(bin));
                merged
            })
            .collect();
        self.blocks_per_bin *= 2;
    }
}

impl Bin {
    fn of(record: &BlockRecord) -> Option<Self> {
        let (sequential_us, parallel_us) = record.times_us()?;
        let speedup = sequential_us as f64 / parallel_us as f64;
        Some(Self {
            blocks: 1,
            first_number: record.number,
            last_number: record.number,
            fork: record.fork.clone(),
            txs: record.txs,
            diverged: u64::from(record.verdict == Verdict::Diverged),
            sequential_us,
            parallel_us,
            speedup_min: speedup,
            speedup_max: speedup,
            ln_speedups: speedup.ln(),
        })
    }

    fn merge(&mut self, next: &Self) {
        self.blocks += next.blocks;
        self.last_number = next.last_number;
        self.txs = self.txs.saturating_add(next.txs);
        self.diverged += next.diverged;
        self.sequential_us = self.sequential_us.saturating_add(next.sequential_us);
        self.parallel_us = self.parallel_us.saturating_add(next.parallel_us);
        self.speedup_min = self.speedup_min.min(next.speedup_min);
        self.speedup_max = self.speedup_max.max(next.speedup_max);
        self.ln_speedups += next.ln_speedups;
    }

    /// Geometric mean of the blocks' speedups.
    pub(crate) fn speedup(&self) -> f64 {
        (self.ln_speedups / self.blocks as f64).exp()
    }
}
