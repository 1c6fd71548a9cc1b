//! Executes a block on the state after its parent.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_consensus::EthereumReceipt;
use alloy_eips::eip7928::{BlockAccessList, compute_block_access_list_hash};
use alloy_evm::{
    block::{BlockExecutionError, BlockExecutionResult},
    eth::{EthBlockExecutionCtx, EthEvmFactory},
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, U256};
use revm::{
    Database, DatabaseRef,
    bytecode::Bytecode,
    database::{BundleState, State},
    state::{AccountInfo, EvmState},
};
use tandem_corpus::{Block, ChainSpec};
use tandem_executor::{
    BlockStats, ParallelBlockExecutorFactory, Receipts, Strategy, WorkerPanic, WorkerPool,
    base::SharedState,
    block::{BlockInput, execute_block},
};
use tandem_state::{StateError, StateView};

use crate::{eip779, error::ExecuteError};

/// Executes blocks, on one pool of workers.
#[derive(Clone, Debug)]
pub struct Executor {
    /// The workers.
    pub pool: Arc<WorkerPool>,
    /// Whether to speculate.
    pub strategy: Strategy,
    /// Set by whoever found that speculation goes wrong: blocks execute sequentially from then on.
    pub fallback: Arc<AtomicBool>,
}

/// What executing a block gave.
#[derive(Debug)]
pub struct Executed {
    /// Receipts, requests, gas and blob gas.
    pub result: BlockExecutionResult<EthereumReceipt>,
    /// All changes of state.
    pub bundle: BundleState,
    /// The block access list, from Amsterdam on.
    pub block_access_list: Option<BlockAccessList>,
    /// Its hash.
    pub block_access_list_hash: Option<B256>,
    /// What each transaction changed, before Byzantium: receipts carry the state roots after them (EIP-658).
    pub commits: Option<Commits>,
    /// What it took.
    pub stats: BlockStats,
    /// Time that it took.
    pub duration: Duration,
}

/// A parallel execution that is wrong: it contradicts the header, with which the sequential one agrees.
#[derive(Debug)]
pub struct Contradiction {
    /// What it contradicts, or why it ended.
    pub what: String,
    /// What it gave, unless it ended with an error.
    pub executed: Option<Executed>,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// What a block changed, step by step.
#[derive(Debug)]
pub struct Commits {
    /// Before its transactions.
    pub before: Vec<EvmState>,
    /// Transaction by transaction.
    pub transactions: Vec<EvmState>,
}

impl Executor {
    /// Executes a block on the state after its parent.
    pub fn execute(
        &self,
        spec: &Arc<ChainSpec>,
        block: &Block,
        parent: &StateView,
    ) -> Result<Executed, ExecuteError> {
        let started = Instant::now();
        let header = &block.header;
        let failure = Cell::new(None);
        let spec = spec.at(header);
        let wants_commits = !spec.is_byzantium_active_at_block(header.number);
        let mut state = State::builder()
            .with_database(Watched { state: parent, failure: &failure })
            .with_bundle_update()
            .with_bal_builder_if(spec.is_amsterdam_active_at_timestamp(header.timestamp))
            .build();
        let commits: Arc<Mutex<Vec<EvmState>>> = Arc::default();
        let taken = || std::mem::take(&mut *commits.lock().unwrap_or_else(PoisonError::into_inner));
        if wants_commits {
            let commits = Arc::clone(&commits);
            state.set_state_hook(Some(Box::new(move |changes: EvmState| {
                commits.lock().unwrap_or_else(PoisonError::into_inner).push(changes);
            })));
        }
        let (spec, strategy) = match eip779::before_transactions(&spec, header.number, &mut state) {
            Ok(Some(rules)) => (Arc::new(rules), Strategy::Sequential),
            Ok(None) => (spec, self.strategy()),
            Err(error) => return Err(classify(error, failure.take())),
        };
        let before = taken();

        let input = BlockInput {
            env: spec.evm_env(header),
            ctx: context(block),
            transactions: Arc::clone(&block.transactions),
            base: Arc::new(SharedState(Arc::new(parent.clone()))),
            strategy,
        };
        let factory = ParallelBlockExecutorFactory::new(
            Receipts,
            spec,
            EthEvmFactory::default(),
            Arc::clone(&self.pool),
        );
        #[cfg(feature = "fault-injection")]
        let factory = factory.with_fault(crate::fault::of(&block.transactions, strategy));
        let executed = execute_block(&factory, input, state);
        let mut execution = executed.map_err(|error| classify(error, failure.take()))?;

        execution.state.set_state_hook(None);
        let bal = execution.state.take_built_alloy_bal();
        let mut transactions = taken();
        // No system calls follow the pre-execution changes then; rewards follow the transactions.
        transactions.truncate(block.transactions.len());
        Ok(Executed {
            result: execution.result,
            bundle: execution.state.take_bundle(),
            block_access_list_hash: bal.as_deref().map(compute_block_access_list_hash),
            block_access_list: bal,
            commits: wants_commits.then_some(Commits { before, transactions }),
            stats: execution.stats,
            duration: started.elapsed(),
        })
    }

