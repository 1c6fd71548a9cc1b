//! A block as reth tells of it.

use std::sync::Arc;

use alloy_consensus::{BlockHeader, Header};
use alloy_eips::BlockNumHash;
use alloy_evm::block::BlockExecutionResult;
use reth_ethereum_primitives::{Block as RethPrimitive, EthPrimitives};
use reth_execution_types::Chain;
use reth_exex::ExExNotification;
use reth_primitives_traits::RecoveredBlock;
use tandem_compare::Output;
use tandem_corpus::Block;
use tandem_exex::{Contradictions, HostError, HostExecution, ImportedBlock, Notification};

use crate::{args::Options, counters::Counters};

/// A block, with the notification's chain that it came in.
#[derive(Debug)]
pub(super) struct RethBlock {
    pub(super) block: Arc<RecoveredBlock<RethPrimitive>>,
    /// The chain, where it is this block alone: reth keeps the changes of several together.
    alone: Option<(Arc<Chain<EthPrimitives>>, Arc<Counters>)>,
    /// Where to ask whether the node's parallel execution was wrong.
    contradictions: Contradictions,
    /// What that one gave.
    wrong: Option<HostExecution>,
}

impl RethBlock {
    /// A block that was read back.
    pub(super) const fn read_back(
        block: Arc<RecoveredBlock<RethPrimitive>>,
        contradictions: Contradictions,
    ) -> Self {
        Self { block, alone: None, contradictions, wrong: None }
    }
}

/// Turns reth's notification into the validator's.
pub(super) fn notification(
    notification: &ExExNotification<EthPrimitives>,
    options: &Options,
) -> Notification<RethBlock> {
    let blocks = |chain: &Arc<Chain<EthPrimitives>>| -> Vec<RethBlock> {
        let alone = (chain.blocks().len() == 1).then(|| (Arc::clone(chain), Arc::clone(&options.counters)));
        let told = |block: &Arc<RecoveredBlock<RethPrimitive>>| RethBlock {
            block: Arc::clone(block),
            alone: alone.clone(),
            contradictions: options.contradictions.clone(),
            wrong: None,
        };
        chain.blocks_iter().map(told).collect()
    };
    match notification {
        ExExNotification::ChainCommitted { new } => Notification::Committed { new: blocks(new) },
        ExExNotification::ChainReorged { old, new } => {
            Notification::Reorged { old: blocks(old), new: blocks(new) }
        }
        ExExNotification::ChainReverted { old } => Notification::Reverted { old: blocks(old) },
    }
}

impl ImportedBlock for RethBlock {
    fn id(&self) -> BlockNumHash {
        self.block.num_hash()
    }

    fn header(&self) -> &Header {
        self.block.header()
    }

    fn transaction_count(&self) -> usize {
        self.block.body().transactions.len()
    }

    fn source(&self) -> String {
        "reth".to_owned()
    }

    fn size_bytes(&self) -> usize {
        // A transaction with its receipt and changes takes about so much, beside its data.
        self.block.rlp_length() + self.transaction_count() * 1024
    }

    fn block(&self) -> Result<Block, HostError> {
        Ok(Block {
            hash: self.block.hash(),
            header: self.block.header().clone(),
            transactions: self.block.clone_transactions_recovered().collect(),
            ommers: self.block.body().ommers.clone(),
            withdrawals: self.block.body().withdrawals.clone(),
        })
    }

    fn take_failure(&mut self) -> Option<String> {
        let wrong = self.contradictions.take(self.block.hash())?;
        self.alone = None;
        self.wrong = wrong.executed;
        self.wrong.is_none().then_some(wrong.what)
    }

    fn take_execution(&mut self) -> Option<HostExecution> {
        if let Some(wrong) = self.wrong.take() {
            return Some(wrong);
        }
        let (chain, counters) = self.alone.take()?;
        let outcome = chain.execution_outcome();
        let header = self.block.header();
        let result = BlockExecutionResult {
            receipts: outcome.receipts.first()?.clone(),
            requests: outcome.requests.first().cloned().unwrap_or_default(),
            gas_used: header.gas_used(),
            blob_gas_used: header.blob_gas_used().unwrap_or_default(),
        };
        let (stats, duration) = counters.took(self.block.hash()).unwrap_or_default();
        let output = Output { result, bundle: outcome.bundle.clone(), bal: None };
        Some(HostExecution { output, state_root: Some(header.state_root), stats, duration })
    }
}
