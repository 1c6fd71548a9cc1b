//! Blob gas: what a block may use and what carries over (EIP-4844), by the blob parameters of its time (EIP-7840,
//! EIP-7892; EIP-7691's are Prague's), with Osaka's reserve price (EIP-7918).

use alloy_consensus::{Header, Transaction as _};
use alloy_eips::{eip4844::DATA_GAS_PER_BLOB, eip7840::BlobParams};
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::Block;

use super::{Fork, HeaderContext, field_of};
use crate::error::ConsensusError;

pub(super) fn validate(context: &HeaderContext<'_>, header: &Header) -> Result<(), ConsensusError> {
    let fork = Fork::from(context.spec.is_cancun_active_at_timestamp(header.timestamp));
    let used = field_of("blob gas used", 4844, header.blob_gas_used, fork)?;
    let excess = field_of("excess blob gas", 4844, header.excess_blob_gas, fork)?;
    let (Some(used), Some(excess)) = (used, excess) else { return Ok(()) };
    let Some(params) = context.spec.blob_params_at(header.timestamp) else { return Ok(()) };

    let maximum = params.max_blob_gas_per_block();
    if used > maximum {
        return Err(ConsensusError::BlobGasAboveMaximum { got: used, maximum });
    }
    let expected = expected_excess(&params, context.parent);
    if excess != expected {
        return Err(ConsensusError::ExcessBlobGas { got: excess, expected });
    }
    Ok(())
}

/// Returns a child's excess blob gas, by the child's parameters.
///
/// `blob_base_cost` is zero before Osaka, which makes EIP-7918's formula EIP-4844's. A parent before Cancun has used
/// no blob gas.
fn expected_excess(params: &BlobParams, parent: &Header) -> u64 {
    params.next_block_excess_blob_gas_osaka(
        parent.excess_blob_gas.unwrap_or_default(),
        parent.blob_gas_used.unwrap_or_default(),
        parent.base_fee_per_gas.unwrap_or_default(),
    )
}

/// Validates that the header's blob gas is that of the block's blobs.
pub(crate) fn validate_blob_gas(block: &Block) -> Result<(), ConsensusError> {
    let Some(got) = block.header.blob_gas_used else { return Ok(()) };
    let blobs = block.transactions.iter().filter_map(|tx| tx.blob_versioned_hashes());
    let expected = blobs.map(|hashes| hashes.len() as u64 * DATA_GAS_PER_BLOB).sum();
    if got == expected { Ok(()) } else { Err(ConsensusError::BlobGasUsed { got, expected }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(excess: u64, blobs: u64, base_fee: u64) -> Header {
        Header {
            excess_blob_gas: Some(excess),
            blob_gas_used: Some(blobs * DATA_GAS_PER_BLOB),
            base_fee_per_gas: Some(base_fee),
            ..Header::default()
        }
    }

    #[test]
    fn excess_is_what_the_target_leaves() {
        let cancun = BlobParams::cancun();
        assert_eq!(expected_excess(&cancun, &Header::default()), 0);
        assert_eq!(expected_excess(&cancun, &parent(0, 3, u64::MAX)), 0);
        assert_eq!(expected_excess(&cancun, &parent(0, 6, u64::MAX)), 3 * DATA_GAS_PER_BLOB);
        assert_eq!(expected_excess(&cancun, &parent(DATA_GAS_PER_BLOB, 1, 7)), 0);
        assert_eq!(expected_excess(&BlobParams::prague(), &parent(0, 9, 7)), 3 * DATA_GAS_PER_BLOB);
    }

    /// The reserve price binds while `2^13 * base fee > 2^17 * blob fee`: above 16 wei while a blob's gas costs one.
    #[test]
    fn osaka_keeps_a_reserve_price() {
        let osaka = BlobParams::osaka();
        let at = |base_fee| expected_excess(&osaka, &parent(DATA_GAS_PER_BLOB, 9, base_fee));
        assert_eq!(at(16), 4 * DATA_GAS_PER_BLOB);
        assert_eq!(at(17), DATA_GAS_PER_BLOB + 9 * DATA_GAS_PER_BLOB * 3 / 9);
        assert_eq!(expected_excess(&osaka, &parent(8 * DATA_GAS_PER_BLOB, 0, 16)), 2 * DATA_GAS_PER_BLOB);
        assert_eq!(expected_excess(&osaka, &parent(8 * DATA_GAS_PER_BLOB, 0, 17)), 8 * DATA_GAS_PER_BLOB);
    }
}
