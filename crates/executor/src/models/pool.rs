//! Jobs and the threads that wait for them.

use std::sync::Arc;

use loom::model;

use crate::{
    pool::WorkerPool,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Checks a story of three threads in the orders with at most two changes that nothing forces.
fn check(story: impl Fn() + Send + Sync + 'static) {
    let mut limits = model::Builder::new();
    limits.preemption_bound = Some(2);
    limits.check(story);
}

#[test]
fn parked_worker_is_woken_for_each_job_and_ended_by_the_pool() {
    model(|| {
        let pool = WorkerPool::new(2.try_into().unwrap()).unwrap();
        let done = Arc::new((Mutex::new(0), Condvar::new()));
        for round in 1..=2 {
            let job = done.clone();
            pool.start(1, move || {
                *job.0.lock() += 1;
                job.1.notify_one();
            });
            let mut count = done.0.lock();
            while *count < round {
                done.1.wait(&mut count);
            }
        }
        drop(pool);
        assert_eq!(*done.0.lock(), 2);
    });
}

#[test]
fn jobs_for_two_workers_run_once_each_before_the_pool_ends() {
    check(|| {
        let pool = WorkerPool::new(3.try_into().unwrap()).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let job = count.clone();
        pool.start(2, move || {
            job.fetch_add(1, Ordering::Relaxed);
        });
        drop(pool);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn two_workers_come_for_two_jobs_that_need_each_other() {
    check(|| {
        let pool = WorkerPool::new(3.try_into().unwrap()).unwrap();
        // Whoever is woken for this one in vain waits on.
        pool.start(1, || {});
        let met = Arc::new((Mutex::new(0), Condvar::new()));
        let job = met.clone();
        pool.start(2, move || {
            let mut count = job.0.lock();
            *count += 1;
            job.1.notify_all();
            while *count < 2 {
                job.1.wait(&mut count);
            }
        });
        // The pool is not ended before, which would wake everybody.
        let mut count = met.0.lock();
        while *count < 2 {
            met.1.wait(&mut count);
        }
    });
}
