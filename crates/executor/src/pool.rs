//! Keeps worker threads that outlive blocks.

use std::{
    collections::VecDeque,
    fmt::{self, Debug},
    io,
    num::NonZero,
    sync::Arc,
};

use alloy_primitives::Address;

use crate::{
    codes::CodeStock,
    memory::MemoryStock,
    speculation::Supplies,
    sync::{Condvar, JoinHandle, Mutex, thread},
};

/// Threads that one thread wakes: to wake a sleeping one takes it as long as a transaction.
pub(crate) const WOKEN_BY_ONE: usize = if cfg!(loom) { 1 } else { 2 };

/// Work that a thread does until it returns.
type Job = Box<dyn FnOnce() + Send>;

/// Threads that wait for blocks to speculate on.
///
/// Dropping the pool lets its threads finish what they run and ends them.
pub struct WorkerPool {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    codes: Arc<CodeStock>,
    memories: MemoryStock,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl WorkerPool {
    /// Starts the workers for so many threads in all: the caller's own is the frontier and is not started.
    pub fn new(threads: NonZero<usize>) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let threads = (1..threads.get())
            .map(|number| {
                let queue = queue.clone();
                thread::Builder::new().name(format!("tandem-{number}")).spawn(move || queue.serve())
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { queue, threads, codes: Arc::default(), memories: MemoryStock::default() })
    }

    /// Returns the number of workers, the frontier not counted.
    pub fn worker_count(&self) -> usize {
        self.threads.len()
    }

    /// Returns what a block with this fee recipient takes from the blocks before it.
    pub(crate) fn supplies(&self, fee_recipient: Address) -> Supplies {
        Supplies { memory: self.memories.take(fee_recipient), codes: self.codes.clone() }
    }

    /// Queues one job for each of `count` workers; jobs of different blocks share the threads.
    pub(crate) fn start(&self, count: usize, job: impl Fn() + Send + Clone + 'static) {
        let jobs = (0..count).map(|_| Box::new(job.clone()) as Job);
        self.queue.state.lock().jobs.extend(jobs);
        self.queue.wake(count);
    }
}

impl Queue {
    fn serve(&self) {
        while let Some((job, left)) = self.next() {
            self.wake(left);
            job();
        }
    }

    /// Wakes threads for so many jobs, or so many of them that these wake the others.
    ///
    /// Without the lock, which the woken are about to take.
    fn wake(&self, jobs: usize) {
        for _ in 0..jobs.min(WOKEN_BY_ONE) {
            self.changed.notify_one();
        }
    }

    /// Waits for a job; returns it with the number of those that are left.
    fn next(&self) -> Option<(Job, usize)> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some((job, state.jobs.len()));
            }
            if state.closed {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.queue.state.lock().closed = true;
        self.queue.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A job catches its own panics, so joining cannot fail in a way that matters here.
            drop(thread.join());
        }
    }
}

impl Debug for WorkerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPool").field("workers", &self.threads.len()).finish_non_exhaustive()
    }
}
