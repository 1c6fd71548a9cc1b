//! Blocks of a batch, each on the bundle of those before it, give the bundle that sequential execution gives.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::{borrow::Cow, num::NonZero, sync::Arc};

use alloy_evm::eth::{EthBlockExecutionCtx, EthEvmFactory};
use revm::{
    database::{BundleState, State},
    database_interface::WrapDatabaseRef,
};
use tandem_corpus::{Case, GenerateOptions, PlainState, Workload, generate::generate};
use tandem_executor::{
    ParallelBlockExecutorFactory, Receipts, Strategy, WorkerPool,
    base::SharedState,
    block::{BlockInput, execute_block},
};

/// Executes a block on the state before the batch and the bundle of the blocks before it.
fn execute(case: &Case, before: &Case, bundle: BundleState, strategy: Strategy) -> BundleState {
    let pool = Arc::new(WorkerPool::new(NonZero::new(3).unwrap()).unwrap());
    let factory =
        ParallelBlockExecutorFactory::new(Receipts, case.spec.clone(), EthEvmFactory::default(), pool);
    let mut parent = PlainState::clone(&before.state);
    parent.block_hashes.clone_from(&case.state.block_hashes);
    let state = State::builder()
        .with_database(WrapDatabaseRef(parent))
        .with_bundle_prestate(bundle)
        .with_bundle_update()
        .build();
    let block = &case.block;
    let input = BlockInput {
        env: case.spec.evm_env(&block.header),
        ctx: EthBlockExecutionCtx {
            parent_hash: block.header.parent_hash,
            parent_beacon_block_root: block.header.parent_beacon_block_root,
            ommers: &block.ommers,
            withdrawals: block.withdrawals.as_ref().map(|list| Cow::Borrowed(list.as_slice())),
            extra_data: block.header.extra_data.clone(),
            tx_count_hint: Some(block.transactions.len()),
            slot_number: block.header.slot_number,
        },
        transactions: block.transactions.clone(),
        base: Arc::new(SharedState(case.state.clone())),
        strategy,
    };
    execute_block(&factory, input, state).unwrap().state.take_bundle()
}

/// Reverts come in no order.
fn sorted(mut bundle: BundleState) -> BundleState {
    bundle.reverts.iter_mut().for_each(|block| block.sort_by_key(|(address, _)| *address));
    bundle
}

#[test]
fn blocks_on_the_bundle_of_earlier_ones_give_the_sequential_bundle() {
    for workload in Workload::ALL {
        let options = GenerateOptions { blocks: 4, txs_per_block: 40, ..GenerateOptions::default() };
        let cases: Vec<Case> = generate(workload, 5, options).map(|case| case.unwrap()).collect();
        let (mut sequential, mut parallel) = (BundleState::default(), BundleState::default());
        for case in &cases {
            sequential = execute(case, &cases[0], sequential, Strategy::Sequential);
            parallel = execute(case, &cases[0], parallel, Strategy::Parallel);
            assert_eq!(sorted(sequential.clone()), sorted(parallel.clone()), "{}", case.source);
        }
    }
}
