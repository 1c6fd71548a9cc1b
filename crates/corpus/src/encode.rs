//! Encodes blocks.

use alloy_consensus::BlockBody;
use alloy_rlp::Encodable;

use crate::block::{Block, Transaction};

/// Returns the RLP of a block, as [`decode_block`](crate::decode_block) reads it.
pub fn encode_block(block: &Block) -> Vec<u8> {
    let body = BlockBody {
        transactions: block.transactions.iter().map(|transaction| transaction.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    };
    let mut rlp = Vec::new();
    alloy_consensus::Block::<Transaction>::new(block.header.clone(), body).encode(&mut rlp);
    rlp
}
