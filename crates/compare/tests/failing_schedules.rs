//! A state that fails or panics at the first, the second, at every read that schedules make, of frontier or workers.
//!
//! On one thread the n-th read is the same one every time, so that none is left out; `failing_world` does it on real
//! threads.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use alloy_evm::{block::BlockExecutionError, eth::EthEvmFactory};
use revm::database::WrapDatabaseRef;
use tandem_compare::{Engine, Observe, Output, Reference, parallel::Factory};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{
    Receipts, Strategy, WorkerPool,
    block::BlockInput,
    driven::{Changes, Schedule, execute_block_driven},
};

#[path = "support/faulty.rs"]
mod faulty;
#[path = "support/seams.rs"]
mod seams;

use faulty::{Effect, Fault, Faulty, PANIC, expect_panics};
use seams::Executed;

/// Who meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Frontier,
    Workers,
}

struct Bench {
    case: Case,
    expected: Output,
    factory: Factory,
}

impl Bench {
    fn new() -> Self {
        let options = GenerateOptions { blocks: 1, txs_per_block: 10, ..GenerateOptions::default() };
        let case = generate(Workload::Mixed, 7, options).next().unwrap().unwrap();
        let expected = Reference::default().execute(&case, Observe::Output).result.unwrap();
        let pool = Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap());
        let factory = Factory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), pool);
        Self { case, expected, factory }
    }

    fn run(
        &self,
        schedule: Schedule,
        side: Side,
        fault: Option<&Arc<Fault>>,
    ) -> Result<Executed, BlockExecutionError> {
        let world = |other| Faulty::new(&self.case.state, fault.filter(|_| side == other));
        let input = BlockInput {
            env: self.case.spec.evm_env(&self.case.block.header),
            ctx: seams::context(&self.case.block),
            transactions: self.case.block.transactions.clone(),
            base: Arc::new(world(Side::Workers)),
            strategy: Strategy::Parallel,
        };
        let state = seams::state(WrapDatabaseRef(world(Side::Frontier)));
        execute_block_driven(&self.factory, input, state, schedule).map(seams::executed)
    }

    fn assert_right(&self, executed: &Executed, name: &str) {
        assert!(executed.result == self.expected.result, "{name}: receipts, requests or gas");
        assert!(executed.bundle == self.expected.bundle, "{name}: the bundle");
    }
}

/// Goes through all reads of all schedules; returns how many there were.
fn for_every_read(effect: Effect, side: Side, check: impl Fn(Schedule, &Arc<Fault>, &str)) -> usize {
    let mut count = 0;
    for seed in 0..6 {
        let changes = if seed % 2 == 0 { Changes::Merged } else { Changes::AsTheyCome };
        let schedule = Schedule { workers: 1 + seed as usize % 3, seed, changes };
        for n in 1.. {
            let (fault, name) =
                (Fault::nth(effect, n), format!("{effect:?} of {side:?} at read {n}, {schedule:?}"));
            check(schedule, &fault, &name);
            if !fault.is_met() {
                // There are no more reads.
                break;
            }
            count += 1;
        }
    }
    count
}

#[test]
fn every_read_of_the_frontier_that_fails_is_an_error_of_that_read() {
    let bench = Bench::new();
    let reads = for_every_read(Effect::Error, Side::Frontier, |schedule, fault, name| {
        match bench.run(schedule, Side::Frontier, Some(fault)) {
            Err(error) => {
                let text = format!("{error:?}");
                assert!(text.contains("ReadFailed") || text.contains("the read of"), "{name}: {text}");
            }
            // It failed while an attempt was validated, and was well when the frontier executed instead.
            Ok(executed) => bench.assert_right(&executed, name),
        }
    });
    assert!(reads > 100, "{reads} reads");
}

#[test]
fn every_read_of_workers_may_fail() {
    let bench = Bench::new();
    let reads = for_every_read(Effect::Error, Side::Workers, |schedule, fault, name| {
        bench.assert_right(&bench.run(schedule, Side::Workers, Some(fault)).unwrap(), name);
    });
    assert!(reads > 100, "{reads} reads");
}

/// Panics of virtual workers are the caller's, whose thread they run on; what blocks leave to the next ones is as good as ever.
#[test]
fn every_read_may_panic_and_the_next_block_is_right() {
    expect_panics();
    let bench = Bench::new();
    for side in [Side::Frontier, Side::Workers] {
        let reads = for_every_read(Effect::Panic, side, |schedule, fault, name| {
            match catch_unwind(AssertUnwindSafe(|| bench.run(schedule, side, Some(fault)))) {
                Err(panic) => assert_eq!(panic.downcast_ref::<String>().unwrap(), PANIC, "{name}"),
                Ok(Err(error)) => assert!(format!("{error:?}").contains(PANIC), "{name}: {error:?}"),
                Ok(Ok(executed)) => bench.assert_right(&executed, name),
            }
            bench.assert_right(&bench.run(schedule, side, None).unwrap(), &format!("after {name}"));
        });
        assert!(reads > 100, "{reads} reads");
    }
}
