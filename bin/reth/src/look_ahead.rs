//! Decides what workers are given before a block, or why they get nothing.

use std::sync::Arc;

use alloy_consensus::transaction::Recovered;
use alloy_primitives::Address;
use alloy_rpc_types_engine::ExecutionData;
use rayon::prelude::*;
use reth_ethereum_primitives::{Block, TransactionSigned};
use reth_primitives_traits::{SealedBlock, SignedTransaction};
use tandem_executor::LookAhead;

use crate::{
    config::ParallelEvmConfig,
    parents::{Parent, Readers},
    payload::PayloadSenders,
};

/// Why a block is executed without a look-ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sequential {
    /// The options say so.
    Asked,
    /// The validator saw a divergence, and the policy is to fall back.
    FellBack,
    /// Its parallel execution contradicted the header: this one decides.
    Distrusted,
    /// It is in the node already: whoever executes it again wants to look at it.
    Known,
    /// It has a block access list: reth executes it in parallel by that, or wants to see all reads.
    AccessList,
    /// The state before it cannot be read by others than reth's own execution.
    NoParentState,
    /// A transaction cannot be decoded, or its sender not be recovered.
    BadTransaction,
}

/// What a block is executed with.
pub(crate) type Foreseen = Result<LookAhead<TransactionSigned>, Sequential>;

/// Looks ahead to a payload of the engine's.
pub(crate) fn for_payload(
    config: &ParallelEvmConfig,
    payload: &ExecutionData,
    senders: Option<Arc<PayloadSenders>>,
) -> Foreseen {
    let strategy = config.strategy()?;
    if payload.payload.as_v4().is_some() {
        return Err(Sequential::AccessList);
    }
    let readers = readers(config, Parent::After(payload.parent_hash()))?;
    let cache = || config.eth.sender_recovery_cache.clone();
    let senders = senders
        .unwrap_or_else(|| Arc::new(PayloadSenders::new(payload.payload.transactions().clone(), cache())));
    let transactions = senders.all().ok_or(Sequential::BadTransaction)?;
    Ok(LookAhead { transactions, base: Arc::new(readers), strategy })
}

/// Looks ahead to a block that is not in the node yet, as the engine has it from its peers.
pub(crate) fn for_block(config: &ParallelEvmConfig, block: &SealedBlock<Block>) -> Foreseen {
    let strategy = config.strategy()?;
    if block.header().block_access_list_hash.is_some() {
        return Err(Sequential::AccessList);
    }
    if config.parents.has(block.hash()) {
        return Err(Sequential::Known);
    }
    let readers = readers(config, Parent::After(block.header().parent_hash))?;
    let transactions = transactions(config, block, None)?;
    Ok(LookAhead { transactions, base: Arc::new(readers), strategy })
}

/// Returns a block's transactions with their senders, which are recovered unless they are known.
pub(crate) fn transactions(
    config: &ParallelEvmConfig,
    block: &SealedBlock<Block>,
    senders: Option<Vec<Address>>,
) -> Result<Arc<[Recovered<TransactionSigned>]>, Sequential> {
    let transactions = &block.body().transactions;
    if let Some(senders) = senders.filter(|senders| senders.len() == transactions.len()) {
        let known = transactions.iter().zip(senders);
        return Ok(known.map(|(tx, sender)| tx.clone().with_signer(sender)).collect());
    }
    let cache = &config.eth.sender_recovery_cache;
    let recovered: Option<Vec<_>> = transactions
        .par_iter()
        .map(|tx| {
            let sender = match cache {
                Some(cache) => cache.recover(tx),
                None => tx.try_recover(),
            };
            Some(tx.clone().with_signer(sender.ok()?))
        })
        .collect();
    recovered.map(Into::into).ok_or(Sequential::BadTransaction)
}

/// Opens a state of the engine's, which executes when no batch does.
fn readers(config: &ParallelEvmConfig, parent: Parent) -> Result<Readers, Sequential> {
    config.batches.clear();
    Readers::open(&config.parents, parent).ok_or(Sequential::NoParentState)
}
