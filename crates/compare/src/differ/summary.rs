//! Compares what a header commits to: with each other, and with the header where it is checked.

use alloy_primitives::{B256, Bytes};

use super::Differences;
use crate::{
    difference::{Difference, Value},
    output::{Digest, Output},
    subject::Subject,
};

/// What a header says about an execution; what it does not say, or what is not checked, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Gas used by the block.
    pub gas_used: Option<u64>,
    /// Blob gas used by the block.
    pub blob_gas_used: Option<u64>,
    /// Union of all logs' blooms.
    pub logs_bloom: Option<Bytes>,
    /// Root of the receipts' trie.
    pub receipts_root: Option<B256>,
    /// Hash of the requests (EIP-7685).
    pub requests_hash: Option<B256>,
    /// Hash of the block access list (EIP-7928).
    pub bal_hash: Option<B256>,
    /// Root of the state after the block.
    pub state_root: Option<B256>,
}

impl Summary {
    /// Sums up an output.
    pub fn of(output: &Output, digest: &Digest, state_root: Option<B256>) -> Self {
        Self {
            gas_used: Some(output.result.gas_used),
            blob_gas_used: Some(output.result.blob_gas_used),
            logs_bloom: Some(Bytes::copy_from_slice(digest.logs_bloom.as_slice())),
            receipts_root: Some(digest.receipts_root),
            requests_hash: Some(digest.requests_hash),
            bal_hash: digest.bal_hash,
            state_root,
        }
    }

    fn values(&self) -> [(Subject, Value); 7] {
        [
            (Subject::GasUsed, self.gas_used.into()),
            (Subject::BlobGasUsed, self.blob_gas_used.into()),
            (Subject::RequestsHash, self.requests_hash.into()),
            (Subject::LogsBloom, self.logs_bloom.clone().into()),
            (Subject::ReceiptsRoot, self.receipts_root.into()),
            (Subject::BalHash, self.bal_hash.into()),
            (Subject::StateRoot, self.state_root.into()),
        ]
    }
}

/// Compares two summaries with each other and with what the header says.
///
/// A difference from the header alone has equal sequential and parallel values.
pub fn compare(sequential: &Summary, parallel: &Summary, header: &Summary, out: &mut Differences) {
    let pairs = sequential.values().into_iter().zip(parallel.values()).zip(header.values());
    for (((subject, one), (_, two)), (_, header)) in pairs {
        if header != Value::Absent && (one != header || two != header) {
            out.push(Difference::new(subject, one, two).against(header));
        } else {
            out.check(subject, one, two);
        }
    }
}
