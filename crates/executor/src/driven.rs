//! Executes a block on one thread with virtual workers; a seed decides whose turn it is.
//!
//! The frontier's code and a worker's claim, execution and publication are those of real threads. The same case, number
//! of workers and seed give the same schedule, so whatever goes wrong in one can be looked at again. What it does not
//! show is two threads inside one of these parts at once; that is for models of the shared structures.

use std::sync::Arc;

use alloy_consensus::{Transaction, TransactionEnvelope, TxReceipt, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_evm::{
    Database, Evm, EvmFactory, FromRecoveredTx, FromTxWithEncoded, ToTxEnv,
    block::{BlockExecutionError, BlockExecutor, BlockExecutorFactory},
    eth::{receipt_builder::ReceiptBuilder, spec::EthExecutorSpec},
};
use alloy_primitives::Log;
use revm::{database::State, state::bal::BlockAccessIndex};

use crate::{
    attempt::Attempt,
    block::{BlockExecution, BlockInput},
    bundle::Assembly,
    evm::SpeculativeEvmFactory,
    factory::{ExecutionCtx, ParallelBlockExecutorFactory},
    index::TxIndex,
    look_ahead::LookAhead,
    merged::MergedState,
    speculation::Speculation,
    worker::Worker,
};

/// What decides a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Virtual workers beside the frontier.
    pub workers: usize,
    /// Seed of all turns.
    pub seed: u64,
    /// Which way results are committed.
    pub changes: Changes,
}

/// Which way results are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// As the whole-block seam does: merged, payments applied without an EVM.
    Merged,
    /// As the seam for single transactions does: each by itself.
    AsTheyCome,
}

/// Executes a block as [`execute_block`](crate::execute_block) does, with virtual workers in the order of a schedule.
pub fn execute_block_driven<R, Spec, F, DB>(
    factory: &ParallelBlockExecutorFactory<R, Spec, F>,
    block: BlockInput<'_, F, R::Transaction>,
    state: State<DB>,
    schedule: Schedule,
) -> Result<BlockExecution<DB, R::Receipt>, BlockExecutionError>
where
    R: ReceiptBuilder<
            Transaction: Transaction + Encodable2718 + Clone + Send + Sync + 'static,
            Receipt: TxReceipt<Log = Log>,
        > + 'static,
    Spec: EthExecutorSpec + 'static,
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<R::Transaction> + FromTxWithEncoded<R::Transaction>>,
    <R::Transaction as TransactionEnvelope>::TxType: Send + 'static,
    DB: Database,
    Recovered<R::Transaction>: ToTxEnv<F::Tx>,
{
    let BlockInput { env, ctx, transactions, base, strategy } = block;
    let look_ahead = LookAhead { transactions: transactions.clone(), base, strategy };
    let evm = factory.evm_factory().create_evm(MergedState::new(state), env);
    let mut executor = factory.create_executor(evm, ExecutionCtx { eth: ctx, look_ahead: Some(look_ahead) });

    if schedule.changes == Changes::Merged {
        executor.spare_payments();
    }
    let prepared = executor.prepare_speculation(schedule.workers);
    if let Some((workers, speculation)) = &prepared {
        executor.follow(speculation, *workers).map_err(BlockExecutionError::other)?;
    }
    let mut crew = Crew::new(prepared, schedule.seed)?;
    executor.apply_pre_execution_changes()?;
    if schedule.changes == Changes::Merged {
        executor.evm_mut().db_mut().begin_merging();
    }
    for (index, tx) in transactions.iter().enumerate() {
        crew.turns_before(TxIndex(index));
        let state = executor.evm_mut().db_mut().state_mut();
        state.set_bal_index(BlockAccessIndex::new(index as u64 + 1));
        executor.execute_foreseen(tx)?;
    }
    let state = executor.evm_mut().db_mut().state_mut();
    state.set_bal_index(BlockAccessIndex::new(transactions.len() as u64 + 1));
    let stats = executor.stats();
    let (evm, result) = executor.finish()?;
    let state = evm.into_db().into_bundled(&Assembly::new()).map_err(BlockExecutionError::other)?;
    Ok(BlockExecution { result, state, stats })
}

/// The virtual workers.
struct Crew<F: SpeculativeEvmFactory, T> {
    hands: Vec<Hand<F, T>>,
    random: Random,
    /// Turns between two transactions of the frontier, at most.
    turns_max: u64,
}

/// A virtual worker and what it is at.
struct Hand<F: SpeculativeEvmFactory, T> {
    worker: Worker<F, T>,
    work: Work<<F as EvmFactory>::HaltReason>,
}

/// What a virtual worker is at.
enum Work<H> {
    Nothing,
    Claimed(TxIndex),
    Executed(TxIndex, Option<Box<Attempt<H>>>),
}

impl<F, T> Crew<F, T>
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: Transaction,
{
    fn new(
        prepared: Option<(usize, Arc<Speculation<F, T>>)>,
        seed: u64,
    ) -> Result<Self, BlockExecutionError> {
        let mut random = Random(seed);
        let mut hands = Vec::new();
        if let Some((workers, speculation)) = prepared {
            for _ in 0..workers {
                let worker = Worker::new(speculation.clone()).map_err(BlockExecutionError::other)?;
                hands.push(Hand { worker, work: Work::Nothing });
            }
        }
        // From workers that hardly run to workers that are far ahead.
        let turns_max = 1 << random.below(8);
        Ok(Self { hands, random, turns_max })
    }

    /// Lets workers take their turns before the frontier asks for its next transaction.
    fn turns_before(&mut self, next: TxIndex) {
        if self.hands.is_empty() {
            return;
        }
        for _ in 0..self.random.below(self.turns_max + 1) {
            let at = self.random.below(self.hands.len() as u64) as usize;
            self.hands[at].turn();
        }
        // A transaction in a worker's hands is waited for or taken from it; both happen.
        if self.random.below(4) > 0 {
            for hand in self.hands.iter_mut().filter(|hand| hand.is_at(next)) {
                while hand.is_at(next) {
                    hand.turn();
                }
            }
        }
    }
}

impl<F, T> Hand<F, T>
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: Transaction,
{
    /// Does the next part of a step.
    fn turn(&mut self) {
        self.work = match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Nothing => self.worker.claim().map_or(Work::Nothing, Work::Claimed),
            Work::Claimed(index) => Work::Executed(index, self.worker.attempt(index)),
            Work::Executed(index, attempt) => {
                self.worker.publish(index, attempt);
                Work::Nothing
            }
        };
    }

    const fn is_at(&self, next: TxIndex) -> bool {
        match &self.work {
            Work::Nothing => false,
            Work::Claimed(index) | Work::Executed(index, _) => index.0 == next.0,
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    /// Returns a number below `bound`, which is not zero.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
