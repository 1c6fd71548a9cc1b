//! Executes the transactions of an Ethereum block in parallel, with exactly the output of alloy-evm's
//! `EthBlockExecutor`.
//!
//! One thread, the *frontier*, calls the executor and owns the block's state. For the next transaction in block
//! order it either commits a *speculative attempt* whose reads still hold, or executes the transaction right there
//! on committed state, where nothing can invalidate it. *Workers* run ahead of the frontier on a
//! [`MultiVersionMemory`]; nothing they do can change a result, only make it arrive sooner.
//!
//! The modules in reading order:
//! 1. [`factory`] and [`executor`]: the two seams, a drop-in `BlockExecutorFactory` and its `BlockExecutor`;
//!    [`block`]: a whole block in one call;
//! 2. [`look_ahead`]: what the caller hands over so that workers can start; [`overlay`]: the state between blocks of a
//!    batch; [`observer`]: what the caller is told; [`referee`]: what it knows better;
//! 3. [`frontier`]: the walk in block order; [`speculation`] and [`schedule`]: what it shares with workers;
//!    [`early`] and [`hot`]: what to begin first and what to leave alone; [`worker`]: one worker's step; [`pool`]:
//!    threads that outlive blocks; [`driven`]: the same on one thread, in an order that a seed decides; [`clock`] and
//!    [`virtual_time`]: the same one thread at a time, in the time that costs decide;
//! 4. [`payment`]: transactions that need no EVM;
//!    [`tracked_db`], [`instructions`], [`evm`]: how an attempt learns what it read;
//! 5. [`attempt`], [`needs`], [`writes`], [`memory`]: what an attempt read, needed and wrote;
//! 6. [`validation`]: whether an attempt holds on committed state, and what moves when it does; [`merged`]: the same
//!    for blocks that are there as a whole, whose changes are committed together.
//!
//! Atomics, locks and threads go through `sync`, where a model checker can take their place.
//!
//! This crate never reads the environment, prints, opens files or picks a policy.

pub mod attempt;
pub mod base;
pub mod block;
mod bundle;
pub mod clock;
pub mod codes;
pub mod driven;
pub mod early;
pub mod error;
pub mod evm;
pub mod executor;
pub mod factory;
#[cfg(feature = "fault-injection")]
pub mod fault;
pub mod fields;
pub mod frontier;
pub mod hot;
pub mod index;
pub mod instructions;
pub mod look_ahead;
pub mod marks;
pub mod memory;
pub mod merged;
#[cfg(all(test, loom))]
mod models;
pub mod needs;
pub mod observer;
pub mod overlay;
pub mod payment;
pub mod plan;
pub mod pool;
mod probe;
pub mod receipts;
pub mod referee;
pub mod schedule;
pub mod speculation;
pub mod stats;
mod sync;
pub mod tracked_db;
pub mod validation;
pub mod virtual_time;
pub mod worker;
pub mod writes;

pub use base::{BaseReader, BaseSource, ReadError};
pub use block::{BlockExecution, execute_block};
pub use error::{WorkerPanic, may_be_ours};
pub use evm::{SpeculativeEvmFactory, Tracking};
pub use executor::ParallelBlockExecutor;
pub use factory::{ExecutionCtx, ParallelBlockExecutorFactory};
#[cfg(feature = "fault-injection")]
pub use fault::{Fault, FaultKind};
pub use index::TxIndex;
pub use look_ahead::LookAhead;
pub use memory::MultiVersionMemory;
pub use observer::Observer;
pub use overlay::{Overlay, OverlaySource};
pub use plan::{Plan, Strategy};
pub use pool::WorkerPool;
pub use receipts::Receipts;
pub use referee::{Referee, Wrong, take_back};
pub use stats::{BlockStats, Conflict, Location};
pub use validation::Trust;
