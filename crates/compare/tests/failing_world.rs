//! A state that fails, delays or panics at any one read never changes a result, hangs or leaks a thread.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use alloy_evm::{block::BlockExecutionError, eth::EthEvmFactory};
use revm::database::WrapDatabaseRef;
use tandem_compare::{Engine, Observe, Output, Reference, Seam};
use tandem_corpus::{Case, GenerateOptions, Workload, generate::generate};
use tandem_executor::{BaseReader, BaseSource, ReadError, WorkerPanic, WorkerPool};

#[path = "support/faulty.rs"]
mod faulty;
#[path = "support/seams.rs"]
mod seams;

use faulty::{Effect, Fault, Faulty, PANIC, Read, expect_panics};
use seams::Executed;

/// A block that takes longer than this hangs.
const TIME_MAX: Duration = Duration::from_secs(30);

const SEAMS: [Seam; 2] = [Seam::Block, Seam::Transaction];

/// How an execution ends.
#[derive(Debug)]
enum End {
    Done(Box<Executed>),
    Error { text: String, is_worker_panic: bool },
    Panicked(String),
}

/// One small block, what sequential execution makes of it, and a pool for it.
struct Bench {
    case: Arc<Case>,
    expected: Output,
    pool: Arc<WorkerPool>,
}

impl Bench {
    fn new(threads: usize) -> Self {
        let options = GenerateOptions { blocks: 1, txs_per_block: 10, ..GenerateOptions::default() };
        let case = generate(Workload::Mixed, 7, options).next().unwrap().unwrap();
        let expected = Reference::default().execute(&case, Observe::Output).result.unwrap();
        let pool = Arc::new(WorkerPool::new(NonZero::new(threads).unwrap()).unwrap());
        Self { case: Arc::new(case), expected, pool }
    }

    /// A handle on the block's state.
    fn world(&self, fault: Option<&Arc<Fault>>) -> Faulty {
        Faulty::new(&self.case.state, fault)
    }

    /// The frontier's handle, slow at first, so that workers read most of the block.
    fn slow_at_first(&self) -> Faulty {
        self.world(Some(&Fault::nth(Effect::Delay, 1)))
    }

    /// The workers' handle, of no use, so that the frontier reads all of the block.
    fn useless(&self) -> Faulty {
        self.world(Some(&Fault::always(Effect::Error)))
    }

    /// How many reads sequential execution makes.
    fn read_count(&self) -> usize {
        let well = self.world(None);
        self.sequential(&well).unwrap();
        well.read_count()
    }

    /// Executes sequentially.
    fn sequential(&self, world: &Faulty) -> Result<Executed, BlockExecutionError> {
        seams::sequential(EthEvmFactory::default(), &self.case, WrapDatabaseRef(world.clone()))
    }

