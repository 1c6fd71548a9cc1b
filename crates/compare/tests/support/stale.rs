//! An engine without validation: one transaction executes on the state before the block and is committed as it is.

use std::{borrow::Cow, sync::Arc, time::Duration};

use alloy_evm::{
    EvmFactory,
    block::{BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory},
    eth::{EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory},
};
use revm::database::{State, states::bundle_state::BundleRetention};
use tandem_compare::{
    Engine, ExecuteError, Execution, Observe, Output, Receipt, Recorder, reference::ReferenceReceiptBuilder,
};
use tandem_corpus::{Case, ChainSpec, MissingState, PlainState};

/// Executes the transaction at an index on stale state.
pub(crate) struct Stale(pub(crate) usize);

impl Engine for Stale {
    fn execute(&self, case: &Case, observe: Observe) -> Execution {
        let recorder = (observe == Observe::Commits).then(Recorder::new);
        let mut state = fresh(&case.state);
        state.set_state_hook(recorder.as_ref().map(Recorder::hook));
        let result = self.run(case, &mut state);
        let result =
            result.map_err(|error| ExecuteError::classify::<MissingState>(error, None, None)).map(|result| {
                state.merge_transitions(BundleRetention::Reverts);
                Output { result, bundle: state.take_bundle(), bal: None }
            });
        Execution { result, trace: recorder.map(|recorder| recorder.take()), duration: Duration::ZERO }
    }
}

type Base<'a> = State<revm::database_interface::WrapDatabaseRef<&'a PlainState>>;

fn fresh(state: &PlainState) -> Base<'_> {
    State::builder().with_database_ref(state).with_bundle_update().build()
}

impl Stale {
    fn run(
        &self,
        case: &Case,
        state: &mut Base<'_>,
    ) -> Result<BlockExecutionResult<Receipt>, BlockExecutionError> {
        type Factory = EthBlockExecutorFactory<ReferenceReceiptBuilder, Arc<ChainSpec>, EthEvmFactory>;
        let header = &case.block.header;
        let factory = Factory::new(ReferenceReceiptBuilder, case.spec.clone(), EthEvmFactory::default());
        let context = EthBlockExecutionCtx {
            parent_hash: header.parent_hash,
            parent_beacon_block_root: header.parent_beacon_block_root,
            ommers: &[],
            withdrawals: case.block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
            extra_data: header.extra_data.clone(),
            tx_count_hint: None,
            slot_number: header.slot_number,
        };
        let mut base = fresh(&case.state);
        let evm = factory.evm_factory().create_evm(&mut base, case.spec.evm_env(header));
        let mut stale = factory.create_executor(evm, context.clone());
        let evm = factory.evm_factory().create_evm(state, case.spec.evm_env(header));
        let mut executor = factory.create_executor(evm, context);
        executor.apply_pre_execution_changes()?;
        for (index, transaction) in case.block.transactions.iter().enumerate() {
            if index == self.0 {
                let result = stale.execute_transaction_without_commit(transaction)?;
                executor.commit_transaction(result);
            } else {
                executor.execute_transaction(transaction)?;
            }
        }
        executor.apply_post_execution_changes()
    }
}
