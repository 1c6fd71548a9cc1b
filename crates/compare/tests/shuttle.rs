//! Whole small blocks by real frontier, pool and workers, whose threads shuttle runs one at a time in orders of its own.
//!
//! `cargo test -p tandem-compare --features shuttle --test shuttle`; more of it with `-- --ignored`. Every lock, atomic
//! and look at the clock of the executor is a point at which the order may change (`executor::sync`), so that two threads
//! meet inside of a step too, which [`driven`](tandem_executor::driven) does not show. Orders are PCT's (Burckhardt et
//! al., "A randomized scheduler with probabilistic guarantees of finding bugs", 2010).

#![cfg(feature = "shuttle")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

use std::{num::NonZero, sync::Arc};

use shuttle::scheduler::{PctScheduler, ReplayScheduler};
use tandem_compare::{
    Engine, Observe, Output, Reference,
    parallel::{Parallel, Seam},
};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{Strategy, WorkerPool};

/// Workloads whose transactions meet.
const WORKLOADS: [Workload; 6] = [
    Workload::Mixed,
    Workload::SwapsOnePool,
    Workload::MintRush,
    Workload::NonceChain,
    Workload::HotCounter,
    Workload::Create2Selfdestruct,
];

/// Changes of order that PCT places within an execution.
const DEPTH: usize = 4;

/// Names what is replayed: `WORKLOAD:CASE_SEED:THREADS:SEAM`, where SEAM is `block` or `transaction`, with the schedule that
/// shuttle printed in the file that `TANDEM_SHUTTLE_SCHEDULE` names.
const REPLAY: &str = "TANDEM_SHUTTLE";

fn case(workload: Workload, seed: u64) -> Case {
    let options = GenerateOptions { blocks: 1, txs_per_block: 8, ..GenerateOptions::default() };
    generate(workload, seed, options).next().unwrap().unwrap()
}

/// Returns an output in a form that does not depend on the order of hash maps.
fn sorted(mut output: Output) -> Output {
    output.bundle.reverts.sort();
    output
}

/// Returns a story to run: one block, executed by a pool of its own and compared with sequential execution.
fn story(workload: Workload, seed: u64, threads: usize, seam: Seam) -> impl Fn() + Send + Sync + 'static {
    let case = case(workload, seed);
    let expected = sorted(Reference::default().execute(&case, Observe::Output).result.unwrap());
    move || {
        let pool = WorkerPool::new(NonZero::new(threads).unwrap()).unwrap();
        let parallel = Parallel::new(Arc::new(pool), Strategy::Parallel, seam);
        let executed = sorted(parallel.execute(&case, Observe::Output).result.unwrap());
        assert!(executed.result == expected.result, "receipts, requests or gas differ");
        assert!(executed.bundle == expected.bundle, "the bundle differs");
    }
}

fn config() -> shuttle::Config {
    let mut config = shuttle::Config::new();
    // The EVM needs more than the default.
    config.stack_size = 1 << 20;
    config.max_steps = shuttle::MaxSteps::FailAfter(1 << 24);
    config
}

/// Explores orders of some cases of every workload; what fails says how it is replayed.
fn explore(cases: u64, iterations: usize) {
    for workload in WORKLOADS {
        for seed in 0..cases {
            let threads = 4 + seed as usize % 2;
            let (seam, name) = match seed % 2 {
                0 => (Seam::Block, "block"),
                _ => (Seam::Transaction, "transaction"),
            };
            eprintln!(
                "{workload}; if it fails: save the schedule that is printed to FILE, and run {REPLAY}={workload}:{seed}:\
                 {threads}:{name} TANDEM_SHUTTLE_SCHEDULE=FILE cargo test -p tandem-compare --features shuttle --test \
                 shuttle -- schedule_named_by_the_environment"
            );
            let scheduler = PctScheduler::new_from_seed(seed, DEPTH, iterations);
            shuttle::Runner::new(scheduler, config()).run(story(workload, seed, threads, seam));
        }
    }
}

#[test]
fn blocks_on_four_and_five_threads_give_the_sequential_output() {
    explore(2, 25);
}

#[test]
#[ignore = "minutes: cargo test --release -p tandem-compare --features shuttle --test shuttle -- --ignored"]
fn many_orders_of_blocks_give_the_sequential_output() {
    explore(10, 500);
}

#[test]
fn schedule_named_by_the_environment() {
    let Ok(name) = std::env::var(REPLAY) else { return };
    let parts: Vec<&str> = name.split(':').collect();
    let [workload, seed, threads, seam] = parts[..] else {
        panic!("{REPLAY}: expected WORKLOAD:SEED:THREADS:SEAM")
    };
    let seam = if seam == "block" { Seam::Block } else { Seam::Transaction };
    let file = std::env::var("TANDEM_SHUTTLE_SCHEDULE").unwrap();
    let scheduler = ReplayScheduler::new_from_file(file).unwrap();
    let story = story(workload.parse().unwrap(), seed.parse().unwrap(), threads.parse().unwrap(), seam);
    shuttle::Runner::new(scheduler, config()).run(story);
}

/// Orders are seen to matter: without validation some of them give something else.
#[cfg(feature = "fault-injection")]
#[test]
fn without_validation_some_order_is_wrong() {
    let case = case(Workload::HotCounter, 0);
    let expected = Reference::default().execute(&case, Observe::Output).result.unwrap();
    let wrong = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = wrong.clone();
    let scheduler = PctScheduler::new_from_seed(0, DEPTH, 25);
    shuttle::Runner::new(scheduler, config()).run(move || {
        let pool = WorkerPool::new(NonZero::new(4).unwrap()).unwrap();
        let mut parallel = Parallel::new(Arc::new(pool), Strategy::Parallel, Seam::Block);
        parallel.trust = tandem_executor::Trust::Everything;
        let is_wrong = match parallel.execute(&case, Observe::Output).result {
            Ok(executed) => {
                executed.result != expected.result || executed.bundle.state != expected.bundle.state
            }
            Err(_) => true,
        };
        count.fetch_add(usize::from(is_wrong), std::sync::atomic::Ordering::Relaxed);
    });
    assert!(wrong.load(std::sync::atomic::Ordering::Relaxed) > 0);
}
