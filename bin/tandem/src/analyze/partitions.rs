//! Parts a block's transactions in ways that need no look at what they do.

use std::collections::BTreeMap;

use alloy_consensus::{Transaction, Typed2718};
use tandem_analysis::{Graph, Partition, Paths};
use tandem_corpus::Case;
use tandem_report::PartitionFigures;

/// Works out what a thread for each sender, called contract or type of transaction would give; and, to compare, one for
/// each group that shares nothing with the others, which only execution tells.
pub(crate) fn of<S>(
    case: &Case<S>,
    graph: &Graph,
    by_time: &Paths<'_>,
) -> BTreeMap<String, PartitionFigures> {
    let transactions = &case.block.transactions;
    let senders: Vec<_> = transactions.iter().map(|tx| tx.signer()).collect();
    // What creates a contract is a part of its own.
    let targets: Vec<_> = transactions.iter().enumerate().map(|(index, tx)| tx.to().ok_or(index)).collect();
    let types: Vec<_> = transactions.iter().map(|tx| tx.ty()).collect();
    let costs = by_time.costs();
    let figures = |partition: Partition| {
        let over = |one: u64, two: u64, none: f64| if two == 0 { none } else { one as f64 / two as f64 };
        let round = |ratio: f64| (ratio * 1e4).round() / 1e4;
        PartitionFigures {
            parts: partition.parts as u64,
            largest: round(over(partition.largest, by_time.total(), 0.0)),
            crossing: partition.crossing as u64,
            speedup: round(over(by_time.total(), partition.time, 1.0)),
        }
    };
    [
        ("group", Partition::new(graph, costs, &by_time.groups())),
        ("sender", Partition::new(graph, costs, &senders)),
        ("contract", Partition::new(graph, costs, &targets)),
        ("type", Partition::new(graph, costs, &types)),
    ]
    .into_iter()
    .map(|(by, partition)| (by.to_owned(), figures(partition)))
    .collect()
}
