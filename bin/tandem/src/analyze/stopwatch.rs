//! Measures what each part of a parallel execution takes, on real threads.

use std::{
    cell::{Cell, RefCell},
    mem,
    sync::Mutex,
    time::{Duration, Instant},
};

use tandem_executor::{
    TxIndex,
    clock::{Part, Watch},
};

thread_local! {
    /// When the calling thread told of a part last.
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
    /// What the calling thread has measured and not handed in.
    static SAMPLES: RefCell<Vec<Sample>> = const { RefCell::new(Vec::new()) };
}

/// One part that a thread did, and the time it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) part: Part,
    pub(super) index: TxIndex,
    pub(super) time: Duration,
}

/// Measures one execution of one block.
#[derive(Debug)]
pub(super) struct Stopwatch {
    origin: Instant,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    samples: Vec<Sample>,
    /// When the frontier began to wake workers.
    started: Option<Instant>,
    /// Time from the beginning to when the frontier needed no workers any more.
    over: Option<Duration>,
}

impl Stopwatch {
    /// Starts to measure; the calling thread is to be the frontier.
    pub(super) fn start() -> Self {
        let origin = Instant::now();
        LAST.set(Some(origin));
        Self { origin, shared: Mutex::default() }
    }

    /// Returns what was measured, and when the frontier needed no workers any more; `None` without speculation.
    pub(super) fn take(&self) -> Option<(Vec<Sample>, Duration)> {
        let mut shared = self.shared();
        let over = shared.over?;
        Some((mem::take(&mut shared.samples), over))
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().expect("nothing panics while it holds the lock")
    }

    fn hand_in(&self) {
        SAMPLES.with_borrow_mut(|samples| self.shared().samples.append(samples));
    }
}

impl Watch for Stopwatch {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn passed(&self, part: Part, index: TxIndex) {
        let now = Instant::now();
        if let Some(last) = LAST.replace(Some(now)) {
            SAMPLES.with_borrow_mut(|samples| samples.push(Sample { part, index, time: now - last }));
        }
    }

    fn start(&self, _: usize) {
        self.shared().started = Some(Instant::now());
    }

    fn enter(&self) {
        LAST.set(self.shared().started);
    }

    fn leave(&self) {
        self.hand_in();
    }

    fn over(&self) {
        let time = self.now();
        self.shared().over.get_or_insert(time);
        self.hand_in();
    }
}
