//! The parallel engine agrees with the reference: on generated blocks and on mainnet's, through both seams, down to
//! every state-hook call.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::{num::NonZero, sync::Arc};

use tandem_compare::{
    Check, Engine, Expectation, Observe, Parallel, Reference, Seam, StateRoot, Terms, Verdict, compare,
};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{Strategy, WorkerPool};

const THREADS: [usize; 3] = [2, 3, 8];

fn pools() -> Vec<Arc<WorkerPool>> {
    THREADS
        .into_iter()
        .map(|threads| Arc::new(WorkerPool::new(NonZero::new(threads).unwrap()).unwrap()))
        .collect()
}

/// Executes a case on every pool through both seams; returns how many attempts were committed.
fn agree(case: &Case, pools: &[Arc<WorkerPool>], repeat: usize) -> usize {
    let terms = Terms { expectation: Expectation::Valid, state_root: StateRoot::Unchecked };
    let mut committed = 0;
    // Observed commits come one by one; unobserved ones are merged.
    for observe in [Observe::Commits, Observe::Output] {
        let sequential = Reference::default().execute(case, observe);
        for pool in pools {
            for seam in [Seam::Block, Seam::Transaction] {
                for _ in 0..repeat {
                    let engine = Parallel::new(pool.clone(), Strategy::Parallel, seam);
                    let (parallel, stats) = engine.execute_counted(case, observe);
                    let comparison = compare(case, &sequential, &parallel, &terms);
                    assert_eq!(
                        comparison.verdict,
                        Verdict::Match,
                        "{} with {pool:?} through {seam:?} by {observe:?}: {:?}",
                        case.source,
                        comparison.first_difference(),
                    );
                    let commits = if observe == Observe::Commits { Check::Match } else { Check::Absent };
                    assert_eq!(comparison.checks.commits, commits);
                    committed += stats.committed_attempts;
                }
            }
        }
    }
    committed
}

#[test]
fn generated_blocks_match_through_both_seams() {
    let pools = pools();
    for workload in Workload::ALL {
        let mut committed = 0;
        for seed in 0..3 {
            let options = GenerateOptions { blocks: 2, txs_per_block: 40, ..GenerateOptions::default() };
            for case in generate(workload, seed, options) {
                committed += agree(&case.unwrap(), &pools, 1);
            }
        }
        assert_ne!(committed, 0, "{workload}: nothing was speculated, so nothing was shown");
    }
}

#[test]
fn mainnet_blocks_match_through_both_seams() {
    let Some(directory) = support::data("mainnet") else { return };
    let pools = pools();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        agree(&Case::read(&entry.unwrap().path()).unwrap(), &pools, 1);
        count += 1;
    }
    assert_eq!(count, 58);
}

#[test]
fn one_thread_and_a_sequential_strategy_never_speculate() {
    let options = GenerateOptions { blocks: 1, txs_per_block: 20, ..GenerateOptions::default() };
    let case = generate(Workload::Mixed, 1, options).next().unwrap().unwrap();
    let pool = |threads| Arc::new(WorkerPool::new(NonZero::new(threads).unwrap()).unwrap());
    for (pool, strategy) in [(pool(1), Strategy::Parallel), (pool(4), Strategy::Sequential)] {
        let (_, stats) = Parallel::new(pool, strategy, Seam::Block).execute_counted(&case, Observe::Output);
        assert_eq!((stats.threads, stats.attempts), (1, 0));
    }
}
