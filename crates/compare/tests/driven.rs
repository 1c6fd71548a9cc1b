//! Whatever the schedule, the output is sequential execution's: one thread, virtual workers, a seed for every turn.
//!
//! Ten thousand pairs of case and schedule for each workload:
//! `cargo test --release -p tandem-compare --test driven -- --ignored`.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "these are tests")]

use std::{num::NonZero, sync::Arc};

use alloy_evm::eth::EthEvmFactory;
use revm::database::WrapDatabaseRef;
use tandem_compare::{Engine, Observe, Output, Reference, parallel::Factory};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{
    BlockStats, Receipts, Strategy, WorkerPool,
    base::SharedState,
    block::BlockInput,
    driven::{Changes, Schedule, execute_block_driven},
};

#[path = "support/seams.rs"]
mod seams;

/// Workloads whose transactions meet.
const WORKLOADS: [Workload; 12] = [
    Workload::Mixed,
    Workload::Erc20OneRecipient,
    Workload::SwapsOnePool,
    Workload::SwapsManyPools,
    Workload::MintRush,
    Workload::NonceChain,
    Workload::HotAccount,
    Workload::HotCounter,
    Workload::Create2Selfdestruct,
    Workload::Delegation,
    Workload::FeeRecipient,
    Workload::Failing,
];

const TXS: usize = 24;

/// Names the case and the schedule to replay: `WORKLOAD:CASE_SEED:SCHEDULE_SEED`.
const REPLAY: &str = "TANDEM_SCHEDULE";

fn case(workload: Workload, seed: u64) -> Case {
    let options = GenerateOptions { blocks: 1, txs_per_block: TXS, ..GenerateOptions::default() };
    generate(workload, seed, options).next().unwrap().unwrap()
}

/// Returns the schedule of a seed: one to four workers, both ways to commit.
const fn schedule(seed: u64) -> Schedule {
    let changes = if seed.is_multiple_of(2) { Changes::Merged } else { Changes::AsTheyCome };
    Schedule { workers: 1 + (seed / 2 % 4) as usize, seed, changes }
}

/// Executes a case by a schedule, and says what differs from the expected output.
fn check(factory: &Factory, case: &Case, expected: &Output, seed: u64) -> Result<BlockStats, String> {
    let input = BlockInput {
        env: case.spec.evm_env(&case.block.header),
        ctx: seams::context(&case.block),
        transactions: case.block.transactions.clone(),
        base: Arc::new(SharedState(case.state.clone())),
        strategy: Strategy::Parallel,
    };
    let state = seams::state(WrapDatabaseRef(case.state.clone()));
    let execution =
        execute_block_driven(factory, input, state, schedule(seed)).map_err(|error| format!("{error:?}"))?;
    let executed = seams::executed(execution);
    if executed.result != expected.result {
        return Err("receipts, requests or gas".into());
    }
    // revm keeps the accounts of one block's reverts in the order of a hash map.
    let sorted = |bundle: &revm::database::BundleState| {
        let mut bundle = bundle.clone();
        bundle.reverts.sort();
        bundle
    };
    if sorted(&executed.bundle) != sorted(&expected.bundle) {
        return Err("the bundle".into());
    }
    Ok(executed.stats)
}

fn factory(case: &Case) -> Factory {
    let pool = Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap());
    Factory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), pool)
}

fn expected(case: &Case) -> Output {
    Reference::default().execute(case, Observe::Output).result.unwrap()
}

/// What schedules did, added up.
#[derive(Debug, Default)]
struct Sums {
    committed: usize,
    reexecuted: usize,
    executed: usize,
}

/// Executes so many cases by so many schedules each.
fn explore(workload: Workload, cases: u64, schedules: u64) -> Sums {
    let mut sums = Sums::default();
    for case_seed in 0..cases {
        let case = case(workload, case_seed);
        let (factory, expected) = (factory(&case), expected(&case));
        for number in 0..schedules {
            let seed = case_seed * schedules + number;
            match check(&factory, &case, &expected, seed) {
                Ok(stats) => {
                    sums.committed += stats.committed_attempts;
                    sums.reexecuted += stats.reexecuted;
                    sums.executed += stats.frontier_executed;
                }
                Err(what) => panic!(
                    "{what} differs; replay it with {REPLAY}={workload}:{case_seed}:{seed} cargo test -p \
                     tandem-compare --test driven -- schedule_named_by_the_environment"
                ),
            }
        }
    }
    sums
}

#[test]
fn schedules_of_every_workload_give_the_sequential_output() {
    let mut all = Sums::default();
    for workload in WORKLOADS {
        let sums = explore(workload, 3, 24);
        all.committed += sums.committed;
        all.reexecuted += sums.reexecuted;
        all.executed += sums.executed;
    }
    // The schedules must be of all kinds, or they show nothing.
    assert!(all.committed > 1000 && all.reexecuted > 500 && all.executed > 1000, "{all:?}");
}

#[test]
#[ignore = "minutes: cargo test --release -p tandem-compare --test driven -- --ignored"]
fn ten_thousand_schedules_of_every_workload_give_the_sequential_output() {
    for workload in WORKLOADS {
        eprintln!("{workload}: {:?}", explore(workload, 100, 100));
    }
}

#[test]
fn same_seed_gives_the_same_schedule() {
    let case = case(Workload::Mixed, 1);
    let (factory, expected) = (factory(&case), expected(&case));
    for seed in 0..16 {
        let [one, two] = [0, 1].map(|_| {
            let stats = check(&factory, &case, &expected, seed).unwrap();
            (stats.attempts, stats.committed_attempts, stats.reexecuted, stats.conflicts())
        });
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn schedule_named_by_the_environment() {
    let Ok(name) = std::env::var(REPLAY) else { return };
    let parts: Vec<&str> = name.split(':').collect();
    let [workload, case_seed, seed] = parts[..] else { panic!("{REPLAY}: expected WORKLOAD:SEED:SEED") };
    let case = case(workload.parse().unwrap(), case_seed.parse().unwrap());
    let seed = seed.parse().unwrap();
    let checked = check(&factory(&case), &case, &expected(&case), seed);
    eprintln!("{:?}: {checked:?}", schedule(seed));
    checked.unwrap();
}

/// Schedules without validation are seen to be wrong.
#[cfg(feature = "fault-injection")]
#[test]
fn without_validation_some_schedule_is_wrong_in_every_workload_with_shared_slots() {
    for workload in [Workload::HotCounter, Workload::SwapsOnePool, Workload::MintRush] {
        let case = case(workload, 1);
        let factory = factory(&case).with_trust(tandem_executor::Trust::Everything);
        let expected = expected(&case);
        let wrong = (0..64).filter(|seed| check(&factory, &case, &expected, *seed).is_err()).count();
        assert!(wrong > 0, "{workload}");
    }
}
