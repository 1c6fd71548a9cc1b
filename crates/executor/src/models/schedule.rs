//! Who has a transaction in hand.

use std::sync::Arc;

use alloy_primitives::U256;
use loom::{model, thread};

use super::{FIRST, attempt, writes, written};
use crate::{
    clock::Clock,
    index::TxIndex,
    memory::MultiVersionMemory,
    schedule::{Claim, Schedule, Taken},
};

fn schedule(transactions: usize, early: Vec<TxIndex>) -> Arc<Schedule<()>> {
    Arc::new(Schedule::new((0..transactions).map(|_| Claim::Anyone), early, Clock::new(None)))
}

/// Claims whatever is idle or has an attempt.
fn claim(schedule: &Schedule<()>) -> Option<TxIndex> {
    schedule.claim(|_, _| false, |_| true)
}

#[test]
fn transaction_is_in_the_hands_of_one_worker() {
    model(|| {
        let schedule = schedule(1, vec![]);
        let worker = || {
            let schedule = schedule.clone();
            thread::spawn(move || claim(&schedule))
        };
        let (one, two) = (worker(), worker());
        schedule.rewind(FIRST);
        let claims = [one.join().unwrap(), two.join().unwrap()];
        assert_eq!(claims.iter().flatten().count(), 1);
    });
}

#[test]
fn early_transaction_is_in_the_hands_of_one_worker_or_of_the_frontier() {
    model(|| {
        let schedule = schedule(1, vec![FIRST]);
        let worker = || {
            let schedule = schedule.clone();
            thread::spawn(move || claim(&schedule))
        };
        let (one, two) = (worker(), worker());
        let taken = matches!(schedule.take(FIRST), Taken::Idle(None));
        let claims = [one.join().unwrap(), two.join().unwrap()];
        assert_eq!(claims.iter().flatten().count() + usize::from(taken), 1);
    });
}

#[test]
fn attempt_goes_to_the_frontier_or_back_to_its_worker() {
    model(|| {
        let (schedule, memory) = (schedule(1, vec![]), Arc::new(MultiVersionMemory::new(None)));
        let worker = {
            let (schedule, memory) = (schedule.clone(), memory.clone());
            thread::spawn(move || {
                claim(&schedule).map(|index| schedule.finish(index, attempt(1), &memory).is_some())
            })
        };
        let taken = match schedule.take(FIRST) {
            Taken::Running(_) => schedule.seize(FIRST),
            taken => taken,
        };
        let returned = worker.join().unwrap();
        match taken {
            Taken::Ready(_) => assert_eq!((returned, written(&memory)), (Some(false), vec![1])),
            Taken::Idle(None) => {
                assert!(returned != Some(false), "lost");
                assert_eq!(written(&memory), Vec::<u64>::new());
            }
            taken => panic!("{taken:?}"),
        }
    });
}

#[test]
fn memory_has_what_was_committed_and_nothing_else() {
    model(|| {
        let (schedule, memory) = (schedule(1, vec![]), Arc::new(MultiVersionMemory::new(None)));
        let index = claim(&schedule).unwrap();
        schedule.finish(index, attempt(1), &memory);
        schedule.rewind(FIRST);
        let worker = {
            let (schedule, memory) = (schedule.clone(), memory.clone());
            // It looks again, and finds other writes.
            thread::spawn(move || {
                if let Some(index) = claim(&schedule) {
                    schedule.finish(index, attempt(2), &memory);
                }
            })
        };
        let (own, expected) = match schedule.seize(FIRST) {
            Taken::Ready(attempt) if attempt.writes.slots[0].slot == U256::from(1) => (None, 1),
            Taken::Ready(_) => (None, 2),
            Taken::Idle(stale) => (Some(stale), 3),
            taken => panic!("{taken:?}"),
        };
        // Without an attempt the frontier executes, and publishes in place of what was published before.
        if let Some(stale) = own {
            memory.publish(Some(FIRST), &writes(3), stale.as_ref().map(|attempt| &attempt.writes));
        }
        worker.join().unwrap();
        assert_eq!(written(&memory), [expected]);
    });
}

#[test]
fn memory_has_what_the_frontier_puts_in_place_of_an_attempt() {
    model(|| {
        let (schedule, memory) = (schedule(1, vec![]), Arc::new(MultiVersionMemory::new(None)));
        let worker = {
            let (schedule, memory) = (schedule.clone(), memory.clone());
            thread::spawn(move || {
                if let Some(index) = claim(&schedule) {
                    schedule.finish(index, attempt(1), &memory);
                }
            })
        };
        // Whatever was attempted does not hold.
        let stale = match schedule.seize(FIRST) {
            Taken::Ready(attempt) | Taken::Idle(Some(attempt)) => Some(attempt),
            _ => None,
        };
        memory.publish(Some(FIRST), &writes(3), stale.as_ref().map(|attempt| &attempt.writes));
        worker.join().unwrap();
        assert_eq!(written(&memory), [3]);
    });
}

#[test]
fn taken_transaction_is_never_claimed_again() {
    model(|| {
        let schedule = schedule(1, vec![]);
        let worker = {
            let schedule = schedule.clone();
            thread::spawn(move || {
                if let Some(index) = claim(&schedule) {
                    schedule.give_up(index);
                }
            })
        };
        schedule.seize(FIRST);
        worker.join().unwrap();
        schedule.rewind(FIRST);
        assert_eq!(claim(&schedule), None);
    });
}

#[test]
fn transaction_that_was_left_stays_with_the_frontier() {
    model(|| {
        let schedule = schedule(1, vec![]);
        let worker = {
            let schedule = schedule.clone();
            thread::spawn(move || claim(&schedule).map(|index| schedule.leave(index)))
        };
        schedule.rewind(FIRST);
        let left = worker.join().unwrap();
        assert!(left.is_some() && claim(&schedule).is_none());
        assert!(matches!(schedule.take(FIRST), Taken::Idle(None)));
    });
}

#[test]
fn worker_at_the_end_does_not_miss_that_it_is_to_look_again() {
    model(|| {
        let schedule = schedule(1, vec![]);
        let memory = MultiVersionMemory::new(None);
        let index = claim(&schedule).unwrap();
        schedule.finish(index, attempt(1), &memory);
        let worker = {
            let schedule = schedule.clone();
            thread::spawn(move || claim(&schedule))
        };
        schedule.rewind(FIRST);
        let claimed = worker.join().unwrap().or_else(|| claim(&schedule));
        assert_eq!(claimed, Some(FIRST));
    });
}

#[test]
fn transaction_that_was_given_up_is_anyones_again() {
    model(|| {
        let schedule = schedule(1, vec![]);
        let worker = {
            let schedule = schedule.clone();
            thread::spawn(move || claim(&schedule).map(|index| schedule.give_up(index)))
        };
        schedule.rewind(FIRST);
        assert!(worker.join().unwrap().is_some());
        schedule.rewind(FIRST);
        assert_eq!(claim(&schedule), Some(FIRST));
    });
}

#[test]
fn attempts_of_two_workers_are_both_counted() {
    model(|| {
        let (schedule, memory) = (schedule(2, vec![]), Arc::new(MultiVersionMemory::new(None)));
        let [one, two] = [0, 1].map(|_| claim(&schedule).unwrap());
        let worker = {
            let (schedule, memory) = (schedule.clone(), memory.clone());
            thread::spawn(move || schedule.finish(one, attempt(1), &memory))
        };
        schedule.finish(two, attempt(2), &memory);
        worker.join().unwrap();
        assert_eq!(schedule.attempt_count(), 2);
    });
}
