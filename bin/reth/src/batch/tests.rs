use std::num::NonZero;

use alloy_consensus::transaction::Recovered;
use alloy_evm::block::{BlockExecutionError, BlockExecutionResult};
use alloy_primitives::{Address, U256};
use reth_chainspec::{Chain, ChainSpec, ChainSpecBuilder};
use reth_consensus::FullConsensus;
use reth_ethereum_primitives::{BlockBody, EthPrimitives, Receipt};
use reth_evm::{ConfigureEvm, execute::Executor};
use reth_evm_ethereum::EthEvmConfig;
use reth_node_ethereum::consensus::EthBeaconConsensus;
use reth_primitives_traits::RecoveredBlock;
use revm::database::{CacheDB, WrapDatabaseRef};
use tandem_corpus::{Case, GenerateOptions, PlainState, Workload, generate};
use tandem_executor::{BaseReader, Strategy, WorkerPool};
use tandem_exex::{Contradictions, Control, Policy};

use super::*;
use crate::{args::Options, consensus::TandemConsensus, counters::Counters, parents::ParentStates};

const BLOCKS: usize = 4;

/// The states of a pipeline that stands at the genesis and has all blocks to execute.
#[derive(Debug)]
struct AtGenesis(Arc<PlainState>);

impl ParentStates for AtGenesis {
    fn has(&self, _: B256) -> bool {
        true
    }

    fn after(&self, _: B256) -> Option<Box<dyn BaseReader>> {
        None
    }

    fn before_batch(&self, first: u64, _: BlockNumHash) -> Option<Box<dyn BaseReader>> {
        (first == 1).then(|| Box::new(WrapDatabaseRef(Arc::clone(&self.0))) as Box<dyn BaseReader>)
    }

    fn senders(&self, _: u64) -> Option<Vec<Address>> {
        None
    }
}

struct Setup {
    genesis: Arc<PlainState>,
    blocks: Vec<RecoveredBlock<Block>>,
    spec: Arc<ChainSpec>,
    config: ParallelEvmConfig,
    counters: Arc<Counters>,
    contradictions: Contradictions,
}

/// What a batch gives.
type Given = (Vec<BlockExecutionResult<Receipt>>, BundleState);

fn setup() -> Setup {
    setup_with(Workload::Erc20Transfers, Arc::clone)
}

/// Prepares blocks, and workers that read what `told` makes of the genesis.
fn setup_with(workload: Workload, told: impl FnOnce(&Arc<PlainState>) -> Arc<PlainState>) -> Setup {
    let options = GenerateOptions { blocks: BLOCKS, txs_per_block: 60, ..Default::default() };
    let cases: Vec<Case> = generate(workload, 1, options).collect::<Result<_, _>>().expect("generated");
    let genesis = Arc::clone(&cases[0].state);
    let spec = ChainSpecBuilder::mainnet().chain(Chain::from_id(1337)).osaka_activated().build();
    let spec = Arc::new(spec);
    let counters = Arc::<Counters>::default();
    let options = Options {
        strategy: Strategy::Parallel,
        pool: Arc::new(WorkerPool::new(NonZero::new(2).expect("not zero")).expect("threads")),
        control: Control::default(),
        contradictions: Contradictions::default(),
        policy: Policy::Report,
        receipts: Default::default(),
        counters: Arc::clone(&counters),
        #[cfg(feature = "fault-injection")]
        fault: None,
    };
    let contradictions = options.contradictions.clone();
    let parents = Arc::new(AtGenesis(told(&genesis)));
    let config = ParallelEvmConfig::new(Arc::clone(&spec), &options, parents);
    let blocks = cases.into_iter().map(|case| recovered(case.block)).collect();
    Setup { genesis, blocks, spec, config, counters, contradictions }
}

fn recovered(block: tandem_corpus::Block) -> RecoveredBlock<Block> {
    let (transactions, senders) = block.transactions.iter().cloned().map(Recovered::into_parts).unzip();
    let body = BlockBody { transactions, ommers: block.ommers, withdrawals: block.withdrawals };
    RecoveredBlock::new(Block { header: block.header, body }, senders, block.hash)
}

impl Setup {
    fn db(&self) -> CacheDB<Arc<PlainState>> {
        CacheDB::new(Arc::clone(&self.genesis))
    }

    fn execute<DB: alloy_evm::Database>(
        &self,
        mut executor: impl Executor<DB, Primitives = EthPrimitives, Error = BlockExecutionError>,
    ) -> Given {
        let results = self.blocks.iter().map(|block| executor.execute_one(block).expect("valid")).collect();
        (results, executor.into_state().take_bundle())
    }

    /// Executes with a configuration that code knows by its trait alone.
    fn execute_with<E: ConfigureEvm<Primitives = EthPrimitives>>(&self, config: E) -> [Given; 2] {
        [self.execute(config.executor(self.db())), self.execute(config.batch_executor(self.db()))]
    }

