//! Hands out transactions to workers and finished attempts to the frontier.
//!
//! Every transaction has a slot behind a lock. A worker claims an idle slot, runs, and either finds it still its own
//! and leaves the attempt there, or finds it taken by the frontier and drops its work. The frontier takes slots in
//! block order and never gives one back.

use std::time::Duration;

use crate::{
    attempt::Attempt,
    clock::{Clock, Nap, Watch},
    index::TxIndex,
    memory::MultiVersionMemory,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
        spin_loop, thread,
    },
};

/// Bounds how long a worker without work sleeps before it looks again.
const NAP_MAX: Duration = Duration::from_micros(500);

/// Rounds of [`SPIN_COUNT`] for which a worker without work looks before it sleeps: some tenths of a millisecond.
const LOOK_ROUNDS: usize = if cfg!(any(loom, feature = "shuttle")) { 0 } else { 512 };

/// Spins between two looks.
const SPIN_COUNT: usize = 64;

/// Slots of one block's transactions.
#[derive(Debug)]
pub struct Schedule<H> {
    slots: Box<[Mutex<Slot<H>>]>,
    /// The next slot that a worker looks at; moved back when the frontier commits something unforeseen.
    next: AtomicUsize,
    /// Transactions to begin before all others, and how many of them were begun.
    early: Vec<TxIndex>,
    next_early: AtomicUsize,
    attempts: AtomicUsize,
    clock: Clock,
    nap: Mutex<()>,
    wake: Condvar,
}

/// State of one transaction.
#[derive(Debug)]
struct Slot<H> {
    phase: Phase,
    /// When it was claimed last.
    since: Duration,
    /// The last attempt that was published in the memory.
    attempt: Option<Box<Attempt<H>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    Ready,
    Taken,
    Left,
}

/// Who may claim a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Workers too.
    Anyone,
    /// The frontier alone.
    Frontier,
}

/// What the frontier finds when it asks for a transaction.
#[derive(Debug)]
pub enum Taken<H> {
    /// An attempt to validate.
    Ready(Box<Attempt<H>>),
    /// Nobody runs it; what an earlier attempt published is to be retracted.
    Idle(Option<Box<Attempt<H>>>),
    /// A worker has run it for so long; the slot is not taken.
    Running(Duration),
}

impl<H> Slot<H> {
    const fn run(&mut self, now: Duration) {
        self.phase = Phase::Running;
        self.since = now;
    }

    fn take(&mut self) -> Taken<H> {
        let phase = std::mem::replace(&mut self.phase, Phase::Taken);
        match self.attempt.take() {
            Some(attempt) if phase == Phase::Ready => Taken::Ready(attempt),
            attempt => Taken::Idle(attempt),
        }
    }
}

impl<H> Schedule<H> {
    /// Creates a schedule of transactions, of which some are left to the frontier.
    ///
    /// The transactions in `early` are the first to be claimed.
    pub fn new(claims: impl Iterator<Item = Claim>, early: Vec<TxIndex>, clock: Clock) -> Self {
        Self {
            early,
            next_early: AtomicUsize::new(0),
            slots: claims
                .map(|claim| match claim {
                    Claim::Anyone => Phase::Idle,
                    Claim::Frontier => Phase::Left,
                })
                .map(|phase| Mutex::new(Slot { phase, since: Duration::ZERO, attempt: None }))
                .collect(),
            next: AtomicUsize::new(0),
            attempts: AtomicUsize::new(0),
            clock,
            nap: Mutex::new(()),
            wake: Condvar::new(),
        }
    }

    /// Claims the next transaction that is worth an attempt, for a worker.
    ///
    /// A transaction that has an attempt is claimed again when its reads no longer agree with the memory. One that is
    /// not wanted is passed over.
    pub fn claim(
        &self,
        is_fresh: impl Fn(TxIndex, &Attempt<H>) -> bool,
        is_wanted: impl Fn(TxIndex) -> bool,
    ) -> Option<TxIndex> {
        if let Some(index) = self.claim_early() {
            return Some(index);
        }
        loop {
            // Relaxed: the slot's lock orders what is read and written for it.
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = self.slots.get(at) else {
                // Keep the counter near the end so that it cannot wrap.
                self.next.fetch_min(self.slots.len(), Ordering::Relaxed);
                return None;
            };
            let index = TxIndex(at);
            let mut slot = slot.lock();
            let worth = match (slot.phase, &slot.attempt) {
                (Phase::Idle, _) => is_wanted(index),
                (Phase::Ready, Some(attempt)) => !is_fresh(index, attempt) && is_wanted(index),
                _ => false,
            };
            if worth {
                slot.run(self.clock.now());
                return Some(index);
            }
        }
    }

