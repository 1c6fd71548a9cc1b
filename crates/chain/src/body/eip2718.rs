//! Each transaction type begins with its fork (EIP-2718).

use alloy_consensus::{Header, TxType};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use tandem_corpus::{ChainSpec, Transaction};

use crate::error::ConsensusError;

pub(super) fn validate(
    spec: &ChainSpec,
    header: &Header,
    index: usize,
    tx: &Transaction,
) -> Result<(), ConsensusError> {
    let (fork, eip) = match tx.tx_type() {
        TxType::Legacy => return Ok(()),
        TxType::Eip2930 => (EthereumHardfork::Berlin, 2930),
        TxType::Eip1559 => (EthereumHardfork::London, 1559),
        TxType::Eip4844 => (EthereumHardfork::Cancun, 4844),
        TxType::Eip7702 => (EthereumHardfork::Prague, 7702),
    };
    let activation = spec.ethereum_fork_activation(fork);
    if activation.active_at_timestamp_or_number(header.timestamp, header.number) {
        return Ok(());
    }
    Err(ConsensusError::TransactionType { index, tx_type: tx.tx_type() as u8, eip })
}
