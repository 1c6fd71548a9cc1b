//! Writes a block down as RLP with its senders.

use alloy_consensus::{Block as RlpBlock, BlockBody, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::{Decodable, Encodable};
use serde::{Deserialize, Serialize};
use tandem_corpus::{Block, Transaction};

use super::EvidenceError;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockEvidence {
    /// The block's number, for people.
    pub number: u64,
    /// Keccak hash of the header.
    pub hash: B256,
    /// The block as RLP: header, transactions, ommers, withdrawals.
    pub rlp: Bytes,
    /// The sender of each transaction. Written down rather than recovered, so that a block whose signatures are
    /// not real replays too.
    pub senders: Vec<Address>,
}

impl BlockEvidence {
    /// Writes a block down.
    pub fn of(block: &Block) -> Self {
        let transactions = block.transactions.iter().map(|transaction| transaction.inner().clone()).collect();
        let body =
            BlockBody { transactions, ommers: block.ommers.clone(), withdrawals: block.withdrawals.clone() };
        let mut rlp = Vec::new();
        RlpBlock::new(block.header.clone(), body).encode(&mut rlp);
        Self {
            number: block.header.number,
            hash: block.hash,
            rlp: rlp.into(),
            senders: block.transactions.iter().map(|transaction| transaction.signer()).collect(),
        }
    }

    /// Rebuilds the block.
    pub fn block(&self) -> Result<Block, EvidenceError> {
        let mut rest = &self.rlp[..];
        let block = RlpBlock::<Transaction>::decode(&mut rest).map_err(|error| {
            let offset = self.rlp.len() - rest.len();
            EvidenceError::field("block.rlp", "the RLP of a block", format!("{error} at byte {offset}"))
        })?;
        if !rest.is_empty() {
            let found = format!("{} bytes more", rest.len());
            return Err(EvidenceError::field("block.rlp", "the end of the block", found));
        }
        let RlpBlock { header, body } = block;
        let hash = header.hash_slow();
        if hash != self.hash {
            return Err(EvidenceError::field("block.hash", hash, self.hash));
        }
        if body.transactions.len() != self.senders.len() {
            let (expected, found) = (body.transactions.len(), self.senders.len());
            return Err(EvidenceError::field("block.senders", format!("{expected} senders"), found));
        }
        let transactions = body
            .transactions
            .into_iter()
            .zip(&self.senders)
            .map(|(transaction, sender)| Recovered::new_unchecked(transaction, *sender))
            .collect();
        Ok(Block { hash, header, transactions, ommers: body.ommers, withdrawals: body.withdrawals })
    }
}
