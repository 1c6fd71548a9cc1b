//! Checks that generated chains are valid, the same every time, and do what their names say.

use std::sync::Arc;

use alloy_consensus::{
    BlockHeader, EthereumReceipt, Transaction as _, TxReceipt, proofs, transaction::SignerRecoverable,
};
use alloy_eips::eip1559::BaseFeeParams;
use alloy_evm::{
    EvmFactory,
    block::{BlockExecutor, BlockExecutorFactory, TxResult},
    eth::{EthBlockExecutionCtx, EthBlockExecutorFactory, EthEvmFactory},
};
use alloy_primitives::{Bloom, Log, keccak256};
use alloy_sol_types::SolEvent;
use revm::{
    context::result::{ExecutionResult, HaltReason},
    database::{State, WrapDatabaseRef},
};

use super::{accounts::Role, seal::Receipts, *};

mod account_life;
mod behaviour;
mod fees_and_failures;
mod golden;

/// One transaction's outcome.
type Outcome = ExecutionResult<HaltReason>;

/// A generated case and what its transactions did when executed again.
struct Executed {
    case: Case,
    outcomes: Vec<Outcome>,
    /// State after the block.
    after: PlainState,
}

impl Executed {
    fn succeeded(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.is_success()).count()
    }

    /// Returns the events of one kind, with the index of their transaction.
    fn events<E: SolEvent>(&self) -> Vec<(usize, E)> {
        let logs = |(at, outcome): (usize, &Outcome)| -> Vec<(usize, Log)> {
            outcome.logs().iter().map(|log| (at, log.clone())).collect()
        };
        let all = self.outcomes.iter().enumerate().flat_map(logs);
        all.filter_map(|(at, log)| E::decode_log(&log).ok().map(|event| (at, event.data))).collect()
    }
}

fn options(blocks: usize, txs_per_block: usize) -> GenerateOptions {
    GenerateOptions { blocks, txs_per_block, ..GenerateOptions::default() }
}

/// Generates a chain and executes each of its cases on its own.
fn executed(workload: Workload, seed: u64, options: GenerateOptions) -> Vec<Executed> {
    generate(workload, seed, options).map(|case| execute(case.unwrap())).collect()
}

/// Executes a case one transaction at a time and checks everything that its header says about execution.
fn execute(case: Case) -> Executed {
    let header = &case.block.header;
    let source = &case.source;
    let mut db = State::builder().with_database(WrapDatabaseRef(&case.state)).with_bundle_update().build();
    let factory = EthBlockExecutorFactory::new(Receipts, Arc::clone(&case.spec), EthEvmFactory::default());
    let ctx = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: &[],
        withdrawals: case.block.withdrawals.as_deref().map(|list| list.as_slice().into()),
        extra_data: header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: None,
    };
    let evm = factory.evm_factory().create_evm(&mut db, case.spec.evm_env(header));
    let mut executor = factory.create_executor(evm, ctx);
    executor.apply_pre_execution_changes().unwrap();
    let mut outcomes = Vec::new();
    for (at, tx) in case.block.transactions.iter().enumerate() {
        let result = executor.execute_transaction_without_commit(tx);
        let result = result.unwrap_or_else(|error| panic!("{source}, transaction {at}: {error}"));
        outcomes.push(result.result().result.clone());
        executor.commit_transaction(result);
    }
    let (_, result) = executor.finish().unwrap();

    let with_bloom: Vec<_> = result.receipts.iter().map(EthereumReceipt::with_bloom_ref).collect();
    assert_eq!(proofs::calculate_receipt_root(&with_bloom), header.receipts_root, "{source}");
    let blooms = result.receipts.iter().map(TxReceipt::bloom);
    assert_eq!(blooms.fold(Bloom::ZERO, |all, bloom| all | bloom), header.logs_bloom, "{source}");
    assert_eq!(result.gas_used, header.gas_used, "{source}");
    assert_eq!(result.blob_gas_used, header.blob_gas_used.unwrap_or_default(), "{source}");
    let requests_hash = header.requests_hash.map(|_| result.requests.requests_hash());
    assert_eq!(requests_hash, header.requests_hash, "{source}");

    db.merge_transitions(revm::database::states::bundle_state::BundleRetention::Reverts);
    let bundle = db.take_bundle();
    let mut after = (*case.state).clone();
    after.apply(&bundle);
    Executed { case, outcomes, after }
}