    /// Claims a transaction that is to be begun early.
    fn claim_early(&self) -> Option<TxIndex> {
        // Relaxed, both: the slot's lock orders what is read and written for it.
        if self.next_early.load(Ordering::Relaxed) >= self.early.len() {
            return None;
        }
        let index = *self.early.get(self.next_early.fetch_add(1, Ordering::Relaxed))?;
        let mut slot = self.slots[index.0].lock();
        let is_idle = slot.phase == Phase::Idle;
        if is_idle {
            slot.run(self.clock.now());
        }
        is_idle.then_some(index)
    }

    /// Leaves a finished attempt, published in the memory, unless the frontier has taken the transaction.
    ///
    /// Returns the attempt that is not needed: an earlier one, or this.
    pub fn finish(
        &self,
        index: TxIndex,
        attempt: Box<Attempt<H>>,
        memory: &MultiVersionMemory,
    ) -> Option<Box<Attempt<H>>> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let mut slot = self.slots[index.0].lock();
        if slot.phase != Phase::Running {
            return Some(attempt);
        }
        let earlier = slot.attempt.as_ref().map(|attempt| &attempt.writes);
        memory.publish(Some(index), &attempt.writes, earlier);
        slot.phase = Phase::Ready;
        slot.attempt.replace(attempt)
    }

    /// Gives up a claimed transaction whose attempt failed.
    pub fn give_up(&self, index: TxIndex) {
        let mut slot = self.slots[index.0].lock();
        if slot.phase == Phase::Running {
            slot.phase = Phase::Idle;
        }
    }

    /// Leaves a claimed transaction to the frontier.
    pub fn leave(&self, index: TxIndex) {
        let mut slot = self.slots[index.0].lock();
        if slot.phase == Phase::Running {
            slot.phase = Phase::Left;
        }
    }

    /// Takes a transaction for the frontier, unless a worker runs it.
    pub fn take(&self, index: TxIndex) -> Taken<H> {
        let mut slot = self.slots[index.0].lock();
        match slot.phase {
            Phase::Running => Taken::Running(self.clock.now().saturating_sub(slot.since)),
            _ => slot.take(),
        }
    }

    /// Takes a transaction for the frontier even from a worker, whose attempt is then dropped.
    pub fn seize(&self, index: TxIndex) -> Taken<H> {
        self.slots[index.0].lock().take()
    }

    /// Makes workers look again at all transactions from `index` on.
    pub fn rewind(&self, index: TxIndex) {
        self.next.fetch_min(index.0, Ordering::Relaxed);
        self.wake_all();
    }

    /// Lets a worker without work wait until something may have changed, or the block is over.
    ///
    /// It looks for a while before it sleeps: who sleeps is late for the end of the block, and waking it costs the
    /// frontier as much as a transaction.
    pub fn nap(&self, is_over: impl Fn() -> bool) {
        if self.clock.nap() == Nap::Over {
            return;
        }
        for _ in 0..LOOK_ROUNDS {
            if is_over() || self.next.load(Ordering::Relaxed) < self.slots.len() {
                return;
            }
            (0..SPIN_COUNT).for_each(|_| spin_loop());
            thread::yield_now();
        }
        self.wake.wait_for(&mut self.nap.lock(), NAP_MAX);
    }

    /// Wakes all workers.
    pub fn wake_all(&self) {
        self.wake.notify_all();
        self.clock.tell(Watch::wake);
    }

    /// Returns how many attempts finished.
    pub fn attempt_count(&self) -> usize {
        self.attempts.load(Ordering::Relaxed)
    }
}
