//! Executes with as many threads as wanted, one at a time, in a time that costs decide.
//!
//! The code is that of real threads, frontier, workers and pool. Each thread has a time of its own; whatever it does
//! adds what it costs, and the thread whose time is earliest goes on. The same block and costs give the same schedule,
//! on however few cores. What it does not show is that threads slow each other down beyond what the costs contain.

use std::{cell::Cell, fmt, time::Duration};

use parking_lot::{Condvar, Mutex};

use crate::{
    clock::{Nap, Part, Watch},
    index::TxIndex,
    pool::WOKEN_BY_ONE,
};

/// How long a worker without work sleeps unless it is woken.
const NAP: Duration = Duration::from_micros(500);

/// The shortest step that the frontier makes while it waits: time must go on.
const WAIT_MIN: Duration = Duration::from_nanos(100);

/// The longest step that the frontier makes while it waits.
const WAIT_MAX: Duration = Duration::from_micros(20);

/// What a part of a transaction costs.
type Cost = Box<dyn Fn(Part, TxIndex) -> Duration + Send + Sync>;

thread_local! {
    /// Which of a block's threads the calling one is; the frontier is the first.
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// The virtual time of one block.
pub struct VirtualTime {
    cost: Cost,
    state: Mutex<State>,
    /// One for each thread; it waits here for its turn.
    turns: Box<[Condvar]>,
}

#[derive(Debug, Default)]
struct State {
    threads: Vec<Thread>,
    /// Whose turn it is.
    turn: usize,
    /// Workers that have come.
    entered: usize,
    /// When the frontier needed no workers any more.
    over: Option<Duration>,
}

#[derive(Debug)]
struct Thread {
    time: Duration,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Working,
    Napping,
    Gone,
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime").field("state", &self.state).finish_non_exhaustive()
    }
}

impl VirtualTime {
    /// Starts the time of a block that at most so many threads execute; the calling thread is to be its frontier.
    pub fn new(threads: usize, cost: impl Fn(Part, TxIndex) -> Duration + Send + Sync + 'static) -> Self {
        NUMBER.set(0);
        let frontier = Thread { time: Duration::ZERO, phase: Phase::Working };
        Self {
            cost: Box::new(cost),
            state: Mutex::new(State { threads: vec![frontier], ..State::default() }),
            turns: (0..threads).map(|_| Condvar::new()).collect(),
        }
    }

    /// Returns when the frontier had taken the last transaction; `None` where there was no speculation.
    pub fn over(&self) -> Option<Duration> {
        self.state.lock().over
    }

    fn worker_count(&self) -> usize {
        self.state.lock().threads.len() - 1
    }

    /// Changes the calling thread's time and phase, and lets the earliest thread go on.
    fn advance(&self, change: impl FnOnce(&mut Thread, Duration)) {
        let me = NUMBER.get();
        let mut state = self.state.lock();
        let others = state.earliest(Some(me)).map_or(Duration::MAX, |other| state.threads[other].time);
        change(&mut state.threads[me], others);
        let Some(next) = state.earliest(None) else { return };
        state.turn = next;
        if next == me {
            return;
        }
        self.turns[next].notify_one();
        while state.turn != me && state.threads[me].phase != Phase::Gone {
            self.turns[me].wait(&mut state);
        }
        if state.threads[me].phase == Phase::Napping {
            state.threads[me].phase = Phase::Working;
        }
    }
}

/// Returns how many workers of so many a thread wakes.
fn woken_by(number: usize, workers: usize) -> u32 {
    workers.saturating_sub(number * WOKEN_BY_ONE).min(WOKEN_BY_ONE) as u32
}

impl State {
    /// Returns the thread whose time is earliest, leaving one out.
    fn earliest(&self, except: Option<usize>) -> Option<usize> {
        (0..self.threads.len())
            .filter(|at| Some(*at) != except && self.threads[*at].phase != Phase::Gone)
            .min_by_key(|at| self.threads[*at].time)
    }
}

impl Watch for VirtualTime {
    fn now(&self) -> Duration {
        self.state.lock().threads[NUMBER.get()].time
    }

    fn passed(&self, part: Part, index: TxIndex) {
        let mut cost = (self.cost)(part, index);
        if part == Part::Start {
            cost *= woken_by(0, self.worker_count());
        }
        self.advance(|thread, others| {
            thread.time += cost;
            // Nothing changes before somebody else has done something.
            if part == Part::Wait {
                thread.time = (thread.time + WAIT_MIN).max(others.min(thread.time + WAIT_MAX));
            }
        });
    }

    /// Workers come as the pool wakes them: each wakes others as soon as it is awake.
    fn start(&self, workers: usize) {
        let [start, arrive] = [Part::Start, Part::Arrive].map(|part| (self.cost)(part, TxIndex::default()));
        let mut state = self.state.lock();
        assert!(workers < self.turns.len(), "more workers than threads");
        // When each thread is awake; the frontier is the first.
        let mut awake = vec![state.threads[0].time];
        for number in 1..=workers {
            let (by, turn) = ((number - 1) / WOKEN_BY_ONE, (number - 1) % WOKEN_BY_ONE + 1);
            let woken = awake[by] + start * turn as u32;
            awake.push(woken + arrive);
            // Whoever arrives pays for that then.
            let time = woken + start * woken_by(number, workers);
            state.threads.push(Thread { time, phase: Phase::Working });
        }
    }

    fn enter(&self) {
        let mut state = self.state.lock();
        state.entered += 1;
        let me = state.entered;
        NUMBER.set(me);
        while state.turn != me {
            self.turns[me].wait(&mut state);
        }
    }

    fn leave(&self) {
        self.advance(|thread, _| thread.phase = Phase::Gone);
    }

    fn over(&self) {
        let now = self.now();
        self.state.lock().over.get_or_insert(now);
        self.leave();
    }

    fn nap(&self) -> Nap {
        self.advance(|thread, _| {
            thread.time += NAP;
            thread.phase = Phase::Napping;
        });
        Nap::Over
    }

    fn wake(&self) {
        let latency = (self.cost)(Part::Nap, TxIndex::default());
        let mut state = self.state.lock();
        let now = state.threads[NUMBER.get()].time + latency;
        for thread in state.threads.iter_mut().filter(|thread| thread.phase == Phase::Napping) {
            thread.time = thread.time.min(now);
        }
    }
}
