//! Computes the accumulator of an era: the root of its header records.
//!
//! `hash_tree_root(List[HeaderRecord, 8192])` of SSZ. Written out here because the crate for it (tree_hash) brings
//! another hash library along, and all of it that is needed is a binary tree over SHA-256.

use alloy_primitives::{B256, U256};
use sha2::{Digest, Sha256};

/// Blocks of an era at most.
pub(super) const BLOCKS_MAX: usize = 8192;

/// What the accumulator holds of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderRecord {
    pub(super) block_hash: B256,
    pub(super) total_difficulty: U256,
}

/// Returns the accumulator of at most [`BLOCKS_MAX`] records.
pub(super) fn accumulator(records: &[HeaderRecord]) -> B256 {
    let leaf =
        |record: &HeaderRecord| pair(record.block_hash, B256::new(record.total_difficulty.to_le_bytes()));
    let mut level: Vec<B256> = records.iter().map(leaf).collect();
    let mut empty = B256::ZERO;
    for _ in 0..BLOCKS_MAX.ilog2() {
        level = level.chunks(2).map(|two| pair(two[0], two.get(1).copied().unwrap_or(empty))).collect();
        empty = pair(empty, empty);
    }
    let root = level.first().copied().unwrap_or(empty);
    pair(root, B256::new(U256::from(records.len()).to_le_bytes()))
}

fn pair(one: B256, two: B256) -> B256 {
    B256::new(Sha256::new().chain_update(one).chain_update(two).finalize().into())
}
