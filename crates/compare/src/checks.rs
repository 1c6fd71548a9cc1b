//! Sums differences up into one word a check, as records carry them.

use serde::{Deserialize, Serialize};

use crate::{
    difference::Difference,
    subject::{Layer, Subject},
};

/// The outcome of one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Compared and equal.
    Match,
    /// Compared and different.
    Differ,
    /// There was nothing to compare.
    #[default]
    Absent,
}

impl Check {
    /// Combines two checks into one: it differs if either does, and is absent if both are.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Differ, _) | (_, Self::Differ) => Self::Differ,
            (Self::Match, _) | (_, Self::Match) => Self::Match,
            (Self::Absent, Self::Absent) => Self::Absent,
        }
    }
}

/// All checks of one block. Each covers both executions, and the header where it is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Every receipt, and the root over them.
    pub receipts_root: Check,
    /// Gas used by the block.
    pub gas_used: Check,
    /// Blob gas used by the block; from Cancun on.
    pub blob_gas_used: Check,
    /// Union of all logs' blooms.
    pub logs_bloom: Check,
    /// Every request, and the hash over them; from Prague on.
    pub requests_hash: Check,
    /// Accounts, storage, contracts, reverts and sizes of the bundle.
    pub bundle: Check,
    /// Root of the state after the block, where a source for it was given.
    pub state_root: Check,
    /// The block access list and its hash, where one was built.
    pub bal_hash: Check,
    /// State-hook calls in order, where both executions were observed.
    pub commits: Check,
    /// The error, where at least one execution has one.
    pub error: Check,
}

impl Checks {
    /// Marks every check that a difference belongs to.
    #[must_use]
    pub fn with_differences<'a>(mut self, differences: impl IntoIterator<Item = &'a Difference>) -> Self {
        for difference in differences {
            *self.of(&difference.subject) = Check::Differ;
        }
        self
    }

    /// Returns the check that a subject belongs to.
    const fn of(&mut self, subject: &Subject) -> &mut Check {
        match subject {
            Subject::Error => &mut self.error,
            Subject::ReceiptCount | Subject::Receipt(..) | Subject::ReceiptsRoot => &mut self.receipts_root,
            Subject::GasUsed => &mut self.gas_used,
            Subject::BlobGasUsed => &mut self.blob_gas_used,
            Subject::Request(_) | Subject::RequestsHash => &mut self.requests_hash,
            Subject::LogsBloom => &mut self.logs_bloom,
            Subject::StateRoot => &mut self.state_root,
            Subject::Bal | Subject::BalAccount(..) | Subject::BalHash => &mut self.bal_hash,
            Subject::Account(Layer::Commit, ..)
            | Subject::Storage(Layer::Commit, ..)
            | Subject::CommitCount => &mut self.commits,
            Subject::Account(Layer::Bundle, ..)
            | Subject::Storage(Layer::Bundle, ..)
            | Subject::Contract(_)
            | Subject::RevertBlocks
            | Subject::Revert(..)
            | Subject::StateSize
            | Subject::RevertsSize => &mut self.bundle,
        }
    }
}
