//! Executes many blocks one on another before any is written, as reth's pipeline does.

use std::sync::Arc;

use alloy_eip7928::BlockAccessList;
use alloy_evm::{
    Database, Evm,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor},
};
use reth_ethereum_primitives::{Block, EthPrimitives, Receipt, TransactionSigned};
use reth_evm::{
    ConfigureEvm, OnStateHook,
    execute::{BlockExecutionOutput, Executor},
};
use reth_primitives_traits::RecoveredBlock;
use revm::{
    database::{State, states::bundle_state::BundleRetention},
    state::bal::Bal,
};
use tandem_executor::{BaseSource, ExecutionCtx, LookAhead, Overlay, OverlaySource};

use crate::{
    config::ParallelEvmConfig,
    look_ahead::Sequential,
    parents::{Parent, Readers},
};

/// Executes a batch of blocks on a database at the parent of the first.
///
/// In parallel where that is the state that reth's pipeline stands at; whoever else executes blocks through reth's
/// `Executor` looks at blocks that are in the node, and gets them executed sequentially.
pub(crate) struct BatchExecutor<'c, DB> {
    config: &'c ParallelEvmConfig,
    state: State<DB>,
    batch: Batch,
}

/// Where workers read.
enum Batch {
    /// No block was executed yet.
    New,
    /// The state before the batch can be opened; blocks changed it since.
    Readable { parent: Parent, overlay: Overlay },
    /// Nowhere.
    Unreadable(Sequential),
}

impl<'c, DB: Database> BatchExecutor<'c, DB> {
    /// Creates an executor.
    pub(crate) fn new(config: &'c ParallelEvmConfig, db: DB) -> Self {
        let state = State::builder().with_database(db).with_bundle_update().build();
        Self { config, state, batch: Batch::New }
    }

    /// Whoever looks at the state after execution wants to find in it all that was read.
    fn be_watched(&mut self) {
        self.batch = Batch::Unreadable(Sequential::Known);
    }

    fn look_ahead(
        &mut self,
        block: &RecoveredBlock<Block>,
    ) -> Result<LookAhead<TransactionSigned>, Sequential> {
        let strategy = self.config.strategy()?;
        if block.header().block_access_list_hash.is_some() {
            return Err(Sequential::AccessList);
        }
        if let Batch::New = self.batch {
            let parent = Parent::Batch { first: block.header().number, hash: block.hash() };
            self.batch = Batch::Readable { parent, overlay: Overlay::default() };
        }
        let (parent, overlay) = match &self.batch {
            Batch::Readable { parent, overlay } => (*parent, overlay.clone()),
            Batch::Unreadable(why) => return Err(*why),
            Batch::New => return Err(Sequential::NoParentState),
        };
        let Some(base) = Readers::open(&self.config.parents, parent) else {
            self.batch = Batch::Unreadable(Sequential::NoParentState);
            return Err(Sequential::NoParentState);
        };
        let base: Arc<dyn BaseSource> = Arc::new(OverlaySource { overlay, base });
        let transactions = block.clone_transactions_recovered().collect();
        Ok(LookAhead { transactions, base, strategy })
    }

    /// Executes a block and merges its changes.
    fn execute_on(
        &mut self,
        block: &RecoveredBlock<Block>,
        look_ahead: Option<LookAhead<TransactionSigned>>,
    ) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError> {
        let config = self.config;
        let has_bal = block.header().block_access_list_hash.is_some();
        self.state.bal_state.bal_builder = has_bal.then(Bal::new);
        let eth = config.eth.context_for_block(block.sealed_block()).map_err(BlockExecutionError::other)?;
        let evm =
            config.evm_for_block(&mut self.state, block.header()).map_err(BlockExecutionError::other)?;
        let mut executor = config.create_executor_with_state(evm, ExecutionCtx { eth, look_ahead });
        executor.apply_pre_execution_changes()?;
        if has_bal {
            executor.evm_mut().db_mut().bump_bal_index();
        }
        for tx in block.transactions_recovered() {
            executor.execute_transaction(tx)?;
            if has_bal {
                executor.evm_mut().db_mut().bump_bal_index();
            }
        }
        executor.apply_post_execution_changes()
    }

    fn execute_next(
        &mut self,
        block: &RecoveredBlock<Block>,
    ) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError> {
        let look_ahead = self.look_ahead(block);
        let look_ahead = self.config.counters().unless(look_ahead);
        let result = self.execute_on(block, look_ahead);
        match (&self.batch, &self.state.transition_state) {
            // After an error the state is at no block's end.
            _ if result.is_err() => self.batch = Batch::Unreadable(Sequential::NoParentState),
            (Batch::Readable { overlay, .. }, Some(transitions)) => overlay.add(transitions),
            (Batch::New, _) => self.batch = Batch::Unreadable(Sequential::NoParentState),
            _ => {}
        }
        let result = result?;
        self.state.merge_transitions(BundleRetention::Reverts);
        Ok(result)
    }
}

impl<DB: Database> Executor<DB> for BatchExecutor<'_, DB> {
    type Primitives = EthPrimitives;
    type Error = BlockExecutionError;

    fn execute_one(
        &mut self,
        block: &RecoveredBlock<Block>,
    ) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError> {
        self.execute_next(block)
    }

    fn execute_one_with_state_hook<F>(
        &mut self,
        block: &RecoveredBlock<Block>,
        state_hook: F,
    ) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError>
    where
        F: OnStateHook + 'static,
    {
        self.state.set_state_hook(Some(Box::new(state_hook)));
        let result = self.execute_next(block);
        self.state.set_state_hook(None);
        result
    }

    fn execute_with_state_closure<F>(
        mut self,
        block: &RecoveredBlock<Block>,
        mut f: F,
    ) -> Result<BlockExecutionOutput<Receipt>, BlockExecutionError>
    where
        F: FnMut(&State<DB>),
    {
        self.be_watched();
        let result = self.execute_next(block)?;
        f(&self.state);
        Ok(BlockExecutionOutput { state: self.state.take_bundle(), result })
    }

    fn execute_with_state_closure_always<F>(
        mut self,
        block: &RecoveredBlock<Block>,
        mut f: F,
    ) -> Result<BlockExecutionOutput<Receipt>, BlockExecutionError>
    where
        F: FnMut(&State<DB>),
    {
        self.be_watched();
        let result = self.execute_next(block);
        f(&self.state);
        Ok(BlockExecutionOutput { state: self.state.take_bundle(), result: result? })
    }

    fn into_state(self) -> State<DB> {
        self.state
    }

    fn size_hint(&self) -> usize {
        self.state.bundle_state.size_hint()
    }

    fn take_bal(&mut self) -> Option<BlockAccessList> {
        self.state.take_built_alloy_bal()
    }
}