    /// Executes in parallel, within bounds; `name` says what failed if it does not come back.
    fn run(&self, seam: Seam, frontier: Faulty, workers: Faulty, name: &str) -> End {
        let (case, pool) = (self.case.clone(), self.pool.clone());
        within(name, move || {
            let execute = || {
                let (db, base) = (WrapDatabaseRef(frontier), Arc::new(workers));
                seams::parallel(EthEvmFactory::default(), &case, &pool, seam, db, base)
            };
            match catch_unwind(AssertUnwindSafe(execute)) {
                Ok(Ok(executed)) => End::Done(Box::new(executed)),
                Ok(Err(error)) => error_end(&error),
                Err(panic) => End::Panicked(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
            }
        })
    }

    fn is_right(&self, executed: &Executed) -> bool {
        executed.result == self.expected.result && executed.bundle == self.expected.bundle
    }

    fn assert_right(&self, end: &End, name: &str) {
        match end {
            End::Done(executed) => assert!(self.is_right(executed), "{name}: a wrong result"),
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The pool's threads serve the next block.
    fn assert_alive(&self, name: &str) {
        let end = self.run(Seam::Block, self.world(None), self.world(None), name);
        self.assert_right(&end, &format!("after {name}"));
    }

    /// Ends the pool: dropping it joins its threads, which hangs if one does not come back.
    fn end(self) {
        let pool = Arc::into_inner(self.pool).expect("nobody keeps the pool after a block");
        within("the end of the pool", move || drop(pool));
    }
}

fn error_end(error: &BlockExecutionError) -> End {
    let is_worker_panic = match error {
        BlockExecutionError::Internal(internal) => internal.is_other::<WorkerPanic>(),
        BlockExecutionError::Validation(_) => false,
    };
    End::Error { text: format!("{error:?}"), is_worker_panic }
}

/// Runs something on a thread of its own and gives up on it after a while.
fn within<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(run()));
    match outcome.recv_timeout(TIME_MAX) {
        Ok(outcome) => outcome,
        Err(error) => panic!("{name}: {error} within {TIME_MAX:?}"),
    }
}

/// Goes through the reads of the block, the first, the second and so on; returns the last that was met.
///
/// How much a side reads depends on when threads run, so each read is tried several times, and it ends after several in
/// a row that were not met. On one thread no read is left out: `failing_schedules`.
fn for_every_read(effect: Effect, mut check: impl FnMut(&Arc<Fault>, &str)) -> usize {
    const UNMET_MAX: usize = 8;
    const TRIES: usize = 3;
    let (mut n, mut last) = (1, 0);
    while n <= last + UNMET_MAX {
        let is_met = (0..TRIES).any(|_| {
            let fault = Fault::nth(effect, n);
            check(&fault, &format!("{effect:?} at read {n}"));
            fault.is_met()
        });
        if is_met {
            last = n;
        }
        n += 1;
    }
    last
}

/// A state that workers cannot read at all.
#[derive(Debug)]
struct NoReader;

impl BaseSource for NoReader {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        Err(ReadError::Base("no reader".into()))
    }
}

#[test]
fn state_without_readers_means_sequential() {
    let bench = Bench::new(3);
    let db = WrapDatabaseRef(bench.world(None));
    let base = Arc::new(NoReader);
    let executed =
        seams::parallel(EthEvmFactory::default(), &bench.case, &bench.pool, Seam::Block, db, base).unwrap();
    assert!(bench.is_right(&executed));
    assert_eq!((executed.stats.attempts, executed.stats.threads), (0, 1));
    bench.end();
}

/// Who reads a location that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Both,
    Frontier,
    Workers,
}

/// Wherever the state cannot be read, the error is sequential execution's, at the same transaction.
#[test]
fn location_that_cannot_be_read_gives_the_error_of_sequential_execution() {
    let bench = Bench::new(3);
    let well = bench.world(None);
    bench.sequential(&well).unwrap();
    let locations = well.reads();
    assert!(locations.len() > 50, "{} locations", locations.len());
    for location in locations {
        let fault = Fault::at(Effect::Error, location);
        let (broken, well) = (bench.world(Some(&fault)), bench.world(None));
        let expected = format!("{:?}", bench.sequential(&broken).map(|_| ()).unwrap_err());
        for seam in SEAMS {
            for side in [Side::Both, Side::Frontier, Side::Workers] {
                let name = format!("{location:?} cannot be read by {side:?} through {seam:?}");
                let pick = |other| if side == other { &well } else { &broken };
                let (frontier, workers) = (pick(Side::Workers).clone(), pick(Side::Frontier).clone());
                match (side, bench.run(seam, frontier, workers, &name)) {
                    (Side::Both | Side::Frontier, End::Error { text, .. }) => {
                        assert_eq!(text, expected, "{name}")
                    }
                    // What workers could read, the frontier need not read again.
                    (Side::Frontier | Side::Workers, end) => bench.assert_right(&end, &name),
                    // A pool's workers keep their copies of code from block to block, by its hash.
                    (Side::Both, end) if matches!(location, Read::Code(_)) => {
                        bench.assert_right(&end, &name);
                    }
                    (Side::Both, end) => panic!("{name}: {end:?}, not {expected}"),
                }
            }
        }
    }
    bench.end();
}

