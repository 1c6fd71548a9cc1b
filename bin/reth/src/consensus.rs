//! reth's consensus, which is given receipts roots that are computed already.
//!
//! Whether a parallel execution of the pipeline's stands is asked before reth checks its receipts, by the same sums over
//! them. They are computed once.

use std::{fmt::Debug, sync::Arc};

use alloy_consensus::{Header, TxReceipt, proofs::calculate_receipt_root};
use alloy_evm::block::BlockExecutionResult;
use alloy_primitives::{B256, Bloom};
use parking_lot::Mutex;
use reth_chainspec::ChainSpec;
use reth_consensus::{
    Consensus, ConsensusError, FullConsensus, HeaderValidator, ReceiptRootBloom, TransactionRoot,
};
use reth_ethereum_primitives::{Block, BlockBody, EthPrimitives, Receipt};
use reth_node_api::{FullNodeTypes, NodeTypes};
use reth_node_builder::{BuilderContext, components::ConsensusBuilder};
use reth_node_ethereum::{EthereumConsensusBuilder, consensus::EthBeaconConsensus};
use reth_primitives_traits::{RecoveredBlock, SealedBlock, SealedHeader};

/// Root and bloom of the receipts of the block that was executed last, until reth asks. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceiptRoots(Arc<Mutex<Option<(B256, ReceiptRootBloom)>>>);

impl ReceiptRoots {
    /// Computes root and bloom of a block's receipts, and remembers them.
    pub(crate) fn compute(&self, block: B256, receipts: &[Receipt]) -> ReceiptRootBloom {
        let with_blooms: Vec<_> = receipts.iter().map(TxReceipt::with_bloom_ref).collect();
        let bloom = with_blooms.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.logs_bloom);
        let computed = (calculate_receipt_root(&with_blooms), bloom);
        *self.0.lock() = Some((block, computed));
        computed
    }

    fn take(&self, block: B256) -> Option<ReceiptRootBloom> {
        self.0.lock().take().filter(|(known, _)| *known == block).map(|(_, computed)| computed)
    }
}

/// reth's consensus.
#[derive(Clone, Debug)]
pub(crate) struct TandemConsensus {
    inner: Arc<EthBeaconConsensus<ChainSpec>>,
    receipts: ReceiptRoots,
}

impl TandemConsensus {
    pub(crate) const fn new(inner: Arc<EthBeaconConsensus<ChainSpec>>, receipts: ReceiptRoots) -> Self {
        Self { inner, receipts }
    }
}

impl FullConsensus<EthPrimitives> for TandemConsensus {
    fn validate_block_post_execution(
        &self,
        block: &RecoveredBlock<Block>,
        result: &BlockExecutionResult<Receipt>,
        receipt_root_bloom: Option<ReceiptRootBloom>,
        block_access_list_hash: Option<B256>,
    ) -> Result<(), ConsensusError> {
        let computed = receipt_root_bloom.or_else(|| self.receipts.take(block.hash()));
        FullConsensus::<EthPrimitives>::validate_block_post_execution(
            &self.inner,
            block,
            result,
            computed,
            block_access_list_hash,
        )
    }
}

impl Consensus<Block> for TandemConsensus {
    fn validate_body_against_header(
        &self,
        body: &BlockBody,
        header: &SealedHeader,
    ) -> Result<(), ConsensusError> {
        Consensus::<Block>::validate_body_against_header(&self.inner, body, header)
    }

    fn validate_block_pre_execution(&self, block: &SealedBlock<Block>) -> Result<(), ConsensusError> {
        self.inner.validate_block_pre_execution(block)
    }

    fn is_transient_error(&self, error: &ConsensusError) -> bool {
        Consensus::<Block>::is_transient_error(&self.inner, error)
    }

    fn validate_block_pre_execution_with_tx_root(
        &self,
        block: &SealedBlock<Block>,
        transaction_root: Option<TransactionRoot>,
    ) -> Result<(), ConsensusError> {
        self.inner.validate_block_pre_execution_with_tx_root(block, transaction_root)
    }
}

impl HeaderValidator<Header> for TandemConsensus {
    fn validate_header(&self, header: &SealedHeader) -> Result<(), ConsensusError> {
        self.inner.validate_header(header)
    }

    fn validate_header_against_parent(
        &self,
        header: &SealedHeader,
        parent: &SealedHeader,
    ) -> Result<(), ConsensusError> {
        self.inner.validate_header_against_parent(header, parent)
    }
}

/// Builds a node's consensus.
#[derive(Clone, Debug)]
pub(crate) struct TandemConsensusBuilder(pub(crate) ReceiptRoots);

impl<N> ConsensusBuilder<N> for TandemConsensusBuilder
where
    N: FullNodeTypes<Types: NodeTypes<ChainSpec = ChainSpec, Primitives = EthPrimitives>>,
{
    type Consensus = TandemConsensus;

    async fn build_consensus(self, ctx: &BuilderContext<N>) -> eyre::Result<TandemConsensus> {
        let inner = EthereumConsensusBuilder::default().build_consensus(ctx).await?;
        Ok(TandemConsensus::new(inner, self.0))
    }
}
