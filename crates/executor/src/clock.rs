//! Tells time to whoever waits, and tells a watch what threads have done.
//!
//! In the product the time is real and nobody watches. A watch may measure what each part takes, or be the time itself
//! ([`crate::virtual_time`]). Time decides how long something is waited for, and nothing else.

use std::{fmt::Debug, sync::Arc, time::Duration};

use crate::{index::TxIndex, sync::Instant};

/// What a thread has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The frontier: everything before workers are woken.
    Prepare,
    /// The frontier: woke one worker.
    Start,
    /// The frontier: got ready, and made the pre-execution changes.
    Begin,
    /// The frontier: looked at an attempt that a worker is at.
    Wait,
    /// The frontier: took and validated an attempt that holds.
    Hold,
    /// The frontier: took and validated an attempt that does not hold.
    Fail,
    /// The frontier: executed a transaction.
    Execute,
    /// The frontier: committed an attempt's result.
    CommitAttempt,
    /// The frontier: committed what it executed, and published it.
    CommitExecution,
    /// The frontier: applied a payment.
    Pay,
    /// A worker: came to the block after it was woken, and opened its EVM.
    Arrive,
    /// A worker, or the frontier as one: claimed a transaction.
    Claim,
    /// A worker, or the frontier as one: found no transaction to claim.
    Seek,
    /// A worker, or the frontier as one: left a transaction to the frontier.
    Leave,
    /// A worker, or the frontier as one: executed a transaction.
    Attempt,
    /// A worker, or the frontier as one: published an attempt.
    Publish,
    /// A worker: slept.
    Nap,
}

/// Whether a worker that found nothing is to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nap {
    /// It is, in real time.
    Due,
    /// It has, in the watch's time.
    Over,
}

/// Watches a block's threads.
///
/// Each function is called by the thread that it is about, with no lock held.
pub trait Watch: Debug + Send + Sync {
    /// Returns the time since any moment that stays the same.
    fn now(&self) -> Duration;
    /// Takes note of what the calling thread did since it last called; of which transaction, where it was one.
    fn passed(&self, part: Part, index: TxIndex);
    /// The frontier is about to wake so many workers.
    fn start(&self, workers: usize);
    /// A worker has come.
    fn enter(&self);
    /// A worker leaves.
    fn leave(&self);
    /// The frontier needs no workers any more.
    fn over(&self);
    /// A worker found nothing to do.
    fn nap(&self) -> Nap {
        Nap::Due
    }
    /// The calling thread wakes workers that sleep.
    fn wake(&self) {}
}

/// The time of one block.
#[derive(Clone, Debug)]
pub enum Clock {
    /// Real time since a moment.
    Real(RealTime),
    /// A watch's.
    Watched(Arc<dyn Watch>),
}

/// Real time since a moment.
#[derive(Clone, Copy, Debug)]
pub struct RealTime(Instant);

impl Clock {
    /// Creates a clock: the watch's, or a real one.
    pub fn new(watch: Option<Arc<dyn Watch>>) -> Self {
        watch.map_or_else(|| Self::Real(RealTime(Instant::now())), Self::Watched)
    }

    /// Returns the time since any moment that stays the same.
    pub fn now(&self) -> Duration {
        match self {
            Self::Real(since) => since.0.elapsed(),
            Self::Watched(watch) => watch.now(),
        }
    }

    /// Tells the watch, if there is one.
    pub fn tell(&self, what: impl FnOnce(&(dyn Watch + 'static))) {
        if let Self::Watched(watch) = self {
            what(watch.as_ref());
        }
    }

    /// Tells the watch, if there is one, that the calling thread has done a part.
    pub fn passed(&self, part: Part, index: TxIndex) {
        self.tell(|watch| watch.passed(part, index));
    }

    /// Asks the watch, if there is one, whether a worker that found nothing is to sleep.
    pub fn nap(&self) -> Nap {
        match self {
            Self::Real(_) => Nap::Due,
            Self::Watched(watch) => watch.nap(),
        }
    }
}
