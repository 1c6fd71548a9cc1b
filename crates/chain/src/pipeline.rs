//! Imports many blocks: stages that overlap, with bounded queues between them.
//!
//! ```text
//! decode ─► recover senders, validate bodies ─► validate headers, execute ─► roots ─► write
//!  1 thread        several threads                      1 thread            1 thread   the caller's
//! ```
//!
//! Every stage takes blocks in the order of the source. A block executes on its parent's changes while the parent's
//! roots are still being computed; nothing is written before its own and all earlier roots matched. A stage that fails
//! ends its queue, so that everything before the failure is still written, and nothing after it.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use tandem_corpus::{Block, ChainBlocks};
use tandem_executor::Strategy;

use crate::{
    canonical::{Commit, Proven},
    error::ChainError,
    execute::Executor,
    host::{Candidate, Distrusted, Host, HostSettings, check, execute, settle},
    tree::Tree,
    view::{Base, Handle},
};

mod clock;
mod decode;
mod recover;

pub use clock::{Stage, StageTimes};

use clock::Clock;

/// Blocks that wait between two stages; a block and its changes are some megabytes at most.
const QUEUE: usize = 4;

/// What the caller of an import is told, in the order of the blocks.
pub trait Observer {
    /// A block's roots all match its header; it is not written yet.
    fn checked(&mut self, block: &Checked<'_>);

    /// Blocks are on disk.
    fn committed(&mut self, commit: &Commit, times: &StageTimes);
}

/// A block of which every root matches its header.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The block, as it will be written.
    pub block: &'a tandem_state::ExecutedBlock,
    /// File and place in it.
    pub place: &'a str,
    /// What its execution took.
    pub stats: &'a tandem_executor::BlockStats,
    /// Time that its execution took.
    pub duration: Duration,
    /// Whether it becomes the head, or is kept beside the chain.
    pub at: crate::tree::Place,
}

/// How an import ended.
#[derive(Debug)]
pub struct Imported {
    /// Blocks that were on disk before and were passed over.
    pub known: u64,
    /// Where the time went.
    pub times: StageTimes,
    /// Why it ended before the source did: what is wrong, and where.
    pub failure: Option<Failure>,
}

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
#[error("{place}{error}")]
pub struct Failure {
    /// File and place in it, and the block, as a prefix.
    pub place: String,
    /// What is wrong.
    pub error: Box<ChainError>,
}

impl Failure {
    fn new(place: impl Into<String>, error: impl Into<ChainError>) -> Self {
        Self { place: place.into(), error: Box::new(error.into()) }
    }
}

impl Host {
    /// Imports the blocks of a source; `stops` is asked before each block whether to end.
    ///
    /// When it returns, everything up to the first failure is on disk.
    pub fn import_all(
        &mut self,
        blocks: ChainBlocks,
        stops: &(dyn Fn() -> bool + Sync),
        observer: &mut dyn Observer,
    ) -> Imported {
        let clock = Clock::default();
        let base = Mutex::new(None::<Arc<Base>>);
        let Self { store, tree, canonical, settings, distrusted } = self;
        let spec = Arc::clone(tree.spec());
        let (decoded, to_recover) = sync_channel::<decode::Ticket>(QUEUE);
        let (tickets, recovered) = sync_channel(QUEUE);
        let (candidates, to_check) = sync_channel(QUEUE);
        let (proven, to_write) = sync_channel(QUEUE);

        let (known, failures) = thread::scope(|scope| {
            let decoder = spawn(scope, "decode", {
                let (clock, store) = (&clock, &*store);
                move || decode::run(blocks, store, stops, clock, &decoded, &tickets)
            });
            let to_recover = Arc::new(Mutex::new(to_recover));
            for _ in 0..settings.threads.get() {
                let (queue, spec, clock) = (Arc::clone(&to_recover), &spec, &clock);
                spawn(scope, "recover", move || recover::run(&queue, spec, clock));
            }
            drop(to_recover);
            let executor = spawn(scope, "execute", {
                let (clock, store, settings, base) = (&clock, &*store, &*settings, &base);
                let tree = &mut *tree;
                move || execute_all((tree, distrusted), store, settings, base, clock, recovered, &candidates)
            });
            let checker = spawn(scope, "roots", {
                let (clock, settings, spec) = (&clock, &*settings, &spec);
                move || check_all(spec, settings, clock, to_check, &proven)
            });
            let written = write_all(canonical, &base, &clock, to_write, observer);
            // The later the stage, the earlier the block.
            let joined = [written.err(), join(checker), join(executor)];
            let (known, undecoded) = match decoder.join() {
                Ok((known, failure)) => (known, failure),
                Err(_) => (0, Some(panicked())),
            };
            (known, joined.into_iter().chain([undecoded]).flatten().collect::<Vec<_>>())
        });

        let mut failure = failures.into_iter().next();
        let settled = match (&failure, into_inner(base)) {
            (Some(_), _) => self.reload(),
            (None, Some(base)) => settle(&mut self.tree, &self.store, &base).map_err(Into::into),
            (None, None) => Ok(()),
        };
        if let Err(error) = settled {
            failure = failure.or(Some(Failure::new("", error)));
        }
        Imported { known, times: clock.times(), failure }
    }
}

