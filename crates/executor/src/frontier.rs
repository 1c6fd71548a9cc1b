//! Walks the block in order on the caller's thread, taking attempts that hold.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use alloy_evm::{
    Evm, FromRecoveredTx,
    block::{BlockExecutionError, SystemCaller},
    eth::spec::EthExecutorSpec,
};
use alloy_primitives::B256;
use revm::{Database, context_interface::result::ResultAndState, state::EvmState};

use crate::{
    attempt::{Attempt, Shape},
    base::ReadError,
    clock::{Part, Watch},
    error::WorkerPanic,
    evm::SpeculativeEvmFactory,
    hot::Outcomes,
    index::TxIndex,
    merged::MergedState,
    schedule::Taken,
    speculation::Speculation,
    stats::BlockStats,
    sync::{spin_loop, thread},
    validation::{Trust, Validity, Written, validate},
    worker::{self, Step, Worker},
    writes::WriteSet,
};

/// Spins between two looks at an attempt that is waited for.
const SPIN_COUNT: usize = 64;

/// Transactions to hot targets, one after the other, from which on workers are no help.
const HOT_RUN_MAX: usize = 32;

/// Transactions to hot targets, for one to another, from which on workers are no help for the rest of the block.
const HOT_REST_RATIO: usize = 16;

/// Estimated execution times after which a worker that has not come back is taken for interrupted: some precompiles
/// take that long for their gas.
const INTERRUPTED_AFTER: u32 = 8;

/// Bounds an estimate of a transaction's execution time from below.
const EXECUTION_TIME_MIN: Duration = Duration::from_micros(20);

/// Returns how long a worker that has been at a transaction for `elapsed` is waited for, where executing it is estimated
/// to take `time`.
///
/// What has run for long takes as long here, and longer than the worker still needs; what has run for longer than its gas
/// can explain was interrupted, because others want the worker's core.
fn patience(time: Duration, elapsed: Duration) -> Duration {
    if elapsed > time * INTERRUPTED_AFTER {
        return Duration::ZERO;
    }
    (time * INTERRUPTED_AFTER - elapsed).max(elapsed * 2)
}

/// What is in the memory of the transaction whose result was asked for last.
#[derive(Debug)]
enum Published<H> {
    Nothing,
    /// An attempt's writes, which do not hold.
    Stale(Box<Attempt<H>>),
    /// An attempt's writes, which hold.
    Valid(Box<Attempt<H>>),
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
    published: Published<F::HaltReason>,
    /// The attempt that was committed last.
    held: Option<Box<Attempt<F::HaltReason>>>,
    trust: Trust,
    #[cfg(feature = "fault-injection")]
    fault: Option<crate::fault::Fault>,
    outcomes: Outcomes,
    /// Transactions to hot targets that were executed here one after the other.
    hot_run: usize,
    stats: BlockStats,
}