/// A read of the frontier that fails once gives the error of that read, or was not needed.
#[test]
fn read_of_the_frontier_that_fails_once_is_an_error_or_nothing() {
    let bench = Bench::new(3);
    for seam in SEAMS {
        let check = |workers: &dyn Fn() -> Faulty, fault: &Arc<Fault>, name: &str| match bench.run(
            seam,
            bench.world(Some(fault)),
            workers(),
            name,
        ) {
            End::Error { text, .. } => {
                assert!(text.contains("ReadFailed") || text.contains("the read of"), "{name}: {text}")
            }
            end => bench.assert_right(&end, name),
        };
        let reads = for_every_read(Effect::Error, |fault, name| check(&|| bench.world(None), fault, name));
        assert!(reads > 10, "{reads} reads");
        let reads = for_every_read(Effect::Error, |fault, name| check(&|| bench.useless(), fault, name));
        assert!(reads >= bench.read_count(), "{reads} reads");
    }
    bench.assert_alive("failed reads");
    bench.end();
}

#[test]
fn read_of_a_worker_that_fails_once_changes_nothing() {
    let bench = Bench::new(3);
    for seam in SEAMS {
        let reads = for_every_read(Effect::Error, |fault, name| {
            let end = bench.run(seam, bench.slow_at_first(), bench.world(Some(fault)), name);
            bench.assert_right(&end, name);
        });
        assert!(reads > bench.read_count() / 2, "{reads} reads");
    }
    bench.end();
}

#[test]
fn slow_reads_change_nothing() {
    let bench = Bench::new(3);
    for seam in SEAMS {
        let reads = for_every_read(Effect::Delay, |fault, name| {
            let end = bench.run(seam, bench.world(Some(fault)), bench.world(None), name);
            bench.assert_right(&end, &format!("frontier, {name}"));
        });
        assert!(reads > 10, "{reads} reads");
        let reads = for_every_read(Effect::Delay, |fault, name| {
            let end = bench.run(seam, bench.slow_at_first(), bench.world(Some(fault)), name);
            bench.assert_right(&end, &format!("workers, {name}"));
        });
        assert!(reads > bench.read_count() / 2, "{reads} reads");
    }
    bench.end();
}

#[test]
fn panic_in_a_read_of_a_worker_ends_the_block_as_ours_and_the_pool_lives_on() {
    expect_panics();
    let bench = Bench::new(3);
    let mut told = 0;
    for seam in SEAMS {
        let reads = for_every_read(Effect::Panic, |fault, name| {
            match bench.run(seam, bench.slow_at_first(), bench.world(Some(fault)), name) {
                End::Error { text, is_worker_panic } => {
                    assert!(is_worker_panic && text.contains(PANIC), "{name}: {text}");
                    told += 1;
                }
                // The block was over before the panic was on record.
                end => bench.assert_right(&end, name),
            }
            bench.assert_alive(name);
        });
        assert!(reads > bench.read_count() / 2, "{reads} reads");
    }
    assert!(told > 0, "no panic was told");
    bench.end();
}

#[test]
fn panic_in_a_read_of_the_frontier_reaches_the_caller_and_the_pool_lives_on() {
    expect_panics();
    let bench = Bench::new(3);
    for seam in SEAMS {
        let reads = for_every_read(Effect::Panic, |fault, name| {
            match bench.run(seam, bench.world(Some(fault)), bench.useless(), name) {
                End::Panicked(message) => assert_eq!(message, PANIC, "{name}"),
                end => bench.assert_right(&end, name),
            }
            bench.assert_alive(name);
        });
        assert!(reads >= bench.read_count(), "{reads} reads");
    }
    bench.end();
}
