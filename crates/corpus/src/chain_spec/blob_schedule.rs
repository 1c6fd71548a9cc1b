//! Holds the blob parameters of each fork (EIP-7840, EIP-7892).

use std::collections::BTreeMap;

use alloy_eips::{
    eip7594::MAX_BLOBS_PER_TX_FUSAKA,
    eip7840::{BLOB_BASE_COST, BlobParams},
};
use alloy_hardforks::EthereumHardfork;

/// Blob parameters by the fork that brings them into force; a fork without any keeps its predecessor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobSchedule(BTreeMap<EthereumHardfork, BlobParams>);

impl Default for BlobSchedule {
    /// Mainnet's parameters.
    fn default() -> Self {
        Self(BTreeMap::from([
            (EthereumHardfork::Cancun, BlobParams::cancun()),
            (EthereumHardfork::Prague, BlobParams::prague()),
            (EthereumHardfork::Osaka, BlobParams::osaka()),
            (EthereumHardfork::Bpo1, BlobParams::bpo1()),
            (EthereumHardfork::Bpo2, BlobParams::bpo2()),
        ]))
    }
}

impl BlobSchedule {
    /// Sets a fork's target, maximum and update fraction.
    ///
    /// What a schedule in a file does not carry follows from the fork: from Osaka on a transaction has at most six
    /// blobs (EIP-7594) and a reserve price (EIP-7918).
    pub fn set(&mut self, fork: EthereumHardfork, params: BlobParams) {
        let params = if fork >= EthereumHardfork::Osaka {
            params.with_max_blobs_per_tx(MAX_BLOBS_PER_TX_FUSAKA).with_blob_base_cost(BLOB_BASE_COST)
        } else {
            params.with_max_blobs_per_tx(params.max_blob_count)
        };
        self.0.insert(fork, params);
    }

    /// Returns the parameters of the latest fork that is active.
    pub(super) fn latest(&self, active: impl Fn(EthereumHardfork) -> bool) -> Option<BlobParams> {
        self.0.iter().rev().find(|(fork, _)| active(**fork)).map(|(_, params)| *params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osaka_limits_blobs_of_a_transaction() {
        let mut schedule = BlobSchedule::default();
        let params = BlobParams { target_blob_count: 10, max_blob_count: 15, ..BlobParams::cancun() };
        schedule.set(EthereumHardfork::Cancun, params);
        schedule.set(EthereumHardfork::Bpo1, params);
        let cancun = schedule.latest(|fork| fork == EthereumHardfork::Cancun).unwrap();
        let bpo1 = schedule.latest(|fork| fork <= EthereumHardfork::Bpo1).unwrap();
        assert_eq!((cancun.max_blobs_per_tx, cancun.blob_base_cost), (15, 0));
        assert_eq!((bpo1.max_blobs_per_tx, bpo1.blob_base_cost), (6, BLOB_BASE_COST));
    }
}
