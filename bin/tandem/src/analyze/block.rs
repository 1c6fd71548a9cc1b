//! Analyzes one block.

use std::{num::NonZero, time::Duration};

use tandem_analysis::{Access, Graph, Hot, Paths, observe};
use tandem_compare::{ParentState, Reference};
use tandem_corpus::Case;
use tandem_report::{AnalysisBlock, Outlook, parallelism_of};

use super::{
    hot::hot_spots,
    partitions,
    predict::{Prediction, Predictor},
};

/// What was found out about a block.
#[derive(Debug)]
pub(crate) struct Analyzed {
    /// Its figures.
    pub(crate) figures: AnalysisBlock,
    /// What its transactions depend on.
    pub(crate) graph: Graph,
    /// Gas of each transaction.
    pub(crate) gas: Vec<u64>,
}

/// Accounts, and locations, that a block's figures name.
const BLOCK_HOT_MAX: usize = 3;

/// Analyzes a block that executes; otherwise says why not, in one line.
pub(crate) fn analyze<S: ParentState>(
    case: &Case<S>,
    threads: &[NonZero<usize>],
    iterations: NonZero<usize>,
    predictor: Option<&Predictor>,
) -> Result<Analyzed, String> {
    let accesses = observe(case).map_err(|error| error.to_string())?;
    let graph = Graph::new(&accesses);
    let times = transaction_times(case, iterations)?;
    let gas: Vec<u64> = accesses.iter().map(|access| access.gas_used).collect();
    let mut figures =
        figures(case, &accesses, &graph, &Paths::new(&graph, &gas), &Paths::new(&graph, &times), threads);
    if let Some(predictor) = predictor {
        predict(&mut figures, &predictor.predict(case, &times)?);
    }
    Ok(Analyzed { figures, graph, gas })
}

fn figures<S>(
    case: &Case<S>,
    accesses: &[Access],
    graph: &Graph,
    by_gas: &Paths<'_>,
    by_time: &Paths<'_>,
    threads: &[NonZero<usize>],
) -> AnalysisBlock {
    let header = &case.block.header;
    let shards = by_time.components();
    let total = by_time.total();
    let share = |ns: u64| if total == 0 { 0.0 } else { ns as f64 / total as f64 };
    AnalysisBlock {
        number: header.number,
        source: case.source.clone(),
        fork: case.spec.fork_name(header).to_owned(),
        txs: accesses.len() as u64,
        gas_used: by_gas.total(),
        dependent_txs: graph.dependent_count() as u64,
        dependencies: graph.dependencies.iter().map(|list| list.len() as u64).sum(),
        critical_path_gas: by_gas.critical(),
        parallelism: parallelism_of(by_gas.total(), by_gas.critical()).unwrap_or(1.0),
        transactions_us: us(total),
        critical_path_us: us(by_time.critical()),
        shards: shards.len() as u64,
        largest_shard: (share(shards.first().copied().unwrap_or(0)) * 1e4).round() / 1e4,
        critical_path: by_gas.critical_transactions(),
        partitions: partitions::of(case, graph, by_time),
        hot: hot_spots(&Hot::of(graph), BLOCK_HOT_MAX),
        speedup: threads.iter().map(|threads| (threads.get(), outlook(by_time, threads.get()))).collect(),
    }
}

fn outlook(by_time: &Paths<'_>, threads: usize) -> Outlook {
    let in_order = match by_time.in_order_time(threads) {
        0 => 1.0,
        time => by_time.total() as f64 / time as f64,
    };
    Outlook { bound: round(by_time.bound(threads)), in_order: round(in_order), predicted: None }
}

/// Returns the median time of each transaction, in nanoseconds, after a run that warms up.
fn transaction_times<S: ParentState>(case: &Case<S>, iterations: NonZero<usize>) -> Result<Vec<u64>, String> {
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); case.block.transactions.len()];
    for iteration in 0..=iterations.get() {
        let times = Reference::default().transaction_times(case).map_err(|error| error.to_string())?;
        if iteration > 0 {
            for (samples, time) in samples.iter_mut().zip(times) {
                samples.push(time);
            }
        }
    }
    let median = |mut samples: Vec<Duration>| {
        samples.sort_unstable();
        samples.get(samples.len() / 2).map_or(0, |time| time.as_nanos() as u64)
    };
    Ok(samples.into_iter().map(median).collect())
}

/// Adds what was predicted of a block.
fn predict(figures: &mut AnalysisBlock, prediction: &Prediction) {
    for (threads, time) in &prediction.predicted {
        if let Some(outlook) = figures.speedup.get_mut(&threads.get()) {
            outlook.predicted = Some(round(prediction.sequential / time));
        }
    }
    tracing::info!(
        block = figures.number,
        sequential_ns = prediction.sequential,
        two_threads_ns = prediction.measured,
        predicted_ns = ?prediction.predicted,
        "predicted",
    );
}

fn round(ratio: f64) -> f64 {
    (ratio * 1e3).round() / 1e3
}

fn us(ns: u64) -> f64 {
    (ns as f64 / 100.0).round() / 10.0
}
