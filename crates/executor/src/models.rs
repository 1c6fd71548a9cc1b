//! Models of what threads of a block share, as stories of two or three threads that loom runs in every order:
//! `RUSTFLAGS="--cfg loom" cargo test -p tandem-executor --lib models --target-dir target/loom`.
//!
//! A story ends with what must hold whatever the order was.

use std::sync::Arc;

use alloy_consensus::TxEnvelope;
use alloy_evm::{EvmEnv, eth::EthEvmFactory};
use alloy_primitives::{Address, U256};
use loom::{model, thread};
use revm::context::{BlockEnv, CfgEnv};

use crate::{
    attempt::{Attempt, Code},
    base::{BaseReader, BaseSource, ReadError},
    bundle::{Assembly, Part},
    clock::Clock,
    codes::CodeStock,
    fields::AccountFields,
    hot::{HotTargets, Outcomes},
    index::TxIndex,
    look_ahead::LookAhead,
    memory::MultiVersionMemory,
    plan::Strategy,
    pool::WorkerPool,
    schedule::{Claim, Schedule, Taken},
    speculation::{Speculation, Supplies},
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    writes::{AccountChange, AccountWrite, BalanceDelta, SlotWrite, WriteSet},
};

const ADDRESS: Address = Address::repeat_byte(1);
const FIRST: TxIndex = TxIndex(0);
const LAST: TxIndex = TxIndex(9);

/// Writes that set one slot to 1.
fn writes(slot: u64) -> WriteSet {
    let slot = SlotWrite { slot: U256::from(slot), original: U256::MAX, present: U256::from(1) };
    let account = AccountWrite {
        address: ADDRESS,
        change: AccountChange::Balance,
        balance: BalanceDelta::Credit(U256::ZERO),
        after: AccountFields::ABSENT,
        new_code: None,
        code: Code::Apart,
        slot_count: 1,
    };
    WriteSet { accounts: vec![account], slots: vec![slot] }
}

/// An attempt that set one slot.
fn attempt(slot: u64) -> Box<Attempt<()>> {
    Box::new(Attempt { writes: writes(slot), ..Attempt::blank(0) })
}

/// Slots that the memory knows to be written, of 1, 2 and 3.
fn written(memory: &MultiVersionMemory) -> Vec<u64> {
    (1..4).filter(|slot| memory.slot(ADDRESS, U256::from(*slot), LAST).is_some()).collect()
}

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
fn writers_of_one_word_of_the_filter_both_leave_their_mark() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        let writer = {
            let memory = memory.clone();
            thread::spawn(move || memory.publish(Some(TxIndex(1)), &writes(1), None))
        };
        memory.publish(Some(TxIndex(2)), &writes(2), None);
        writer.join().unwrap();
        assert_eq!(written(&memory), [1, 2]);
    });
}

#[test]
fn reader_beside_a_writer_sees_before_or_after() {
    model(|| {
        let memory = Arc::new(MultiVersionMemory::new(None));
        memory.publish(Some(FIRST), &writes(1), None);
        let writer = {
            let memory = memory.clone();
            thread::spawn(move || memory.publish(Some(FIRST), &writes(2), Some(&writes(1))))
        };
        let [one, two] = [1, 2].map(|slot| memory.slot(ADDRESS, U256::from(slot), LAST));
        assert!([one, two].iter().flatten().all(|value| *value == U256::from(1)));
        writer.join().unwrap();
        assert_eq!(written(&memory), [2]);
    });
}

#[test]
fn hot_target_is_known_to_workers_in_the_end() {
    model(|| {
        let hot = Arc::new(HotTargets::default());
        let worker = {
            let hot = hot.clone();
            thread::spawn(move || hot.contains(ADDRESS))
        };
        let mut outcomes = Outcomes::default();
        (0..2).for_each(|_| outcomes.failed(Some(ADDRESS), &hot));
        worker.join().unwrap();
        assert!(hot.contains(ADDRESS));
    });
}

