//! The DAO fork: its first ten blocks carry its mark (EIP-779).

use alloy_consensus::Header;
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use tandem_corpus::ChainSpec;

use crate::error::ConsensusError;

/// The mark, in the extra data.
const MARK: &[u8] = b"dao-hard-fork";
/// How many blocks carry the mark.
const MARKED_BLOCKS: u64 = 10;

pub(super) fn validate(spec: &ChainSpec, header: &Header) -> Result<(), ConsensusError> {
    let ForkCondition::Block(fork) = spec.ethereum_fork_activation(EthereumHardfork::Dao) else {
        return Ok(());
    };
    let marked = header.number.checked_sub(fork).is_some_and(|since| since < MARKED_BLOCKS);
    if marked && *header.extra_data != *MARK {
        return Err(ConsensusError::DaoExtraData { number: header.number });
    }
    Ok(())
}