/// Starts a stage on a thread that has its name.
fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    name: &str,
    stage: impl FnOnce() -> T + Send + 'scope,
) -> thread::ScopedJoinHandle<'scope, T> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, stage);
    thread.expect("the system starts threads, or nothing works")
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn join(stage: thread::ScopedJoinHandle<'_, Result<(), Failure>>) -> Option<Failure> {
    stage.join().unwrap_or_else(|_| Err(panicked())).err()
}

fn panicked() -> Failure {
    Failure::new("", ChainError::Invariant { what: "a stage panicked".to_owned() })
}

/// Names a block in an error.
fn fails(place: &str, block: &Block) -> impl FnOnce(ChainError) -> Failure + use<> {
    let place = format!("{place}: block {} ({}): ", block.header.number, block.hash);
    move |error| Failure::new(place, error)
}

/// Validates headers and executes, in order.
fn execute_all(
    (tree, distrusted): (&mut Tree<Handle>, &mut Distrusted),
    store: &tandem_state::Store,
    settings: &HostSettings,
    base: &Mutex<Option<Arc<Base>>>,
    clock: &Clock,
    recovered: Receiver<Receiver<recover::Recovered>>,
    candidates: &SyncSender<(String, crate::tree::Place, Candidate)>,
) -> Result<(), Failure> {
    for ticket in recovered {
        let Ok(recovered) = ticket.recv() else { return Err(panicked()) };
        let (place, block) = recovered?;
        let fails = fails(&place, &block);
        let step = clock.time(Stage::Execute, || {
            if let Some(base) = base.lock().unwrap_or_else(PoisonError::into_inner).take() {
                settle(tree, store, &base)?;
            }
            let parent = tree.prepare_header(&block)?;
            tree.prepare_ommers(&block)?;
            let executor = executor(&settings.executor, clock.threads_free(settings.threads));
            let contradiction = distrusted.remove(&block.hash);
            let candidate = execute(tree.spec(), store, &executor, parent, block, contradiction)?;
            let at = tree.accept_with(&candidate.block, Handle::View(candidate.view()))?;
            Ok((at, candidate))
        });
        let (at, candidate) = step.map_err(fails)?;
        if candidates.send((place, at, candidate)).is_err() {
            break;
        }
    }
    Ok(())
}

/// Leaves a block sequential where it is free to choose and other stages need all threads: then speculation takes time
/// from them, and gains none.
fn executor(executor: &Executor, free: NonZero<usize>) -> Executor {
    match executor.strategy {
        Strategy::Auto if free == NonZero::<usize>::MIN => executor.sequential(),
        _ => executor.clone(),
    }
}

/// Computes roots and holds them against the headers, in order.
fn check_all(
    spec: &Arc<tandem_corpus::ChainSpec>,
    settings: &HostSettings,
    clock: &Clock,
    candidates: Receiver<(String, crate::tree::Place, Candidate)>,
    proven: &SyncSender<(String, tandem_executor::BlockStats, Duration, Proven)>,
) -> Result<(), Failure> {
    for (place, at, candidate) in candidates {
        let fails = fails(&place, &candidate.block);
        let (stats, duration) = (candidate.executed.stats.clone(), candidate.executed.duration);
        let step = clock.time(Stage::Roots, || {
            let threads = clock.threads_free(settings.threads);
            check(spec, candidate, &HostSettings { threads, ..settings.clone() })
        });
        let checked = step.map_err(fails)?;
        if proven.send((place, stats, duration, Proven { place: at, ..checked })).is_err() {
            break;
        }
    }
    Ok(())
}

/// Writes in batches, and tells the observer.
fn write_all(
    canonical: &mut crate::canonical::Canonical,
    base: &Mutex<Option<Arc<Base>>>,
    clock: &Clock,
    proven: Receiver<(String, tandem_executor::BlockStats, Duration, Proven)>,
    observer: &mut dyn Observer,
) -> Result<(), Failure> {
    let told = |commit: Option<Commit>, observer: &mut dyn Observer| {
        if let Some(commit) = commit {
            observer.committed(&commit, &clock.times());
            *base.lock().unwrap_or_else(PoisonError::into_inner) = Some(commit.base);
        }
    };
    let fails = |error: ChainError| Failure::new("", error);
    for (place, stats, duration, proven) in proven {
        let (block, at) = (&proven.block, proven.place);
        observer.checked(&Checked { block, place: &place, stats: &stats, duration, at });
        let commit = clock.time(Stage::Write, || canonical.add(proven)).map_err(fails)?;
        told(commit, observer);
    }
    let commit = clock.time(Stage::Write, || canonical.flush()).map_err(fails)?;
    told(commit, observer);
    Ok(())
}