/// Checks what a header says about the block's place in the chain and its body, by the rules of the yellow paper and
/// EIPs 1559, 4844, 4895.
fn check_place(parent: &Header, case: &Case) {
    let (header, source) = (&case.block.header, &case.source);
    assert_eq!(case.block.hash, header.hash_slow(), "{source}");
    assert_eq!(header.parent_hash, parent.hash_slow(), "{source}");
    assert_eq!(header.number, parent.number + 1, "{source}");
    assert!(header.timestamp > parent.timestamp, "{source}");
    assert_eq!(header.gas_limit, parent.gas_limit, "{source}");
    assert!(header.gas_used <= header.gas_limit, "{source}");
    assert_eq!(
        proofs::calculate_transaction_root(&case.block.transactions),
        header.transactions_root,
        "{source}"
    );
    let withdrawals = case.block.withdrawals.as_ref().map(|list| proofs::calculate_withdrawals_root(list));
    assert_eq!(withdrawals, header.withdrawals_root, "{source}");
    assert_eq!(header.base_fee_per_gas, parent.next_block_base_fee(BaseFeeParams::ethereum()), "{source}");
    let params = case.spec.blob_params_at(header.timestamp);
    assert_eq!(header.excess_blob_gas, parent.maybe_next_block_excess_blob_gas(params), "{source}");
    let blobs: u64 = case.block.transactions.iter().filter_map(|tx| tx.blob_gas_used()).sum();
    assert_eq!(header.blob_gas_used.unwrap_or_default(), blobs, "{source}");
    assert!(blobs <= params.map_or(0, |params| params.max_blob_gas_per_block()), "{source}");
    for tx in case.block.transactions.iter() {
        assert_eq!(tx.recover_signer().unwrap(), tx.signer(), "{source}");
    }
}

#[test]
fn every_workload_at_every_fork_is_a_valid_chain() {
    for workload in Workload::ALL {
        for fork in Fork::ALL {
            if fork < scripts::needed_fork(workload) {
                continue;
            }
            let options = GenerateOptions { fork, ..options(2, 50) };
            let mut parent = generate(workload, 11, options).genesis_header().unwrap();
            for executed in executed(workload, 11, options) {
                check_place(&parent, &executed.case);
                assert_eq!(executed.outcomes.len(), 50);
                parent = executed.case.block.header;
            }
            assert_eq!(parent.number, 2, "{workload} {fork}");
        }
    }
}

#[test]
fn every_workload_executes_at_three_seeds() {
    for workload in Workload::ALL {
        for seed in [2, 3, u64::MAX] {
            let blocks = executed(workload, seed, options(3, 80));
            assert_eq!(blocks.len(), 3);
            for block in &blocks {
                assert_eq!(block.outcomes.len(), 80);
            }
            for pair in blocks.windows(2) {
                assert_eq!(pair[0].after.accounts, pair[1].case.state.accounts, "{workload} seed {seed}");
            }
        }
    }
}

#[test]
fn small_and_large_blocks_are_valid() {
    for (blocks, txs) in [(3, 0), (5, 1), (1, 700)] {
        for workload in [Workload::Mixed, Workload::Precompiles, Workload::Create2Selfdestruct] {
            for block in executed(workload, 5, options(blocks, txs)) {
                assert_eq!(block.outcomes.len(), txs);
            }
        }
    }
}

#[test]
fn unsupported_fork_is_named_and_ends_the_iteration() {
    let mut cases =
        generate(Workload::Delegation, 1, GenerateOptions { fork: Fork::Cancun, ..options(2, 2) });
    let error = cases.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "workload delegation needs fork Prague or later, got Cancun");
    assert!(cases.next().is_none());
}

#[test]
fn state_roots_are_the_callers() {
    fn root(state: &PlainState) -> B256 {
        B256::with_last_byte(state.block_hashes.len() as u8)
    }
    let options = GenerateOptions { state_root: Some(root), ..options(2, 1) };
    let generated = generate(Workload::NativeTransfers, 1, options);
    assert_eq!(generated.genesis_header().unwrap().state_root, B256::ZERO);
    let roots: Vec<_> = generated.map(|case| case.unwrap().block.header.state_root).collect();
    assert_eq!(roots, [B256::with_last_byte(1), B256::with_last_byte(2)]);
}
