//! Holds what the frontier and the workers of one block share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_consensus::transaction::Recovered;
use alloy_evm::{EvmEnv, EvmFactory};
use parking_lot::Mutex;
use revm::context_interface::Block;

use crate::{
    base::{BaseSource, ReadError},
    evm::{SpeculativeEvmFactory, WorkerEvm},
    look_ahead::LookAhead,
    memory::MultiVersionMemory,
    needs::Rules,
    schedule::Schedule,
    tracked_db::TrackedDb,
};

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
    base: Arc<dyn BaseSource>,
    stopped: Arc<AtomicBool>,
    panic: Mutex<Option<String>>,
}

impl<F: SpeculativeEvmFactory, T> Speculation<F, T> {
    /// Creates the speculation on a block; nothing runs yet.
    pub fn new(factory: Arc<F>, env: EvmEnv<F::Spec, F::BlockEnv>, ahead: LookAhead<T>) -> Self {
        let fee_recipient = env.block_env.beneficiary();
        Self {
            factory,
            env,
            memory: Arc::new(MultiVersionMemory::new(Some(fee_recipient))),
            schedule: Schedule::new(ahead.transactions.len()),
            transactions: ahead.transactions,
            base: ahead.base,
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
        let db = TrackedDb::new(self.memory.clone(), self.base.reader()?, self.stopped.clone());
        Ok(self.factory.worker_evm(db, self.env.clone()))
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
