//! Executes transactions ahead of the frontier, one step at a time.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use alloy_evm::{Evm, EvmFactory, FromRecoveredTx};

use crate::{
    attempt::Attempt,
    base::ReadError,
    clock::{Part, Watch},
    evm::{SpeculativeEvmFactory, WorkerEvm},
    index::TxIndex,
    needs::{Circumstances, TxFacts},
    payment::PaymentRules,
    speculation::Speculation,
    validation,
};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It attempted a transaction.
    Attempted(TxIndex),
    /// It left a transaction to the frontier, which needs no EVM for it.
    Left(TxIndex),
    /// There was nothing to attempt.
    Nothing,
}

/// One worker of one block.
#[expect(missing_debug_implementations, reason = "the EVM has none")]
pub struct Worker<F: SpeculativeEvmFactory, T> {
    speculation: Arc<Speculation<F, T>>,
    evm: WorkerEvm<F>,
    number: usize,
    /// Attempts to use again.
    spare: Vec<Box<Attempt<F::HaltReason>>>,
}

impl<F, T> Worker<F, T>
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: alloy_consensus::Transaction,
{
    /// Creates a worker.
    pub fn new(speculation: Arc<Speculation<F, T>>) -> Result<Self, ReadError> {
        let evm = speculation.evm()?;
        let number = speculation.enlist();
        Ok(Self { speculation, evm, number, spare: Vec::new() })
    }

    /// Returns the worker's EVM.
    pub const fn evm_mut(&mut self) -> &mut WorkerEvm<F> {
        &mut self.evm
    }

    /// Attempts one transaction: claims, executes, publishes.
    ///
    /// Real threads call this function; [`crate::driven`] calls its three parts, with others' in between.
    pub fn step(&mut self) -> Step {
        match self.claim() {
            Ok(index) => {
                self.passed(Part::Claim, index);
                let attempt = self.attempt(index);
                self.passed(Part::Attempt, index);
                self.publish(index, attempt);
                self.passed(Part::Publish, index);
                Step::Attempted(index)
            }
            Err(step) => {
                match step {
                    Step::Left(index) | Step::Attempted(index) => self.passed(Part::Leave, index),
                    Step::Nothing => self.passed(Part::Seek, TxIndex::default()),
                }
                step
            }
        }
    }

    fn passed(&self, part: Part, index: TxIndex) {
        self.speculation.clock.passed(part, index);
    }

    /// Claims a transaction to attempt; without one, returns what the step comes to.
    pub(crate) fn claim(&mut self) -> Result<TxIndex, Step> {
        let speculation = &self.speculation;
        let memory = &speculation.memory;
        let target = |index: TxIndex| speculation.transactions[index.0].to();
        let claimed = speculation.schedule.claim(
            |index, attempt| validation::is_fresh(memory, index, attempt),
            |index| target(index).is_none_or(|target| !speculation.hot.contains(target)),
        );
        let Some(index) = claimed else { return Err(Step::Nothing) };
        if self.is_payment(index) {
            self.speculation.schedule.leave(index);
            return Err(Step::Left(index));
        }
        Ok(index)
    }

    /// Leaves what came of a claimed transaction.
    pub(crate) fn publish(
        &self,
        index: TxIndex,
        attempt: Option<Box<Attempt<<F as EvmFactory>::HaltReason>>>,
    ) {
        let speculation = &self.speculation;
        match attempt {
            Some(attempt) => {
                if let Some(spare) = speculation.schedule.finish(index, attempt, &speculation.memory) {
                    speculation.give_back(spare);
                }
            }
            None => speculation.schedule.give_up(index),
        }
    }

    /// Whether a transaction looks like a payment that the frontier applies itself.
    fn is_payment(&mut self, index: TxIndex) -> bool {
        let tx = &self.speculation.transactions[index.0];
        match tx.to() {
            Some(to) if self.speculation.payments.is_some() && PaymentRules::is_candidate(tx.inner()) => {
                self.evm.db_mut().is_without_code(to)
            }
            _ => false,
        }
    }

    /// Executes a transaction on what is known of the state before it.
    ///
    /// An attempt that fails tells nothing: the frontier meets the same failure if it is real.
    pub(crate) fn attempt(&mut self, index: TxIndex) -> Option<Box<Attempt<<F as EvmFactory>::HaltReason>>> {
        let tx = &self.speculation.transactions[index.0];
        let tx_env = F::Tx::from_recovered_tx(tx.inner(), tx.signer());
        let facts = TxFacts::new(&tx_env);
        let mut attempt = self.blank();
        let tx = &self.speculation.transactions[index.0];
        let reads = std::mem::take(&mut attempt.reads);
        self.evm.db_mut().begin(index, tx.signer(), tx.inner(), reads);
        let result = self.evm.transact_raw(tx_env);
        attempt.reads = self.evm.db_mut().take_reads();
        let Ok(result) = result else {
            self.spare.push(attempt);
            return None;
        };
        attempt.outcome = Some(result.result);
        attempt.state = result.state;
        let circumstances = Circumstances {
            tx: facts,
            rules: self.speculation.rules(),
            marks: self.evm.db().marks(),
            tracking: self.speculation.factory.tracking(),
        };
        attempt.digest(&circumstances);
        Some(attempt)
    }

    /// Returns an attempt to fill.
    fn blank(&mut self) -> Box<Attempt<<F as EvmFactory>::HaltReason>> {
        if self.spare.is_empty() {
            self.speculation.take_back(self.number, &mut self.spare);
        }
        match self.spare.pop() {
            Some(mut attempt) => {
                attempt.clear();
                attempt
            }
            None => Box::new(Attempt::blank(self.number)),
        }
    }
}

impl<F: SpeculativeEvmFactory, T> Drop for Worker<F, T> {
    fn drop(&mut self) {
        self.speculation.codes.put_back(self.evm.db_mut().take_codes());
    }
}

/// Works on a block until it is over; what a pool thread runs.
///
/// A panic ends the block with an error and leaves the thread alive.
pub fn run<F, T>(speculation: &Arc<Speculation<F, T>>)
where
    F: SpeculativeEvmFactory<Tx: FromRecoveredTx<T>>,
    T: alloy_consensus::Transaction,
{
    let clock = &speculation.clock;
    clock.tell(Watch::enter);
    let work = || {
        // The block may be over before this thread was free.
        if speculation.is_stopped() {
            return speculation.assembly.help();
        }
        // Without a reader this worker stays out; the frontier needs none.
        let Ok(mut worker) = Worker::new(speculation.clone()) else { return };
        clock.passed(Part::Arrive, TxIndex::default());
        while !speculation.is_stopped() {
            if worker.step() == Step::Nothing {
                speculation.schedule.nap(|| speculation.is_stopped());
                clock.passed(Part::Nap, TxIndex::default());
            }
        }
        drop(worker);
        speculation.assembly.help();
    };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        speculation.fail(panic_message(panic.as_ref()));
    }
    clock.tell(Watch::leave);
}

/// Returns what a panic says.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown panic".into())
}
