//! Writes down what went wrong on purpose.

use std::fmt;

use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// Whether this build injects the faults that evidence names; the product does not.
pub const INJECTS_FAULTS: bool = cfg!(feature = "fault-injection");

/// A fault that was injected into one transaction.
///
/// Every build reads and writes it; only one with the feature `fault-injection` injects it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultEvidence {
    /// The transaction's hash, which stays the same when others are left out.
    pub tx: B256,
    /// What goes wrong.
    pub kind: FaultKindEvidence,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKindEvidence {
    /// Validation passes an attempt, whatever it read.
    PassStale,
    /// Commit drops the write of a slot.
    DropWrite {
        /// The contract.
        address: Address,
        /// The slot.
        slot: U256,
    },
    /// Commit writes the value of a slot to the next slot too.
    RepeatWrite {
        /// The contract.
        address: Address,
        /// The slot that is rightly written.
        slot: U256,
    },
    /// A balance changes by too much.
    Balance {
        /// The account.
        address: Address,
        /// Wei added.
        excess: u64,
    },
    /// Code that an account was given is lost.
    CodeMissing {
        /// The account.
        address: Address,
    },
    /// An account is given other code.
    CodeWrong {
        /// The account.
        address: Address,
    },
    /// An account that begins anew or ends keeps its storage.
    KeepStorage {
        /// The account.
        address: Address,
    },
    /// The receipt tells success as failure, or the other way round.
    Status,
    /// The receipt lacks a log.
    DropLog {
        /// Its place in the receipt.
        log: usize,
    },
    /// The data of a log are altered.
    AlterLog {
        /// Its place in the receipt.
        log: usize,
    },
    /// The transaction uses too much gas.
    Gas {
        /// Gas added.
        excess: u64,
    },
}

impl fmt::Display for FaultEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in transaction {}", self.kind, self.tx)
    }
}

#[cfg(feature = "fault-injection")]
impl From<FaultKindEvidence> for tandem_executor::FaultKind {
    fn from(kind: FaultKindEvidence) -> Self {
        use FaultKindEvidence as E;
        match kind {
            E::PassStale => Self::PassStale,
            E::DropWrite { address, slot } => Self::DropWrite { address, slot },
            E::RepeatWrite { address, slot } => Self::RepeatWrite { address, slot },
            E::Balance { address, excess } => Self::Balance { address, excess },
            E::CodeMissing { address } => Self::CodeMissing { address },
            E::CodeWrong { address } => Self::CodeWrong { address },
            E::KeepStorage { address } => Self::KeepStorage { address },
            E::Status => Self::Status,
            E::DropLog { log } => Self::DropLog { log },
            E::AlterLog { log } => Self::AlterLog { log },
            E::Gas { excess } => Self::Gas { excess },
        }
    }
}
