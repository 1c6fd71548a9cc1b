//! Holds what one execution of a block yields.

use std::time::Duration;

use alloy_consensus::{EthereumReceipt, TxReceipt, TxType};
use alloy_eip7928::{BlockAccessList, compute_block_access_list_hash};
use alloy_evm::block::BlockExecutionResult;
use alloy_primitives::{B256, Bloom};
use revm::database::BundleState;

use crate::{error::ExecuteError, trace::Trace};

/// The receipt of one transaction, without its bloom; the type reth uses.
pub type Receipt = EthereumReceipt<TxType>;

/// What a block that executed to its end yields.
#[derive(Clone, Debug)]
pub struct Output {
    /// Receipts, requests, gas and blob gas.
    pub result: BlockExecutionResult<Receipt>,
    /// All state changes, merged, with reverts.
    pub bundle: BundleState,
    /// The block access list, where one was built (EIP-7928).
    pub bal: Option<BlockAccessList>,
}

/// One run of an engine over a block.
#[derive(Debug)]
pub struct Execution {
    /// The output, or why there is none.
    pub result: Result<Output, ExecuteError>,
    /// State-hook calls in order, up to the error if there was one; present when asked for.
    pub trace: Option<Trace>,
    /// Time from recovered transactions to a finished bundle and receipts; no roots, no bloom.
    pub duration: Duration,
}

/// Hashes over an output; a step of their own, after execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Union of the blooms of all logs.
    pub logs_bloom: Bloom,
    /// Root of the receipts' trie; equals the header's from Byzantium on.
    pub receipts_root: B256,
    /// Hash of the requests (EIP-7685); a header has it from Prague on.
    pub requests_hash: B256,
    /// Hash of the block access list, where one was built.
    pub bal_hash: Option<B256>,
}

impl Output {
    /// Computes the hashes over the output. Hashes every log, encodes every receipt.
    pub fn digest(&self) -> Digest {
        let receipts = &self.result.receipts;
        Digest {
            logs_bloom: receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
            receipts_root: Receipt::calculate_receipt_root_no_memo(receipts),
            requests_hash: self.result.requests.requests_hash(),
            bal_hash: self.bal.as_deref().map(compute_block_access_list_hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_consensus::constants::EMPTY_RECEIPTS;
    use alloy_primitives::{Address, Bytes, Log};

    use super::*;

    fn output(receipts: Vec<Receipt>) -> Output {
        let result = BlockExecutionResult { receipts, ..Default::default() };
        Output { result, bundle: BundleState::default(), bal: None }
    }

    #[test]
    fn empty_block_has_the_empty_receipts_root() {
        let digest = output(Vec::new()).digest();
        assert_eq!(digest.receipts_root, EMPTY_RECEIPTS);
        assert_eq!(digest.logs_bloom, Bloom::ZERO);
        assert_eq!(digest.bal_hash, None);
    }

    #[test]
    fn bloom_is_the_union_over_receipts() {
        let receipt = |byte: u8| Receipt {
            logs: vec![Log::new_unchecked(Address::repeat_byte(byte), vec![], Bytes::new())],
            ..Default::default()
        };
        let [one, two] = [receipt(1), receipt(2)];
        let both = output(vec![one.clone(), two.clone()]).digest().logs_bloom;
        assert_eq!(both, one.bloom() | two.bloom());
        assert_ne!(one.bloom(), two.bloom());
    }
}
