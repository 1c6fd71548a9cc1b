//! Measures where the time of an import goes.

use std::{
    num::NonZero,
    ops::Add,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// A stage of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading and decoding.
    Decode,
    /// Recovering senders and validating bodies; its threads' times are added up.
    Recover,
    /// Validating headers and executing.
    Execute,
    /// Computing roots and holding them against headers.
    Roots,
    /// Writing.
    Write,
}

/// Time that each stage worked; waiting for other stages does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes([Duration; 5]);

impl Add for StageTimes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|stage| self.0[stage] + other.0[stage]))
    }
}

/// Adds up times, from all stages' threads, and knows how many are at work.
#[derive(Debug, Default)]
pub(super) struct Clock {
    nanos: [AtomicU64; 5],
    /// How many threads do a stage's work right now.
    working: AtomicUsize,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 5] = [Self::Decode, Self::Recover, Self::Execute, Self::Roots, Self::Write];

    /// Returns the stage's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Recover => "recover",
            Self::Execute => "execute",
            Self::Roots => "roots",
            Self::Write => "write",
        }
    }
}

impl StageTimes {
    /// Returns the time that a stage worked.
    pub const fn of(&self, stage: Stage) -> Duration {
        self.0[stage as usize]
    }
}

impl Clock {
    /// Does a stage's work and adds the time it takes.
    pub(super) fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        // A panic leaves the count too high; the import ends then.
        self.working.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.working.fetch_sub(1, Ordering::Relaxed);
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // Sums for people, and a guess; nothing is published with them.
        self.nanos[stage as usize].fetch_add(nanos, Ordering::Relaxed);
        done
    }

    /// Returns how many of so many threads may work, the caller's with them, so that no core has two.
    pub(super) fn threads_free(&self, threads: NonZero<usize>) -> NonZero<usize> {
        let others = self.working.load(Ordering::Relaxed).saturating_sub(1);
        NonZero::new(threads.get().saturating_sub(others)).unwrap_or(NonZero::<usize>::MIN)
    }

    /// Returns the times so far.
    pub(super) fn times(&self) -> StageTimes {
        StageTimes(std::array::from_fn(|index| {
            Duration::from_nanos(self.nanos[index].load(Ordering::Relaxed))
        }))
    }
}
