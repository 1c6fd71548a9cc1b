//! In virtual time the output is sequential execution's too, and the same costs give the same times.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{num::NonZero, sync::Arc, time::Duration};

use alloy_consensus::Transaction;
use tandem_compare::{
    Engine, Observe, Output, Reference,
    parallel::{Parallel, Seam},
};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{Strategy, WorkerPool, clock::Part, virtual_time::VirtualTime};

fn case(workload: Workload) -> Case {
    let options = GenerateOptions { blocks: 1, txs_per_block: 40, ..GenerateOptions::default() };
    generate(workload, 1, options).next().unwrap().unwrap()
}

fn expected(case: &Case) -> Output {
    Reference::default().execute(case, Observe::Output).result.unwrap()
}

/// Executes on so many threads where executing takes ten microseconds and everything else one; returns how long it took.
fn time(case: &Case, expected: &Output, threads: usize) -> Duration {
    let watch = Arc::new(VirtualTime::new(threads, |part, _| match part {
        Part::Attempt | Part::Execute => Duration::from_micros(10),
        _ => Duration::from_micros(1),
    }));
    let pool = Arc::new(WorkerPool::new(NonZero::new(threads).unwrap()).unwrap());
    let parallel = Parallel::new(pool, Strategy::Parallel, Seam::Block).watched(watch.clone());
    let executed = parallel.execute(case, Observe::Output).result.unwrap();
    assert!(executed.result == expected.result, "{threads} threads: receipts, requests or gas");
    assert!(executed.bundle.state == expected.bundle.state, "{threads} threads: the bundle");
    watch.over().unwrap()
}

#[test]
fn same_costs_give_the_same_time() {
    for workload in [Workload::Mixed, Workload::SwapsOnePool, Workload::MintRush, Workload::NonceChain] {
        let case = case(workload);
        let expected = expected(&case);
        for threads in [2, 3, 8, 16] {
            let [one, two] = [0, 1].map(|_| time(&case, &expected, threads));
            assert_eq!(one, two, "{workload} on {threads} threads");
        }
    }
}

/// A worker that takes several times as long as gas lets expect is waited for: who began anew would take as long again.
#[test]
fn slow_transaction_is_executed_once() {
    let case = case(Workload::Erc20Transfers);
    let estimate = |index: usize| {
        Duration::from_micros(20) + Duration::from_nanos(case.block.transactions[index].gas_limit())
    };
    let excess = |slow_index: usize| {
        let slow = estimate(slow_index) * 6;
        let watch = Arc::new(VirtualTime::new(8, move |part, index| match part {
            Part::Attempt | Part::Execute if index.0 == slow_index => slow,
            _ => Duration::from_micros(1),
        }));
        let pool = Arc::new(WorkerPool::new(NonZero::new(8).unwrap()).unwrap());
        let parallel = Parallel::new(pool, Strategy::Parallel, Seam::Block).watched(watch.clone());
        parallel.execute(&case, Observe::Output).result.unwrap();
        watch.over().unwrap() - slow
    };
    // Some depend on a transaction before them, and are executed again.
    let excesses: Vec<_> = (32..40).map(|index| (excess(index), estimate(index))).collect();
    assert!(excesses.iter().any(|(excess, estimate)| excess < estimate), "{excesses:?}");
}

#[test]
fn independent_transactions_take_less_time_on_more_threads() {
    let case = case(Workload::Erc20Transfers);
    let expected = expected(&case);
    let [two, four, eight] = [2, 4, 8].map(|threads| time(&case, &expected, threads));
    assert!(four < two * 3 / 4 && eight < four, "{two:?}, {four:?}, {eight:?}");
}