    fn expect_parallel(&self, blocks: usize) {
        let counted = self.counters.to_string();
        assert!(counted.starts_with(&format!("{blocks} blocks in parallel (0 departed)")), "{counted}");
        assert!(counted.ends_with("sequential: 0 light"), "{counted}");
    }
}

/// `executor` and `batch_executor` behind a reference or an `Arc` are reth's defaults (`keep_default_for(&, Arc)`).
#[test]
fn a_configuration_executes_in_parallel_however_it_is_held() {
    let setup = setup();
    let [sequential, _] = setup.execute_with(EthEvmConfig::new(Arc::clone(&setup.spec)));
    let config = setup.config.clone();
    let held = [
        setup.execute_with(&config),
        setup.execute_with(Arc::new(config.clone())),
        setup.execute_with(Arc::new(&config)),
        setup.execute_with(config),
    ];
    for given in held.iter().flatten() {
        assert!(*given == sequential);
    }
    setup.expect_parallel(held.len() * 2 * BLOCKS);
}

#[test]
fn batches_that_share_a_configuration_do_not_mix() {
    let setup = setup();
    let [sequential, _] = setup.execute_with(EthEvmConfig::new(Arc::clone(&setup.spec)));
    let mut executors = [setup.config.batch_executor(setup.db()), setup.config.batch_executor(setup.db())];
    // Each is a block behind the other in turn.
    let mut next = [0; 2];
    for at in [0, 1, 1, 0, 0, 1, 1, 0] {
        let block = &setup.blocks[next[at]];
        assert!(executors[at].execute_one(block).expect("valid") == sequential.0[next[at]]);
        next[at] += 1;
    }
    for executor in executors {
        assert!(executor.into_state().take_bundle() == sequential.1);
    }
    setup.expect_parallel(2 * BLOCKS);
}

#[test]
fn a_block_that_is_not_the_next_one_executes_sequentially() {
    let setup = setup();
    let mut executor = setup.config.batch_executor(setup.db());
    executor.execute_one(&setup.blocks[0]).expect("valid");
    let state = executor.into_state();
    // The state is right, but where it began is not known.
    let mut executor =
        setup.config.batch_executor(CacheDB::new(Arc::new(after(&setup.genesis, state.bundle_state))));
    executor.execute_one(&setup.blocks[1]).expect("valid");
    assert!(setup.counters.to_string().ends_with("sequential: 0 light, 1 known"), "{}", setup.counters);
}

fn after(genesis: &PlainState, bundle: BundleState) -> PlainState {
    let mut state = genesis.clone();
    state.apply(&bundle);
    state
}

/// The state with something added to every slot.
fn falsified(state: &Arc<PlainState>) -> Arc<PlainState> {
    let mut state = PlainState::clone(state);
    for account in state.accounts.values_mut() {
        account.storage.values_mut().for_each(|value| *value += U256::from(1));
    }
    Arc::new(state)
}

/// Whether a worker meets the false state before the frontier is there is chance.
#[test]
fn executions_that_contradict_headers_are_overruled() {
    for _ in 0..50 {
        let setup = setup_with(Workload::SwapsManyPools, falsified);
        let sequential = setup.execute(EthEvmConfig::new(Arc::clone(&setup.spec)).batch_executor(setup.db()));
        let given = setup.execute(setup.config.batch_executor(setup.db()));
        assert!(given == sequential);
        let overruled = setup.contradictions.blocks();
        if let Some(last) = overruled.last() {
            let wrong = setup.contradictions.take(last.hash).expect("it was told");
            assert!(wrong.what.contains("; receipts differ from that of transaction "), "{}", wrong.what);
            // A later block's changes cannot be told from those of the blocks before it.
            assert_eq!(wrong.executed.is_some(), last.number == 1);
            return;
        }
    }
    panic!("no worker read anything in 50 batches");
}

#[test]
fn consensus_is_given_the_roots_that_were_computed() {
    let setup = setup();
    let inner = Arc::new(EthBeaconConsensus::new(Arc::clone(&setup.spec)));
    let consensus = TandemConsensus::new(Arc::clone(&inner), setup.config.receipts.clone());
    let mut executor = setup.config.batch_executor(setup.db());
    let mut results = Vec::new();
    for block in &setup.blocks {
        let result = executor.execute_one(block).expect("valid");
        consensus.validate_block_post_execution(block, &result, None, None).expect("valid");
        results.push(result);
    }
    // Those of another block are believed under this one's hash, once; under another hash they are not.
    let [block, other] = [&setup.blocks[0], &setup.blocks[1]];
    setup.config.receipts.compute(block.hash(), &results[1].receipts);
    consensus.validate_block_post_execution(block, &results[0], None, None).expect_err("other receipts");
    consensus.validate_block_post_execution(block, &results[0], None, None).expect("valid");
    setup.config.receipts.compute(other.hash(), &results[1].receipts);
    consensus.validate_block_post_execution(block, &results[0], None, None).expect("valid");
}
