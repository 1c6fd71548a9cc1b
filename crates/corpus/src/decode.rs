//! Decodes blocks strictly and recovers their senders.

use alloy_consensus::{
    Header, Transaction as _,
    crypto::RecoveryError,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::Address;
use alloy_rlp::{Decodable, Encodable};

use crate::{
    block::{Block, Transaction},
    chain_spec::ChainSpec,
};

/// Bytes that are not a block of the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockDecodeError {
    /// The bytes are not the RLP of a block.
    #[error("offset {offset} of {length} bytes: expected the RLP of a block: {source}")]
    Rlp {
        /// Where decoding stopped.
        offset: usize,
        /// Length of the input.
        length: usize,
        /// What was wrong there.
        source: alloy_rlp::Error,
    },
    /// Something follows the block.
    #[error("expected the end of the block after {length} bytes, found {trailing} more")]
    TrailingBytes {
        /// Length of the block.
        length: usize,
        /// Number of bytes after it.
        trailing: usize,
    },
    /// The bytes decode, but are not the one encoding of what they decode to.
    #[error("expected canonical RLP, found another encoding of the block")]
    NonCanonical,
    /// A signature that no sender can have made, or of a form that the fork does not have.
    #[error("transaction {index}: {source}")]
    Signature {
        /// Position in the block.
        index: usize,
        /// What is wrong with it.
        source: SignatureError,
    },
}

/// A transaction without a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No key gives this signature, or its `s` is high from Homestead on (EIP-2).
    #[error("expected a valid signature, found one that no sender can be recovered from")]
    Unrecoverable,
    /// A legacy transaction names a chain before Spurious Dragon (EIP-155).
    #[error("expected a signature without chain id before EIP-155, found one for chain {chain_id}")]
    ChainIdTooEarly {
        /// The chain that it names.
        chain_id: u64,
    },
}

impl From<RecoveryError> for SignatureError {
    fn from(_: RecoveryError) -> Self {
        Self::Unrecoverable
    }
}

/// Decodes one block and recovers its senders, by the rules of the block's fork.
///
/// Says nothing about the block's validity beyond its encoding and signatures: roots are for the import to check.
pub fn decode_block(rlp: &[u8], spec: &ChainSpec) -> Result<Block, BlockDecodeError> {
    recover_block(decode_unrecovered(rlp)?, spec)
}

/// Decodes one block and leaves its senders to [`recover_sender`].
pub fn decode_unrecovered(rlp: &[u8]) -> Result<alloy_consensus::Block<Transaction>, BlockDecodeError> {
    let mut rest = rlp;
    let block = alloy_consensus::Block::<Transaction>::decode(&mut rest).map_err(|source| {
        BlockDecodeError::Rlp { offset: rlp.len() - rest.len(), length: rlp.len(), source }
    })?;
    if !rest.is_empty() {
        let length = rlp.len() - rest.len();
        return Err(BlockDecodeError::TrailingBytes { length, trailing: rest.len() });
    }
    if block.length() != rlp.len() || alloy_rlp::encode(&block) != rlp {
        return Err(BlockDecodeError::NonCanonical);
    }
    Ok(block)
}

/// Recovers the senders of a block.
pub(crate) fn recover_block(
    block: alloy_consensus::Block<Transaction>,
    spec: &ChainSpec,
) -> Result<Block, BlockDecodeError> {
    let alloy_consensus::Block { header, body } = block;
    let transactions = body
        .transactions
        .into_iter()
        .enumerate()
        .map(|(index, transaction)| {
            let sender = recover_sender(&transaction, &header, spec)
                .map_err(|source| BlockDecodeError::Signature { index, source })?;
            Ok(Recovered::new_unchecked(transaction, sender))
        })
        .collect::<Result<_, _>>()?;
    let hash = header.hash_slow();
    Ok(Block { hash, header, transactions, ommers: body.ommers, withdrawals: body.withdrawals })
}

/// Recovers a sender: a high `s` was valid before Homestead (EIP-2), a chain id not before EIP-155.
pub fn recover_sender(
    transaction: &Transaction,
    header: &Header,
    spec: &ChainSpec,
) -> Result<Address, SignatureError> {
    if let (true, Some(chain_id)) = (transaction.is_legacy(), transaction.chain_id())
        && !spec.is_spurious_dragon_active_at_block(header.number)
    {
        return Err(SignatureError::ChainIdTooEarly { chain_id });
    }
    if spec.is_homestead_active_at_block(header.number) {
        Ok(transaction.recover_signer()?)
    } else {
        Ok(transaction.recover_signer_unchecked()?)
    }
}

#[cfg(test)]
mod tests;
