//! Replay protection of legacy transactions begins with Spurious Dragon (EIP-155).
//!
//! Before, a signature with a chain id is no valid signature at all. A chain id that is another chain's is found by
//! execution.

use alloy_consensus::{Header, Transaction as _};
use alloy_hardforks::EthereumHardforks;
use tandem_corpus::{ChainSpec, Transaction};

use crate::error::ConsensusError;

pub(super) fn validate(
    spec: &ChainSpec,
    header: &Header,
    index: usize,
    tx: &Transaction,
) -> Result<(), ConsensusError> {
    let protected = tx.is_legacy() && tx.chain_id().is_some();
    if protected && !spec.is_spurious_dragon_active_at_block(header.number) {
        return Err(ConsensusError::ReplayProtection { index });
    }
    Ok(())
}
