//! Sums up partitions over blocks.

use std::collections::BTreeMap;

use super::{AnalysisBlock, PartitionFigures};
use crate::format::round;

/// Running totals of one kind of partition.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    parts: u64,
    crossing: u64,
    time_us: f64,
    largest_us: f64,
    parallel_us: f64,
}

/// Weighs partitions by time; parts and crossing dependencies are sums.
pub(super) fn sum(blocks: &[AnalysisBlock]) -> BTreeMap<String, PartitionFigures> {
    let mut totals: BTreeMap<&str, Total> = BTreeMap::new();
    for block in blocks {
        for (by, figures) in &block.partitions {
            let total = totals.entry(by).or_default();
            total.parts += figures.parts;
            total.crossing += figures.crossing;
            total.time_us += block.transactions_us;
            total.largest_us += block.transactions_us * figures.largest;
            total.parallel_us += block.transactions_us / figures.speedup;
        }
    }
    let over = |us: f64, other: f64, none: f64| if other > 0.0 { us / other } else { none };
    let figures = |total: Total| PartitionFigures {
        parts: total.parts,
        largest: round(over(total.largest_us, total.time_us, 0.0), 4),
        crossing: total.crossing,
        speedup: round(over(total.time_us, total.parallel_us, 1.0), 3),
    };
    totals.into_iter().map(|(by, total)| (by.to_owned(), figures(total))).collect()
}
