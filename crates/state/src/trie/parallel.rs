//! Spreads jobs over threads.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    thread,
};

/// Applies a function to every job, on the calling thread and up to `threads - 1` others, and keeps the order.
///
/// The threads end with the call. A panic of the function is the caller's panic.
pub(crate) fn map<T: Send, R: Send>(
    threads: NonZeroUsize,
    jobs: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let helpers = threads.get().min(jobs.len()).saturating_sub(1);
    if helpers == 0 {
        return jobs.into_iter().map(work).collect();
    }
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut done = Vec::new();
        while let Some((index, job)) = next() {
            done.push((index, work(job)));
        }
        done
    };
    let mut results = thread::scope(|scope| {
        let handles: Vec<_> = (0..helpers).map(|_| scope.spawn(run)).collect();
        let mut results = run();
        for handle in handles {
            match handle.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_whatever_the_threads() {
        for threads in [1, 2, 7, 200] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let squares = map(threads, (0..100u64).collect(), |n| n * n);
            assert_eq!(squares, (0..100u64).map(|n| n * n).collect::<Vec<_>>());
        }
    }
}
