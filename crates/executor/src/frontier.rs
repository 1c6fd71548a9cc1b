//! Walks the block in order on the caller's thread, taking attempts that hold.

use std::{hint, sync::Arc, thread};

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
    worker::{Step, Worker},
    writes::{AccountChange, WriteSet},
};

/// Spins before the frontier lets other threads run while it waits for the last attempts.
const SPIN_COUNT: usize = 64;

/// The frontier of one block.
#[expect(missing_debug_implementations, reason = "the worker has none")]
pub struct Frontier<F: SpeculativeEvmFactory, T> {
    speculation: Arc<Speculation<F, T>>,
    /// Works ahead while the next transaction is in another worker's hands.
    worker: Worker<F, T>,
    written: Written,
    next: TxIndex,
    /// What an attempt at the next transaction published and the frontier did not take over.
    stale: Option<WriteSet>,
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
            stale: None,
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
        let mut waits = 0;
        loop {
            match self.speculation.schedule.take(self.next) {
                Taken::Idle(stale) => {
                    self.stale = stale;
                    return Ok(None);
                }
                Taken::Running => {
                    if let Some(message) = self.speculation.panic_message() {
                        return Err(WorkerPanic { message });
                    }
                    if self.worker.step() == Step::Nothing {
                        wait(&mut waits);
                    }
                }
                Taken::Ready(mut attempt) => {
                    // A state that fails here fails again, and is reported, when the caller executes.
                    let validity = validate(db, &self.written, &mut attempt, self.trust);
                    if let Ok(Validity::Valid) = validity {
                        self.stats.committed_attempts += 1;
                        self.stale = Some(attempt.writes);
                        return Ok(Some(attempt.result));
                    }
                    if let Ok(Validity::Conflict(location)) = validity {
                        self.stats.add_conflict(location);
                    }
                    self.stats.reexecuted += 1;
                    self.stale = Some(attempt.writes);
                    return Ok(None);
                }
            }
        }
    }

    /// Notes that the next transaction was executed by the caller.
    pub const fn executed(&mut self) {
        self.stats.frontier_executed += 1;
    }

    /// Notes that the next transaction was committed with `state`, and goes on to the one after it.
    pub fn commit(&mut self, state: &EvmState) {
        let index = self.next;
        self.publish(Some(index), state);
        if let Some(stale) = self.stale.take() {
            self.speculation.memory.retract(index, &stale);
        }
        self.next = index.next();
    }

    /// Makes workers look again at what follows a transaction whose attempt did not hold.
    pub fn rewind(&self) {
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
            self.written.add(write);
        }
    }
}

impl<F: SpeculativeEvmFactory, T> Drop for Frontier<F, T> {
    fn drop(&mut self) {
        self.speculation.stop();
    }
}

fn wait(waits: &mut usize) {
    *waits += 1;
    if *waits < SPIN_COUNT {
        hint::spin_loop();
    } else {
        thread::yield_now();
    }
}
