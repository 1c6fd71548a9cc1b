//! Holds what the frontier and the workers of one block share.

use std::sync::Arc;

use alloy_consensus::{Transaction, transaction::Recovered};
use alloy_evm::{EvmEnv, EvmFactory};

use crate::{
    attempt::Attempt,
    base::{BaseSource, ReadError},
    bundle::Assembly,
    clock::Clock,
    codes::CodeStock,
    early::early,
    evm::{SpeculativeEvmFactory, WorkerEvm},
    hot::HotTargets,
    look_ahead::LookAhead,
    memory::MultiVersionMemory,
    needs::Rules,
    payment::PaymentRules,
    schedule::{Claim, Schedule},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    tracked_db::TrackedDb,
};

/// Attempts that go back to one worker.
type Returned<F> = Mutex<Vec<Box<Attempt<<F as EvmFactory>::HaltReason>>>>;

/// What a block takes from the blocks before it.
#[derive(Clone, Debug)]
pub struct Supplies {
    /// An empty memory.
    pub memory: Arc<MultiVersionMemory>,
    /// Where workers take their copies of code from.
    pub codes: Arc<CodeStock>,
}

/// One block's speculation.
#[derive(derive_more::Debug)]
pub struct Speculation<F: SpeculativeEvmFactory, T> {
    /// Makes the workers' EVMs.
    #[debug(skip)]
    pub factory: Arc<F>,
    /// The block's environment.
    #[debug(skip)]
    pub env: EvmEnv<F::Spec, F::BlockEnv>,
    /// The block's transactions.
    #[debug(skip)]
    pub transactions: Arc<[Recovered<T>]>,
    /// What transactions wrote.
    pub memory: Arc<MultiVersionMemory>,
    /// Who runs what.
    #[debug(skip)]
    pub schedule: Schedule<<F as EvmFactory>::HaltReason>,
    /// The block's time.
    pub clock: Clock,
    /// Which targets' transactions workers leave to the frontier.
    #[debug(skip)]
    pub hot: HotTargets,
    /// How payments are told, where the frontier needs no EVM for them.
    #[debug(skip)]
    pub payments: Option<PaymentRules>,
    base: Arc<dyn BaseSource>,
    /// Where workers take their copies of code from.
    pub codes: Arc<CodeStock>,
    /// Attempts on their way back to the workers that made them, by worker.
    #[debug(skip)]
    returned: Box<[Returned<F>]>,
    /// Where workers help to build the block's bundle.
    pub(crate) assembly: Arc<Assembly>,
    workers: AtomicUsize,
    stopped: Arc<AtomicBool>,
    panic: Mutex<Option<String>>,
}

impl<F: SpeculativeEvmFactory, T> Speculation<F, T> {
    /// Creates the speculation on a block; nothing runs yet.
    ///
    /// As many workers may take part as there are `threads`, the frontier's included.
    pub fn new(
        factory: Arc<F>,
        env: EvmEnv<F::Spec, F::BlockEnv>,
        ahead: LookAhead<T>,
        payments: Option<PaymentRules>,
        supplies: Supplies,
        threads: usize,
        clock: Clock,
    ) -> Self
    where
        T: Transaction,
    {
        Self {
            factory,
            env,
            memory: supplies.memory,
            schedule: Schedule::new(
                ahead.transactions.iter().map(|tx| match payments {
                    Some(_) if PaymentRules::is_certain(tx.inner()) => Claim::Frontier,
                    _ => Claim::Anyone,
                }),
                early(&ahead.transactions),
                clock.clone(),
            ),
            clock,
            hot: HotTargets::default(),
            payments,
            transactions: ahead.transactions,
            base: ahead.base,
            codes: supplies.codes,
            returned: (0..threads).map(|_| Mutex::default()).collect(),
            assembly: Arc::new(Assembly::new()),
            workers: AtomicUsize::new(0),
            stopped: Arc::default(),
            panic: Mutex::default(),
        }
    }

    /// Returns what of the block's rules decides what executions need.
    pub fn rules(&self) -> Rules {
        Rules::new(&self.env.cfg_env)
    }

    /// Opens an EVM for one worker.
    pub fn evm(&self) -> Result<WorkerEvm<F>, ReadError> {
        let db =
            TrackedDb::new(self.memory.clone(), self.base.reader()?, self.codes.take(), self.stopped.clone());
        Ok(self.factory.worker_evm(db, self.env.clone()))
    }

    /// Numbers a new worker.
    ///
    /// # Panics
    ///
    /// If there are more workers than threads were announced.
    pub fn enlist(&self) -> usize {
        // Relaxed: only the number matters.
        let worker = self.workers.fetch_add(1, Ordering::Relaxed);
        assert!(worker < self.returned.len(), "more workers than threads");
        worker
    }

    /// Gives an attempt that is no longer needed back to the worker that made it, whose memory it is.
    pub fn give_back(&self, attempt: Box<Attempt<F::HaltReason>>) {
        self.returned[attempt.worker].lock().push(attempt);
    }

    /// Takes the attempts that were given back to a worker.
    pub fn take_back(&self, worker: usize, into: &mut Vec<Box<Attempt<F::HaltReason>>>) {
        into.append(&mut self.returned[worker].lock());
    }

    /// Makes all workers leave the block; attempts under way are dropped at their next read.
    pub fn stop(&self) {
        // Relaxed: the flag only saves work; nothing is read on account of it.
        self.stopped.store(true, Ordering::Relaxed);
        self.schedule.wake_all();
    }

    /// Whether workers are to leave.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Notes that a worker panicked, and stops.
    pub fn fail(&self, message: String) {
        self.panic.lock().get_or_insert(message);
        self.stop();
    }

    /// Returns the message of a worker that panicked.
    pub fn panic_message(&self) -> Option<String> {
        self.panic.lock().clone()
    }
}
