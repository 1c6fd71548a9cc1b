//! Bounds the size of a block from Osaka on (EIP-7934).

use alloy_hardforks::EthereumHardforks;
use alloy_rlp::{Encodable, Header as RlpHeader};
use tandem_corpus::{Block, ChainSpec};

use crate::error::ConsensusError;

/// Most bytes of RLP: the 10 MiB of a gossip message less a margin of 2 MiB for the beacon block around it.
const MAXIMUM: usize = 10 * 1024 * 1024 - 2 * 1024 * 1024;

pub(super) fn validate(spec: &ChainSpec, block: &Block) -> Result<(), ConsensusError> {
    if !spec.is_osaka_active_at_timestamp(block.header.timestamp) {
        return Ok(());
    }
    let got = rlp_length(block);
    if got > MAXIMUM { Err(ConsensusError::BlockTooLarge { got, maximum: MAXIMUM }) } else { Ok(()) }
}

/// Returns how long a block is in RLP, in bytes.
pub(super) fn rlp_length(block: &Block) -> usize {
    let list = |payload_length| RlpHeader { list: true, payload_length }.length_with_payload();
    let transactions = list(block.transactions.iter().map(|tx| tx.inner().length()).sum());
    let ommers = list(block.ommers.iter().map(Encodable::length).sum());
    let withdrawals = block.withdrawals.as_ref().map_or(0, Encodable::length);
    list(block.header.length() + transactions + ommers + withdrawals)
}

#[cfg(test)]
mod tests {
    use alloy_consensus::{BlockBody, Header};

    use super::*;

    #[test]
    fn length_is_that_of_the_encoding() {
        let header = Header { number: 7, ..Header::default() };
        let ommers = vec![Header { number: 6, ..Header::default() }];
        for withdrawals in [None, Some(vec![Default::default(); 3].into())] {
            let block = Block {
                hash: header.hash_slow(),
                header: header.clone(),
                transactions: [].into(),
                ommers: ommers.clone(),
                withdrawals: withdrawals.clone(),
            };
            let body = BlockBody::<tandem_corpus::Transaction> {
                transactions: vec![],
                ommers: ommers.clone(),
                withdrawals,
            };
            let encoded = alloy_rlp::encode(alloy_consensus::Block { header: header.clone(), body });
            assert_eq!(rlp_length(&block), encoded.len());
        }
    }
}
