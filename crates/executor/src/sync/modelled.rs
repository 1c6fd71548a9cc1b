//! Gives a model checker's primitives the shape of parking_lot's.
//!
//! A lock that is poisoned belongs to a thread that panicked, which fails the model anyway.

use std::{
    fmt::{self, Debug},
    ops::{Deref, DerefMut},
    time::Duration,
};

#[cfg(loom)]
use loom as checker;
#[cfg(not(loom))]
use shuttle as checker;

use checker::sync;
pub(crate) use checker::{
    hint::spin_loop,
    sync::atomic,
    thread::{self, JoinHandle},
};

const POISONED: &str = "a thread panicked with this lock";

/// A lock.
#[derive(Default)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

/// What a lock protects, as long as it is held; empty only inside of [`Condvar::wait`].
pub(crate) struct MutexGuard<'a, T> {
    lock: &'a Mutex<T>,
    held: Option<sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { lock: self, held: Some(self.0.lock().expect(POISONED)) }
    }
}

impl<T> Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex")
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held")
    }
}

/// A condition variable.
#[derive(Default)]
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        guard.held = guard.held.take().map(|guard| self.0.wait(guard).expect(POISONED));
    }

    /// Lets others run: a wait that ends with time may end at once.
    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _time: Duration) {
        guard.held = None;
        thread::yield_now();
        guard.held = guard.lock.lock().held;
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condvar")
    }
}

/// A lock that many may hold for reading.
#[derive(Default)]
pub(crate) struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn read(&self) -> sync::RwLockReadGuard<'_, T> {
        self.0.read().expect(POISONED)
    }

    pub(crate) fn write(&self) -> sync::RwLockWriteGuard<'_, T> {
        self.0.write().expect(POISONED)
    }
}

impl<T> Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RwLock")
    }
}

/// A moment of a clock that goes as the checker wills, so that whoever waits for a time may have waited long enough
/// or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        #[cfg(loom)]
        return Self(Duration::ZERO);
        #[cfg(not(loom))]
        Self(Duration::from_micros(shuttle::rand::Rng::gen_range(
            &mut shuttle::rand::thread_rng(),
            0..100_000,
        )))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}
