//! Looks ahead to the blocks of a batch: many, one on another, before any is written, as reth's pipeline executes them.
//!
//! reth's own executor of batches (`BasicBlockExecutor`) asks the configuration for each block's executor and hands over
//! its `State`; behind a reference or an `Arc` too.

mod referee;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use parking_lot::Mutex;
pub(crate) use referee::HeaderReferee;
use reth_ethereum_primitives::Block;
use reth_primitives_traits::SealedBlock;
use revm::database::{BundleState, State};
use tandem_executor::{LookAhead, Overlay, OverlaySource};

use crate::{
    config::ParallelEvmConfig,
    look_ahead::{self, Foreseen, Sequential},
    parents::{Parent, Readers},
};

/// The batch that is being executed. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batches {
    at_hand: Arc<Mutex<Option<Batch>>>,
    /// Whether to execute sequentially from now on.
    distrusted: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Batch {
    /// What earlier blocks of the batch changed.
    overlay: Overlay,
    /// How many they are.
    depth: usize,
    /// The block at hand.
    block: B256,
}

impl Batches {
    /// Returns what a bundle changed, whose last block is `parent`, for `block` to be executed on.
    fn overlay(&self, bundle: &BundleState, parent: B256, block: B256) -> Overlay {
        let depth = bundle.reverts.len();
        let mut batch = self.at_hand.lock();
        let overlay = match batch.take() {
            Some(before) if before.block == parent && before.depth + 1 == depth => {
                before.overlay.follow(bundle);
                before.overlay
            }
            _ => Overlay::of(bundle),
        };
        *batch = Some(Batch { overlay: overlay.clone(), depth, block });
        overlay
    }

    /// Frees what is kept of a batch that is over.
    pub(crate) fn clear(&self) {
        *self.at_hand.lock() = None;
    }

    /// Has blocks of batches executed sequentially from now on: the state after some contradicts a header.
    pub(crate) fn distrust(&self) {
        self.distrusted.store(true, Relaxed);
    }
}

/// Looks ahead to a block that is executed on a state after its parent.
///
/// Only if it is the pipeline's next one: the blocks merged into the state, which has an entry of reverts for each, follow
/// on the last block that the pipeline wrote. Who executes another block so has it in the node, and looks at it.
pub(crate) fn for_block<DB>(
    config: &ParallelEvmConfig,
    state: &State<DB>,
    block: &SealedBlock<Block>,
) -> Foreseen {
    let strategy = config.strategy()?;
    if config.batches.distrusted.load(Relaxed) {
        return Err(Sequential::Distrusted);
    }
    if block.header().block_access_list_hash.is_some() {
        return Err(Sequential::AccessList);
    }
    let BlockNumHash { number, hash } = block.num_hash();
    // What a failed block left.
    if state.transition_state.as_ref().is_some_and(|left| !left.transitions.is_empty()) {
        return Err(Sequential::NoParentState);
    }
    let depth = state.bundle_state.reverts.len() as u64;
    let first = number.checked_sub(depth).ok_or(Sequential::NoParentState)?;
    let base = Readers::open(&config.parents, Parent::Batch { first, number, hash });
    let base = base.ok_or_else(|| match config.parents.has(hash) {
        true => Sequential::Known,
        false => Sequential::NoParentState,
    })?;
    let senders = config.parents.senders(number);
    let transactions = look_ahead::transactions(config, block, senders)?;
    let overlay = config.batches.overlay(&state.bundle_state, block.header().parent_hash, hash);
    Ok(LookAhead { transactions, base: Arc::new(OverlaySource::new(overlay, base)), strategy })
}

#[cfg(test)]
mod tests;
