//! A host in memory, over a generated chain.

#![allow(dead_code, reason = "shared by test binaries that each use a part")]

use std::{collections::BTreeSet, sync::Arc, thread, time::Duration};

use alloy_consensus::Header;
use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use parking_lot::Mutex;
use revm::database::BundleState;
use tandem_compare::{CarriedState, Engine, Observe, Parallel, Reference, RootSource, Seam};
use tandem_corpus::{Block, Case, ChainSpec, GenerateOptions, PlainState, Workload, generate};
use tandem_executor::{BlockStats, Strategy, WorkerPool};
use tandem_exex::{Bounds, Host, HostError, HostExecution, ImportedBlock, Mode, Overflow, Policy, Settings};

/// How the host's execution is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The last receipt lacks its logs and says failure.
    Receipt,
    /// The state root is another one.
    Root,
}

/// A chain whose first blocks are canonical.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) cases: Vec<Case>,
    genesis: B256,
    pub(crate) head: Mutex<u64>,
    /// Blocks whose parent's state is gone.
    pub(crate) gone: Mutex<BTreeSet<u64>>,
    /// How long a state root takes.
    pub(crate) delay: Mutex<Duration>,
    pub(crate) finished: Mutex<Vec<u64>>,
}

/// A block with the host's execution.
#[derive(Debug)]
pub(crate) struct Told {
    case: Case,
    execution: Option<HostExecution>,
}

impl Memory {
    pub(crate) fn new(blocks: usize, txs_per_block: usize) -> Arc<Self> {
        let options = GenerateOptions {
            blocks,
            txs_per_block,
            state_root: Some(tandem_chain::state_root),
            ..GenerateOptions::default()
        };
        let generator = generate(Workload::Mixed, 11, options);
        let genesis = generator.genesis_header().unwrap().hash_slow();
        let cases = generator.collect::<Result<Vec<_>, _>>().unwrap();
        Arc::new(Self {
            cases,
            genesis,
            head: Mutex::new(0),
            gone: Mutex::default(),
            delay: Mutex::default(),
            finished: Mutex::default(),
        })
    }

    /// Imports the block of a number: executes it and makes it the head.
    pub(crate) fn import(&self, number: u64, mode: Mode, fault: Fault) -> Told {
        let case = self.case(number).clone();
        let (execution, stats) = match mode {
            Mode::Live => engine().execute_counted(&case, Observe::Output),
            Mode::Shadow => (Reference::default().execute(&case, Observe::Output), BlockStats::default()),
        };
        let mut output = execution.result.unwrap();
        let mut state_root = case.block.header.state_root;
        match fault {
            Fault::None => {}
            Fault::Receipt => {
                let receipt = output.result.receipts.last_mut().unwrap();
                (receipt.success, receipt.logs) = (false, Vec::new());
            }
            Fault::Root => state_root = B256::repeat_byte(7),
        }
        *self.head.lock() = number;
        let state_root = Some(state_root);
        let execution = HostExecution { output, state_root, stats, duration: execution.duration };
        Told { case, execution: Some(execution) }
    }

    pub(crate) fn imported(&self, numbers: std::ops::RangeInclusive<u64>) -> Vec<Told> {
        numbers.map(|number| self.import(number, Mode::Live, Fault::None)).collect()
    }

    fn case(&self, number: u64) -> &Case {
        &self.cases[number as usize - 1]
    }
}

pub(crate) fn engine() -> Parallel {
    let pool = WorkerPool::new(2.try_into().unwrap()).unwrap();
    Parallel::new(Arc::new(pool), Strategy::Parallel, Seam::Block)
}

pub(crate) fn settings(report_dir: Option<&std::path::Path>) -> Settings {
    Settings {
        mode: Mode::Live,
        policy: Policy::Report,
        bounds: Bounds::default(),
        overflow: Overflow::Wait,
        parallel: engine(),
        report_dir: report_dir.map(ToOwned::to_owned),
        alert: None,
    }
}

impl Host for Memory {
    type State = PlainState;
    type Block = Told;

    fn genesis(&self) -> B256 {
        self.genesis
    }

    fn spec(&self) -> Arc<ChainSpec> {
        Arc::clone(&self.cases[0].spec)
    }

    fn head(&self) -> Result<BlockNumHash, HostError> {
        let number = *self.head.lock();
        let hash = if number == 0 { self.genesis } else { self.case(number).block.hash };
        Ok(BlockNumHash::new(number, hash))
    }

    fn canonical_hash(&self, number: u64) -> Result<Option<B256>, HostError> {
        Ok((number <= *self.head.lock()).then(|| self.case(number).block.hash))
    }

    fn canonical_block(&self, number: u64) -> Result<Told, HostError> {
        Ok(Told { case: self.case(number).clone(), execution: None })
    }

    fn parent_state(&self, block: &Told) -> Result<Arc<PlainState>, HostError> {
        if self.gone.lock().contains(&block.id().number) {
            return Err(HostError::gone("the state before it"));
        }
        Ok(Arc::clone(&block.case.state))
    }

    fn state_root(&self, block: &Told, bundle: &BundleState) -> Result<B256, HostError> {
        thread::sleep(*self.delay.lock());
        CarriedState
            .state_root(&block.case, bundle)
            .map_err(|error| HostError::failed("the state root", error))
    }

    fn finished(&self, block: BlockNumHash) {
        self.finished.lock().push(block.number);
    }
}

impl ImportedBlock for Told {
    fn id(&self) -> BlockNumHash {
        BlockNumHash::new(self.case.block.header.number, self.case.block.hash)
    }

    fn header(&self) -> &Header {
        &self.case.block.header
    }

    fn transaction_count(&self) -> usize {
        self.case.block.transactions.len()
    }

    fn source(&self) -> String {
        "memory".to_owned()
    }

    fn size_bytes(&self) -> usize {
        1000
    }

    fn block(&self) -> Result<Block, HostError> {
        Ok(self.case.block.clone())
    }

    fn take_execution(&mut self) -> Option<HostExecution> {
        self.execution.take()
    }
}
