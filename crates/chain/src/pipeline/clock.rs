//! Measures where the time of an import goes.

use std::{
    sync::atomic::{AtomicU64, Ordering},
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

/// Adds up times, from all stages' threads.
#[derive(Debug, Default)]
pub(super) struct Clock([AtomicU64; 5]);

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
        let done = work();
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // A sum for people; nothing is published with it.
        self.0[stage as usize].fetch_add(nanos, Ordering::Relaxed);
        done
    }

    /// Returns the times so far.
    pub(super) fn times(&self) -> StageTimes {
        StageTimes(std::array::from_fn(|index| Duration::from_nanos(self.0[index].load(Ordering::Relaxed))))
    }
}
