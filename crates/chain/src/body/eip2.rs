//! From Homestead on a signature has the lower of the two values of `s` (EIP-2).

use alloy_consensus::{Header, crypto::SECP256K1N_HALF};
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::{ChainSpec, Transaction};

use crate::error::ConsensusError;

pub(super) fn validate(
    spec: &ChainSpec,
    header: &Header,
    index: usize,
    tx: &Transaction,
) -> Result<(), ConsensusError> {
    if spec.is_homestead_active_at_block(header.number) && tx.signature().s() > SECP256K1N_HALF {
        return Err(ConsensusError::HighSignature { index });
    }
    Ok(())
}