#[test]
fn collections_of_code_go_to_one_worker_each() {
    model(|| {
        let stock = Arc::new(CodeStock::default());
        let worker = {
            let stock = stock.clone();
            thread::spawn(move || stock.put_back(stock.take()))
        };
        stock.put_back(stock.take());
        worker.join().unwrap();
        // One or two were made; each is back once.
        let count = stock.count();
        assert!((1..=2).contains(&count), "{count}");
    });
}

/// A base state that nobody reads.
#[derive(Debug)]
struct Nothing;

impl BaseSource for Nothing {
    fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
        Err(ReadError::Stopped)
    }
}

fn speculation() -> Arc<Speculation<EthEvmFactory, TxEnvelope>> {
    let env = EvmEnv { cfg_env: CfgEnv::default(), block_env: BlockEnv::default() };
    let ahead =
        LookAhead { transactions: Arc::from([]), base: Arc::new(Nothing), strategy: Strategy::Parallel };
    Arc::new(Speculation::new(
        Arc::default(),
        env,
        ahead,
        None,
        Supplies { memory: Arc::new(MultiVersionMemory::new(None)), codes: Arc::default() },
        2,
        Clock::new(None),
    ))
}

#[test]
fn attempt_that_was_given_back_is_taken_back_once() {
    model(|| {
        let speculation = speculation();
        let worker = {
            let speculation = speculation.clone();
            thread::spawn(move || {
                let mut spare = Vec::new();
                speculation.take_back(0, &mut spare);
                spare.len()
            })
        };
        speculation.give_back(Box::new(Attempt::blank(0)));
        let mut rest = Vec::new();
        let taken = worker.join().unwrap();
        speculation.take_back(0, &mut rest);
        assert_eq!(taken + rest.len(), 1);
    });
}

#[test]
fn who_sees_that_a_panic_stopped_the_block_sees_the_panic() {
    model(|| {
        let speculation = speculation();
        let worker = {
            let speculation = speculation.clone();
            thread::spawn(move || speculation.fail("broken".into()))
        };
        if speculation.is_stopped() {
            assert_eq!(speculation.panic_message().as_deref(), Some("broken"));
        }
        worker.join().unwrap();
        assert!(speculation.is_stopped() && speculation.panic_message().is_some());
    });
}

#[test]
fn workers_get_numbers_of_their_own() {
    model(|| {
        let speculation = speculation();
        let worker = {
            let speculation = speculation.clone();
            thread::spawn(move || speculation.enlist())
        };
        let mine = speculation.enlist();
        assert_ne!(worker.join().unwrap(), mine);
    });
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
    let mut limits = model::Builder::new();
    limits.preemption_bound = Some(2);
    limits.check(|| {
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

/// A part with one account, whose bundle has that account.
fn part(byte: u8) -> Part {
    let mut account = revm::state::Account::default();
    account.info.nonce = 1;
    account.mark_touch();
    let changes = [(Address::repeat_byte(byte), account)];
    Part { changes: changes.into_iter().collect(), ..Part::default() }
}

#[test]
fn every_part_is_built_once_whoever_comes_when() {
    model(|| {
        let assembly = Arc::new(Assembly::new());
        let expecting = assembly.expect();
        let helper = {
            let assembly = assembly.clone();
            thread::spawn(move || assembly.help())
        };
        let bundle = assembly.assemble(vec![part(1), part(2)]).unwrap();
        assert_eq!((bundle.state.len(), bundle.reverts.len(), bundle.reverts[0].len()), (2, 1, 2));
        drop(expecting);
        helper.join().unwrap();
    });
}

#[test]
fn helper_of_a_block_that_fails_goes() {
    model(|| {
        let assembly = Arc::new(Assembly::new());
        let expecting = assembly.expect();
        let helper = {
            let assembly = assembly.clone();
            thread::spawn(move || assembly.help())
        };
        drop(expecting);
        helper.join().unwrap();
    });
}