    /// Returns how the next block executes.
    pub fn strategy(&self) -> Strategy {
        // The flag orders nothing: a block that misses it executes as the one before.
        if self.fallback.load(Ordering::Relaxed) { Strategy::Sequential } else { self.strategy }
    }

    /// Returns an executor that never speculates.
    pub fn sequential(&self) -> Self {
        let Self { pool, fallback, .. } = self;
        Self { pool: Arc::clone(pool), strategy: Strategy::Sequential, fallback: Arc::clone(fallback) }
    }
}

fn context(block: &Block) -> EthBlockExecutionCtx<'_> {
    EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: &block.ommers,
        withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: block.header.slot_number,
    }
}

/// Sorts an error into its family: a read that failed is the world's, a worker's panic is ours.
///
/// alloy-evm turns a failed read into a validation error in system calls, so that the error alone does not tell.
fn classify(error: BlockExecutionError, failure: Option<StateError>) -> ExecuteError {
    if let BlockExecutionError::Internal(internal) = &error
        && let Some(panic) = internal.downcast_other::<WorkerPanic>()
    {
        return ExecuteError::Invariant { what: panic.to_string() };
    }
    failure.map_or(ExecuteError::Block(error), ExecuteError::World)
}

/// A state that keeps the first read that failed.
struct Watched<'a> {
    state: &'a StateView,
    failure: &'a Cell<Option<StateError>>,
}

/// Stands for the failed read that [`Watched`] keeps.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct FailedRead(String);

impl revm::database::DBErrorMarker for FailedRead {}

impl fmt::Debug for Watched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl Watched<'_> {
    fn noted<T>(&self, result: Result<T, StateError>) -> Result<T, FailedRead> {
        result.map_err(|error| {
            let failed = FailedRead(error.to_string());
            // Of several failures the first is the cause.
            let first = self.failure.take();
            self.failure.set(first.or(Some(error)));
            failed
        })
    }
}

impl Database for Watched<'_> {
    type Error = FailedRead;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, FailedRead> {
        self.noted(self.state.basic_ref(address))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, FailedRead> {
        self.noted(self.state.code_by_hash_ref(code_hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, FailedRead> {
        self.noted(self.state.storage_ref(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, FailedRead> {
        self.noted(self.state.block_hash_ref(number))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    #[test]
    fn fallback_ends_speculation() {
        let pool = Arc::new(WorkerPool::new(NonZero::<usize>::MIN).unwrap());
        let executor = Executor { pool, strategy: Strategy::Parallel, fallback: Arc::default() };
        assert_eq!(executor.strategy(), Strategy::Parallel);
        executor.fallback.store(true, Ordering::Relaxed);
        assert_eq!(executor.strategy(), Strategy::Sequential);
    }
}