impl<F, T> Frontier<F, T>
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: alloy_consensus::Transaction,
{
    /// Creates the frontier of a block, of which the transactions before `next` are executed.
    pub fn new(
        speculation: Arc<Speculation<F, T>>,
        threads: usize,
        trust: Trust,
        next: TxIndex,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            worker: Worker::new(speculation.clone())?,
            speculation,
            written: Written::default(),
            next,
            published: Published::Nothing,
            held: None,
            trust,
            #[cfg(feature = "fault-injection")]
            fault: None,
            outcomes: Outcomes::default(),
            hot_run: 0,
            stats: BlockStats { threads, frontier_executed: next.0, ..BlockStats::default() },
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
            let writes = WriteSet::from_state(&state);
            self.speculation.memory.publish(None, &writes, None);
            self.written.add(&state);
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
        let Some(mut attempt) = self.await_attempt()? else { return Ok(None) };
        let validity = validate(db, Some(&self.written), &mut attempt, self.trust());
        Ok(self.judge(attempt, validity.ok()))
    }

    /// Does as [`Self::take`] where changes are merged: those of a plain attempt that holds are applied to `db`.
    pub fn take_merging<DB: Database>(
        &mut self,
        db: &mut MergedState<DB>,
    ) -> Result<Option<ResultAndState<F::HaltReason>>, WorkerPanic> {
        let Some(mut attempt) = self.await_attempt()? else { return Ok(None) };
        let validity = match attempt.shape {
            Shape::Particular => {
                db.flush_of(attempt.reads.accounts.iter().map(|read| &read.address));
                validate(db, None, &mut attempt, self.trust())
            }
            Shape::Plain => db.validate(&attempt, self.trust()),
        };
        #[cfg(feature = "fault-injection")]
        if let Some(fault) = self.fault.filter(|_| matches!(validity, Ok(Validity::Valid))) {
            fault.falsify_writes(self.next, &mut attempt.writes);
        }
        if attempt.shape == Shape::Plain && matches!(validity, Ok(Validity::Valid)) {
            let (memory, index) = (&self.speculation.memory, self.next);
            db.apply(&attempt, |address, fields| memory.mend(index, address, fields));
        }
        Ok(self.judge(attempt, validity.ok()))
    }

    /// Returns how far an attempt at the next transaction is trusted.
    fn trust(&self) -> Trust {
        #[cfg(feature = "fault-injection")]
        if let Some(fault) = self.fault {
            return fault.trust(self.next, self.trust);
        }
        self.trust
    }

    /// Sets what goes wrong in the block.
    #[cfg(feature = "fault-injection")]
    pub(crate) const fn set_fault(&mut self, fault: Option<crate::fault::Fault>) {
        self.fault = fault;
    }

    /// Waits for an attempt at the next transaction; without one the caller executes it.
    fn await_attempt(&mut self) -> Result<Option<Box<Attempt<F::HaltReason>>>, WorkerPanic> {
        let taken = if self.is_over() { self.speculation.schedule.seize(self.next) } else { self.wait()? };
        match taken {
            Taken::Ready(attempt) => return Ok(Some(attempt)),
            Taken::Idle(stale) => self.published = stale.map_or(Published::Nothing, Published::Stale),
            Taken::Running(_) => {}
        }
        Ok(None)
    }

    /// Keeps an attempt that was validated, and returns its result where it holds.
    ///
    /// A state that failed (no validity) fails again, and is reported, when the caller executes.
    fn judge(
        &mut self,
        mut attempt: Box<Attempt<F::HaltReason>>,
        validity: Option<Validity>,
    ) -> Option<ResultAndState<F::HaltReason>> {
        let target = self.speculation.transactions[self.next.0].to();
        if validity == Some(Validity::Valid)
            && let Some(result) = attempt.outcome.take()
        {
            self.stats.committed_attempts += 1;
            self.outcomes.held(target);
            let state = std::mem::take(&mut attempt.state);
            self.published = Published::Valid(attempt);
            self.passed(Part::Hold);
            return Some(ResultAndState { result, state });
        }
        let hot_count = self.speculation.hot.count();
        if let Some(Validity::Conflict(location)) = validity {
            let rest = &self.speculation.transactions[self.next.0..];
            let dominates =
                |target| rest.iter().filter(|tx| tx.to() == Some(target)).count() * 2 > rest.len();
            self.outcomes.failed(target, location, dominates, &self.speculation.hot);
            self.stats.add_conflict(location);
        }
        if self.speculation.hot.count() > hot_count && self.is_rest_hot() {
            self.hot_run = HOT_RUN_MAX;
            self.speculation.stop();
        }
        self.stats.reexecuted += 1;
        self.published = Published::Stale(attempt);
        self.passed(Part::Fail);
        None
    }

    /// Takes the next transaction, working ahead while a worker is at it.
    ///
    /// A worker that does not come back in about the time that executing here may take is not waited for.
    fn wait(&mut self) -> Result<Taken<F::HaltReason>, WorkerPanic> {
        let mut deadline = None;
        loop {
            let elapsed = match self.speculation.schedule.take(self.next) {
                Taken::Running(elapsed) => elapsed,
                taken => return Ok(taken),
            };
            if let Some(message) = self.speculation.panic_message() {
                return Err(WorkerPanic { message });
            }
            if self.work_ahead()? != Step::Nothing {
                continue;
            }
            let end = *deadline.get_or_insert_with(|| self.now() + patience(self.execution_time(), elapsed));
            if self.now() >= end {
                return Ok(self.speculation.schedule.seize(self.next));
            }
            (0..SPIN_COUNT).for_each(|_| spin_loop());
            thread::yield_now();
            self.passed(Part::Wait);
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

    /// Tells the block's clock that the frontier has done a part of its next transaction.
    pub fn passed(&self, part: Part) {
        self.speculation.clock.passed(part, self.next);
    }

    /// Tells the block's clock that the frontier has committed a transaction.
    pub fn committed(&self, part: Part) {
        self.speculation.clock.passed(part, TxIndex(self.next.0.saturating_sub(1)));
    }

    fn now(&self) -> Duration {
        self.speculation.clock.now()
    }

    /// Notes that the next transaction is committed with `state`, and goes on to the one after it.
    ///
    /// What an attempt that holds wrote is in the memory already. What the caller executed replaces what attempts
    /// left there, and makes workers look again at what follows.
    pub fn commit(&mut self, state: &EvmState) {
        self.written.add(state);
        self.advance(state);
    }

    /// Does as [`Self::commit`] where changes are merged.
    ///
    /// `spent` are the states of attempts that were applied; they go back to the workers that made them.
    pub fn commit_merging(&mut self, state: &EvmState) {
        self.advance(state);
    }

    /// Passes over the next transaction, which was applied without an attempt.
    pub fn pass(&mut self) {
        // A worker may have tried it all the same: what it published goes with its attempt.
        if let Taken::Ready(stale) | Taken::Idle(Some(stale)) = self.speculation.schedule.seize(self.next) {
            self.speculation.give_back(stale);
        }
        self.next = self.next.next();
        self.stats.paid += 1;
    }

    /// Gives the last attempt that held back to its worker, with the state that is no longer needed.
    pub fn give_back(&mut self, spent: Option<EvmState>) {
        if let Some(mut attempt) = self.held.take() {
            attempt.state = spent.unwrap_or_default();
            self.speculation.give_back(attempt);
        }
    }

    fn advance(&mut self, state: &EvmState) {
        let index = self.next;
        self.next = index.next();
        let stale = match std::mem::replace(&mut self.published, Published::Nothing) {
            Published::Valid(attempt) => {
                self.held = Some(attempt);
                return;
            }
            Published::Stale(attempt) => Some(attempt),
            Published::Nothing => None,
        };
        self.stats.frontier_executed += 1;
        if self.is_over() {
            return;
        }
        let writes = WriteSet::from_state(state);
        self.speculation.memory.publish(Some(index), &writes, stale.as_ref().map(|attempt| &attempt.writes));
        if let Some(stale) = stale {
            self.speculation.give_back(stale);
        }
        // What reads a hot target's slots is mostly left to the frontier: nobody need look again.
        let target = self.speculation.transactions[index.0].to();
        if target.is_some_and(|target| self.speculation.hot.contains(target)) {
            self.hot_run += 1;
            if self.is_over() {
                self.speculation.stop();
            }
        } else {
            self.hot_run = 0;
            self.speculation.schedule.rewind(self.next);
        }
    }

    /// Whether what follows is little else than transactions to hot targets.
    fn is_rest_hot(&self) -> bool {
        let rest = &self.speculation.transactions[self.next.0..];
        let others = rest.len() - self.speculation.hot.count_among(rest.iter().map(|tx| tx.to()));
        others * HOT_REST_RATIO <= rest.len()
    }

    /// Whether the rest of the block is left to the frontier, because workers find nothing but hot targets.
    const fn is_over(&self) -> bool {
        self.hot_run >= HOT_RUN_MAX
    }

    /// Returns the block's counters so far.
    pub fn stats(&self) -> BlockStats {
        BlockStats { attempts: self.speculation.schedule.attempt_count(), ..self.stats.clone() }
    }
}

impl<F: SpeculativeEvmFactory, T> Drop for Frontier<F, T> {
    fn drop(&mut self) {
        self.speculation.stop();
        self.speculation.clock.tell(Watch::over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runner_is_waited_for_and_interrupted_one_is_not() {
        let time = Duration::from_micros(50);
        assert_eq!(patience(time, Duration::from_micros(3)), Duration::from_micros(397));
        assert_eq!(patience(time, Duration::from_micros(300)), Duration::from_micros(600));
        assert_eq!(patience(time, Duration::from_millis(4)), Duration::ZERO);
    }
}
