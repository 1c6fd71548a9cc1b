//! The node as the validator sees it.

use std::sync::Arc;

use alloy_eips::{BlockHashOrNumber, BlockNumHash};
use alloy_primitives::B256;
use reth_ethereum_primitives::Block as RethPrimitive;
use reth_exex::ExExEvent;
use reth_storage_api::{
    BlockNumReader, BlockReader, StateProviderFactory, TransactionVariant, errors::provider::ProviderError,
};
use revm::database::BundleState;
use tandem_corpus::ChainSpec;
use tandem_exex::{Contradictions, Host, HostError, ImportedBlock};
use tokio::sync::mpsc::UnboundedSender;

use super::{block::RethBlock, state::SharedState};

/// How far below the validator's position reth is told that blocks are finished.
///
/// reth does not tell an ExEx of blocks up to the height that it called finished, not even of others that come in their
/// place after an unwind or a reorg.
const FINISHED_DEPTH: u64 = 64;

/// A running reth node.
pub(super) struct RethHost<P> {
    provider: P,
    spec: Arc<ChainSpec>,
    genesis: B256,
    events: UnboundedSender<ExExEvent>,
    contradictions: Contradictions,
}

impl<P> RethHost<P> {
    pub(super) const fn new(
        provider: P,
        spec: Arc<ChainSpec>,
        genesis: B256,
        events: UnboundedSender<ExExEvent>,
        contradictions: Contradictions,
    ) -> Self {
        Self { provider, spec, genesis, events, contradictions }
    }
}

impl<P> Host for RethHost<P>
where
    P: BlockReader<Block = RethPrimitive> + BlockNumReader + StateProviderFactory + Clone + Sync + 'static,
{
    type State = SharedState<P>;
    type Block = RethBlock;

    fn genesis(&self) -> B256 {
        self.genesis
    }

    fn spec(&self) -> Arc<ChainSpec> {
        Arc::clone(&self.spec)
    }

    fn head(&self) -> Result<BlockNumHash, HostError> {
        let info = self.provider.chain_info().map_err(|error| HostError::failed("the head", error))?;
        Ok(BlockNumHash::new(info.best_number, info.best_hash))
    }

    fn canonical_hash(&self, number: u64) -> Result<Option<B256>, HostError> {
        if number > self.head()?.number {
            return Ok(None);
        }
        self.provider
            .block_hash(number)
            .map_err(|error| HostError::failed(format!("the hash of block {number}"), error))
    }

    fn canonical_block(&self, number: u64) -> Result<RethBlock, HostError> {
        let what = || format!("block {number}");
        let block = self
            .provider
            .recovered_block(BlockHashOrNumber::Number(number), TransactionVariant::WithHash)
            .map_err(|error| HostError::failed(what(), error))?;
        block
            .map(|block| RethBlock::read_back(Arc::new(block), self.contradictions.clone()))
            .ok_or_else(|| HostError::gone(what()))
    }

    fn parent_state(&self, block: &RethBlock) -> Result<Arc<SharedState<P>>, HostError> {
        SharedState::open(self.provider.clone(), block.header().parent_hash)
            .map(Arc::new)
            .map_err(|error| missing("the state before it", error))
    }

    /// reth's serial computation over the parent's trie in the database; the engine found its own root by a sparse trie
    /// that it fills while the block executes.
    fn state_root(&self, block: &RethBlock, bundle: &BundleState) -> Result<B256, HostError> {
        let state = self
            .provider
            .state_by_block_hash(block.header().parent_hash)
            .map_err(|error| missing("the trie before it", error))?;
        let hashed = state.hashed_post_state(bundle);
        let root = hashed.and_then(|hashed| state.state_root(hashed));
        root.map_err(|error| HostError::failed("the state root", error))
    }

    /// Also said where it says nothing new: reth's manager hands over one notification each time that it is woken, and
    /// would keep the last ones of a burst back until it is told something (reth-exex, manager.rs).
    fn finished(&self, block: BlockNumHash) {
        let number = block.number.saturating_sub(FINISHED_DEPTH);
        if let Ok(Some(hash)) = self.canonical_hash(number) {
            // Without a receiver the node is going down.
            let _ = self.events.send(ExExEvent::FinishedHeight(BlockNumHash::new(number, hash)));
        }
    }
}

/// Tells what is not there any more from what failed.
fn missing(what: &str, error: ProviderError) -> HostError {
    match error {
        ProviderError::StateForHashNotFound(_)
        | ProviderError::StateAtBlockPruned(_)
        | ProviderError::HeaderNotFound(_)
        | ProviderError::BlockHashNotFound(_) => HostError::gone(what),
        error => HostError::failed(what, error),
    }
}
