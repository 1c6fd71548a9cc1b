//! Offers the pool's transactions to reth's prewarming, as reth's own source does, which it keeps to itself.

use alloy_primitives::B256;
use reth_engine_tree::tree::{TxPoolPrewarmSource, TxPoolPrewarmTransaction, TxPoolPrewarmTransactions};
use reth_ethereum_primitives::{EthPrimitives, TransactionSigned};
use reth_transaction_pool::{BestTransactions, BestTransactionsAttributes, PoolTransaction, TransactionPool};

/// The best of a pool's transactions.
#[derive(Debug)]
pub(super) struct PoolTransactions<P>(pub(super) P);

impl<P> TxPoolPrewarmSource<EthPrimitives> for PoolTransactions<P>
where
    P: TransactionPool<Transaction: PoolTransaction<Consensus = TransactionSigned>> + 'static,
{
    /// None where the pool stands at another block than the one whose children are prewarmed.
    fn best_transactions(&self, parent_hash: B256) -> Option<TxPoolPrewarmTransactions<EthPrimitives>> {
        let at = self.0.block_info();
        if at.last_seen_block_hash != parent_hash {
            return None;
        }
        let blob_fee = at.pending_blob_fee.map(|fee| fee.try_into().unwrap_or(u64::MAX));
        let attributes = BestTransactionsAttributes::new(at.pending_basefee, blob_fee);
        let mut best = self.0.best_transactions_with_attributes(attributes);
        best.allow_updates_out_of_order();
        best.skip_blobs();
        Some(Box::new(best.map(|pooled| TxPoolPrewarmTransaction {
            hash: *pooled.hash(),
            sender: pooled.sender(),
            transaction: pooled.transaction.clone_into_consensus(),
        })))
    }
}
