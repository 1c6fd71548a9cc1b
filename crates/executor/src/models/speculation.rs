//! What frontier and workers tell each other beside transactions.

use std::sync::Arc;

use alloy_consensus::TxEnvelope;
use alloy_evm::{EvmEnv, eth::EthEvmFactory};
use loom::{model, thread};
use revm::context::{BlockEnv, CfgEnv};

use super::ADDRESS;
use crate::{
    attempt::Attempt,
    base::{BaseReader, BaseSource, ReadError},
    clock::Clock,
    codes::CodeStock,
    hot::{HotTargets, Outcomes},
    look_ahead::LookAhead,
    memory::MultiVersionMemory,
    plan::Strategy,
    speculation::{Speculation, Supplies},
    stats::Location,
};

#[test]
fn hot_target_is_known_to_workers_in_the_end() {
    model(|| {
        let hot = Arc::new(HotTargets::default());
        let worker = {
            let hot = hot.clone();
            thread::spawn(move || hot.contains(ADDRESS))
        };
        let mut outcomes = Outcomes::default();
        let place = Location::Account(ADDRESS);
        (0..2).for_each(|_| outcomes.failed(Some(ADDRESS), place, |_| false, &hot));
        worker.join().unwrap();
        assert!(hot.contains(ADDRESS));
    });
}

#[test]
fn collections_of_code_go_to_one_worker_each() {
    model(|| {
        let stock = Arc::new(CodeStock::default());
        stock.put_back(stock.take());
        let worker = {
            let stock = stock.clone();
            thread::spawn(move || stock.put_back(stock.take()))
        };
        stock.put_back(stock.take());
        worker.join().unwrap();
        // Where both came at once a second was made; each is back once.
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
fn attempts_that_two_threads_give_back_to_one_worker_both_arrive() {
    model(|| {
        let speculation = speculation();
        let other = {
            let speculation = speculation.clone();
            thread::spawn(move || speculation.give_back(Box::new(Attempt::blank(0))))
        };
        speculation.give_back(Box::new(Attempt::blank(0)));
        other.join().unwrap();
        let mut taken = Vec::new();
        speculation.take_back(0, &mut taken);
        assert_eq!(taken.len(), 2);
    });
}
