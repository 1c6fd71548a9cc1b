//! Adapts the embedded chain to the validator.

use std::{path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use revm::database::BundleState;
use tandem_chain::{Executed, Execution, Finished, NotifiedBlock, Subscription};
use tandem_compare::Output;
use tandem_corpus::{Block, ChainSpec, Transaction, decode_block};
use tandem_exex::{Host, HostError, HostExecution, ImportedBlock, Notification, Sink, Validator};
use tandem_state::{ExecutedBlock, StateError, StateView, Store, TrieView, rebuild_root};

/// The chain that an import grows.
#[derive(Debug)]
pub(crate) struct Chain {
    store: Arc<Store>,
    spec: Arc<ChainSpec>,
    genesis: B256,
    finished: Finished,
    source: Arc<str>,
}

/// A block of that chain, as it waits for the validator.
#[derive(Debug)]
pub(crate) struct Imported {
    block: Arc<ExecutedBlock>,
    /// The state and the tries before it, where it came with them.
    parent_state: Option<StateView>,
    parent_trie: Option<TrieView>,
    execution: Option<Arc<Execution>>,
    spec: Arc<ChainSpec>,
    source: Arc<str>,
    size_bytes: usize,
}

impl Chain {
    /// Adapts a store; the directory's name stands for the source of its blocks.
    pub(crate) fn new(
        store: Arc<Store>,
        spec: Arc<ChainSpec>,
        datadir: &Path,
        finished: Finished,
    ) -> Result<Self, StateError> {
        let genesis = store.canonical_hash(0)?.ok_or(StateError::NoBlockHash(0))?;
        Ok(Self { store, spec, genesis, finished, source: datadir.display().to_string().into() })
    }

    fn imported(&self, notified: NotifiedBlock) -> Imported {
        let (block, parent_state, execution) = notified.into_parts();
        let parent_trie = execution.as_ref().map(|execution| execution.parent_trie.clone());
        Imported { parent_state: Some(parent_state), parent_trie, ..self.bare(block, execution) }
    }

    /// A block without the state before it.
    fn bare(&self, block: Arc<ExecutedBlock>, execution: Option<Arc<Execution>>) -> Imported {
        Imported {
            size_bytes: size_bytes(&block, execution.as_deref()),
            parent_state: None,
            parent_trie: None,
            execution,
            block,
            spec: Arc::clone(&self.spec),
            source: Arc::clone(&self.source),
        }
    }

    fn notification(&self, notification: tandem_chain::Notification) -> Notification<Imported> {
        let blocks =
            |blocks: Vec<NotifiedBlock>| blocks.into_iter().map(|block| self.imported(block)).collect();
        match notification {
            tandem_chain::Notification::Committed { new } => Notification::Committed { new: blocks(new) },
            tandem_chain::Notification::Reorged { old, new } => {
                Notification::Reorged { old: blocks(old), new: blocks(new) }
            }
            tandem_chain::Notification::Reverted { old } => Notification::Reverted { old: blocks(old) },
        }
    }
}

/// Tells a validator what a subscription tells, until the chain is closed.
pub(crate) fn forward<S: Sink>(
    mut subscription: Subscription,
    chain: &Chain,
    validator: &Validator<Chain, S>,
) -> Result<(), StateError> {
    while let Some(notification) = subscription.wait()? {
        validator.notify(chain.notification(notification));
    }
    Ok(())
}

/// Says about how much memory a block holds: a store of bytes by what there are many of.
fn size_bytes(block: &ExecutedBlock, execution: Option<&Execution>) -> usize {
    const TRANSACTION: usize = 600;
    const LOG: usize = 250;
    const CHANGE: usize = 200;
    let logs: usize = block.receipts.iter().map(|receipt| receipt.logs.len()).sum();
    let changes =
        execution.map_or(0, |execution| execution.bundle.state_size + execution.bundle.reverts_size);
    (block.body.transactions.len() + 1) * TRANSACTION + logs * LOG + changes * CHANGE
}

impl Host for Chain {
    type State = StateView;
    type Block = Imported;

    fn genesis(&self) -> B256 {
        self.genesis
    }

    fn spec(&self) -> Arc<ChainSpec> {
        Arc::clone(&self.spec)
    }

    fn head(&self) -> Result<BlockNumHash, HostError> {
        let head = self.store.head();
        Ok(BlockNumHash::new(head.number, head.hash))
    }

    fn canonical_hash(&self, number: u64) -> Result<Option<B256>, HostError> {
        let hash = self.store.canonical_hash(number);
        hash.map_err(|error| HostError::failed(format!("the hash of block {number}"), error))
    }

    fn canonical_block(&self, number: u64) -> Result<Imported, HostError> {
        let block = tandem_chain::read_back(&self.store, number);
        let block = block.map_err(|error| unreadable(format!("block {number}"), &error))?;
        Ok(self.bare(Arc::new(block), None))
    }

    fn parent_state(&self, block: &Imported) -> Result<Arc<StateView>, HostError> {
        let state = match &block.parent_state {
            Some(state) => Ok(state.clone()),
            None => self.before(block, |number| self.store.state_at(number)),
        };
        let what = || format!("the state before block {}", block.header().number);
        state.map(Arc::new).map_err(|error| unreadable(what(), &error))
    }

    /// By alloy-trie's hash builder; the chain's own is by a partial trie.
    fn state_root(&self, block: &Imported, bundle: &BundleState) -> Result<B256, HostError> {
        let number = block.header().number;
        let what = || format!("the tries before block {number}");
        let trie = match &block.parent_trie {
            Some(trie) => trie.clone(),
            None => {
                let trie = self.before(block, |number| self.store.trie_at(number));
                trie.map_err(|error| unreadable(what(), &error))?
            }
        };
        rebuild_root(&trie, trie.root(), bundle).map_err(|error| HostError::failed(what(), error))
    }

    fn finished(&self, block: BlockNumHash) {
        self.finished.up_to(block.number);
    }
}

impl Chain {
    /// Opens what the store has of a block's parent, which must be canonical before and after that: the chain may move.
    fn before<T>(
        &self,
        block: &Imported,
        open: impl FnOnce(u64) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let Header { number, parent_hash, .. } = *block.header();
        let number = number.saturating_sub(1);
        let opened = open(number);
        let (above, parent) = (self.store.canonical_hash(number + 1)?, self.store.canonical_hash(number)?);
        if (above, parent) == (Some(block.block.hash), Some(parent_hash)) {
            opened
        } else {
            Err(StateError::NoBlock(parent_hash))
        }
    }
}

/// Tells what is gone from what cannot be read.
fn unreadable(what: String, error: &StateError) -> HostError {
    match error {
        StateError::NoState { .. } | StateError::NoBlock(_) | StateError::NoBlockHash(_) => {
            HostError::Gone { what }
        }
        error => HostError::failed(what, error),
    }
}

impl ImportedBlock for Imported {
    fn id(&self) -> BlockNumHash {
        BlockNumHash::new(self.header().number, self.block.hash)
    }

    fn header(&self) -> &Header {
        &self.block.header
    }

    fn transaction_count(&self) -> usize {
        self.block.body.transactions.len()
    }

    fn source(&self) -> String {
        self.source.to_string()
    }

    fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn block(&self) -> Result<Block, HostError> {
        if let Some(execution) = &self.execution {
            return Ok(execution.block.clone());
        }
        let (header, body) = (self.header().clone(), self.block.body.clone());
        let rlp = alloy_rlp::encode(alloy_consensus::Block::<Transaction>::new(header, body));
        let what = || format!("block {}", self.header().number);
        decode_block(&rlp, &self.spec).map_err(|error| HostError::failed(what(), error))
    }

    fn take_execution(&mut self) -> Option<HostExecution> {
        let execution = self.execution.take()?;
        if let Some(wrong) = execution.contradiction.as_ref().and_then(|parallel| parallel.executed.as_ref())
        {
            return Some(contradicting(wrong));
        }
        let result = alloy_evm::block::BlockExecutionResult {
            receipts: self.block.receipts.clone(),
            requests: execution.requests.clone(),
            gas_used: execution.gas_used,
            blob_gas_used: execution.blob_gas_used,
        };
        let (stats, duration) = (execution.stats.clone(), execution.duration);
        // Nobody else has it, unless the block was on another branch.
        let (bundle, bal) = match Arc::try_unwrap(execution) {
            Ok(execution) => (execution.bundle, execution.block_access_list),
            Err(shared) => (shared.bundle.clone(), shared.block_access_list.clone()),
        };
        // A block is on disk only if the root that the chain computed is its header's.
        let state_root = Some(self.header().state_root);
        Some(HostExecution { output: Output { result, bundle, bal }, state_root, stats, duration })
    }

    fn take_failure(&mut self) -> Option<String> {
        let parallel = self.execution.as_ref()?.contradiction.as_ref()?;
        let what = parallel.executed.is_none().then(|| parallel.what.clone())?;
        self.execution = None;
        Some(what)
    }
}

/// Hands out an execution whose roots are not the header's; nobody else has computed its state root to the end.
fn contradicting(wrong: &Executed) -> HostExecution {
    let output = Output {
        result: wrong.result.clone(),
        bundle: wrong.bundle.clone(),
        bal: wrong.block_access_list.clone(),
    };
    HostExecution { output, state_root: None, stats: wrong.stats.clone(), duration: wrong.duration }
}
