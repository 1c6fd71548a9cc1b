//! Walks the block in order on the caller's thread, taking attempts that hold.

use std::{
    hint,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use alloy_evm::{
    Evm, FromRecoveredTx,
    block::{BlockExecutionError, SystemCaller},
    eth::spec::EthExecutorSpec,
};
use alloy_primitives::B256;
use revm::{Database, context_interface::result::ResultAndState, state::EvmState};

use crate::{
    base::ReadError,
    error::WorkerPanic,
    evm::SpeculativeEvmFactory,
    index::TxIndex,
    schedule::Taken,
    speculation::Speculation,
    stats::BlockStats,
    validation::{Trust, Validity, Written, validate},
    worker::{self, Step, Worker},
    writes::{AccountChange, WriteSet},
};

/// Spins between two looks at an attempt that is waited for.
const SPIN_COUNT: usize = 64;

/// Bounds an estimate of a transaction's execution time from below.
const EXECUTION_TIME_MIN: Duration = Duration::from_micros(20);

/// What is in the memory of the transaction whose result was asked for last.
#[derive(Debug)]
enum Published {
    Nothing,
    /// An attempt's writes, which do not hold.
    Stale(WriteSet),
    /// An attempt's writes, which hold.
    Valid,
}

/// The frontier of one block.
#[expect(missing_debug_implementations, reason = "the worker has none")]
pub struct Frontier<F: SpeculativeEvmFactory, T> {
    speculation: Arc<Speculation<F, T>>,
    /// Works ahead while the next transaction is in another worker's hands.
    worker: Worker<F, T>,
    written: Written,
    next: TxIndex,
    /// What the last attempt at the next transaction published.
    published: Published,
    trust: Trust,
    stats: BlockStats,
}

impl<F, T> Frontier<F, T>
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: alloy_consensus::Transaction,
{
    /// Creates the frontier of a block that starts at its first transaction.
    pub fn new(speculation: Arc<Speculation<F, T>>, threads: usize, trust: Trust) -> Result<Self, ReadError> {
        Ok(Self {
            worker: Worker::new(speculation.clone())?,
            speculation,
            written: Written::default(),
            next: TxIndex::default(),
            published: Published::Nothing,
            trust,
            stats: BlockStats { threads, ..BlockStats::default() },
        })
    }

    /// Repeats the pre-execution system calls on the base state, so that workers see what they write.
    ///
    /// The block's own state gets them from the inner executor; this is a copy for speculation.
    pub fn foresee_system_calls(
        &mut self,
        spec: impl EthExecutorSpec,
        parent_hash: B256,
        parent_beacon_block_root: Option<B256>,
    ) -> Result<(), BlockExecutionError> {
        let evm = self.worker.evm_mut();
        let mut caller = SystemCaller::new(spec);
        caller.apply_blockhashes_contract_call(parent_hash, evm)?;
        caller.apply_beacon_root_contract_call(parent_beacon_block_root, evm)?;
        for state in evm.db_mut().take_committed() {
            self.publish(None, &state);
        }
        Ok(())
    }

    /// Returns the index of the next transaction.
    pub const fn next(&self) -> TxIndex {
        self.next
    }

    /// Returns what the block's speculation shares.
    pub const fn speculation(&self) -> &Arc<Speculation<F, T>> {
        &self.speculation
    }

    /// Returns the result of the next transaction if an attempt at it holds on `db`; otherwise the caller executes it.
    pub fn take<DB: Database>(
        &mut self,
        db: &mut DB,
    ) -> Result<Option<ResultAndState<F::HaltReason>>, WorkerPanic> {
        let mut attempt = match self.wait()? {
            Taken::Ready(attempt) => attempt,
            Taken::Idle(stale) => {
                self.published = stale.map_or(Published::Nothing, Published::Stale);
                return Ok(None);
            }
            Taken::Running => return Ok(None),
        };
        // A state that fails here fails again, and is reported, when the caller executes.
        match validate(db, &self.written, &mut attempt, self.trust) {
            Ok(Validity::Valid) => {
                self.stats.committed_attempts += 1;
                self.published = Published::Valid;
                return Ok(Some(attempt.result));
            }
            Ok(Validity::Conflict(location)) => self.stats.add_conflict(location),
            Err(_) => {}
        }
        self.stats.reexecuted += 1;
        self.published = Published::Stale(attempt.writes);
        Ok(None)
    }

    /// Takes the next transaction, working ahead while a worker is at it.
    ///
    /// A worker that does not come back in the time that executing here would take is not waited for.
    fn wait(&mut self) -> Result<Taken<F::HaltReason>, WorkerPanic> {
        let mut patience = None;
        loop {
            match self.speculation.schedule.take(self.next) {
                Taken::Running => {}
                taken => return Ok(taken),
            }
            if let Some(message) = self.speculation.panic_message() {
                return Err(WorkerPanic { message });
            }
            if self.work_ahead()? != Step::Nothing {
                continue;
            }
            let end = *patience.get_or_insert_with(|| Instant::now() + self.execution_time());
            if Instant::now() >= end {
                return Ok(self.speculation.schedule.seize(self.next));
            }
            (0..SPIN_COUNT).for_each(|_| hint::spin_loop());
            thread::yield_now();
        }
    }

    /// Takes a worker's step; its panic is a worker's.
    fn work_ahead(&mut self) -> Result<Step, WorkerPanic> {
        catch_unwind(AssertUnwindSafe(|| self.worker.step())).map_err(|panic| {
            let message = worker::panic_message(panic.as_ref());
            self.speculation.fail(message.clone());
            WorkerPanic { message }
        })
    }

    /// Estimates the time that executing the next transaction would take: a nanosecond for each unit of gas it may use.
    fn execution_time(&self) -> Duration {
        let tx = &self.speculation.transactions[self.next.0];
        EXECUTION_TIME_MIN + Duration::from_nanos(tx.gas_limit())
    }

    /// Notes that the next transaction was committed with `state`, and goes on to the one after it.
    ///
    /// What an attempt that holds wrote is in the memory already. What the caller executed replaces what attempts
    /// left there, and makes workers look again at what follows.
    pub fn commit(&mut self, state: &EvmState) {
        let index = self.next;
        self.next = index.next();
        let stale = match std::mem::replace(&mut self.published, Published::Nothing) {
            Published::Valid => {
                self.written.add(state);
                return;
            }
            Published::Stale(writes) => Some(writes),
            Published::Nothing => None,
        };
        self.stats.frontier_executed += 1;
        self.publish(Some(index), state);
        if let Some(stale) = stale {
            self.speculation.memory.retract(index, &stale);
        }
        self.speculation.schedule.rewind(self.next);
    }

    /// Returns the block's counters so far.
    pub fn stats(&self) -> BlockStats {
        BlockStats { attempts: self.speculation.schedule.attempt_count(), ..self.stats.clone() }
    }

    fn publish(&mut self, writer: Option<TxIndex>, state: &EvmState) {
        for write in &WriteSet::from_state(state).accounts {
            let after = match write.change {
                AccountChange::Gone => None,
                AccountChange::Created(_) | AccountChange::Fields { .. } => {
                    state.get(&write.address).map(|account| account.info.clone())
                }
            };
            self.speculation.memory.commit(writer, write, after);
        }
        self.written.add(state);
    }
}

impl<F: SpeculativeEvmFactory, T> Drop for Frontier<F, T> {
    fn drop(&mut self) {
        self.speculation.stop();
    }
}
