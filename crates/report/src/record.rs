//! One block's line of the report.

use crate::analysis::Outlook;
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Version of the record's and the summary's shape.
pub const SCHEMA: u32 = 1;

/// What was found out about one block: one line of `blocks.jsonl`.
///
/// Fields that could not be measured are `null`; the keys are always there. Readers ignore keys they do not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockRecord {
    /// Shape of the record.
    pub schema: Schema,
    /// Number of the block.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// Hash of its parent.
    pub parent: B256,
    /// Where the block came from, as the user named it.
    pub source: String,
    /// Fork whose rules it was executed by.
    pub fork: String,
    /// Number of transactions.
    pub txs: u64,
    /// Gas used.
    pub gas_used: u64,
    /// How the parallel side executed.
    pub strategy: Strategy,
    /// Threads of the parallel side.
    pub threads: usize,
    /// How the comparison ended: the keys `verdict` and, where it is inconclusive, `reason`.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Time of the sequential execution.
    pub sequential_us: Option<u64>,
    /// Time of the parallel execution.
    pub parallel_us: Option<u64>,
    /// [`speedup_of`] the two times.
    pub speedup: Option<f64>,
    /// Executions of transactions, speculative ones and those on the frontier.
    pub attempts: u64,
    /// Executions thrown away because a value they had read changed.
    pub reexecuted: u64,
    /// Transactions that the frontier executed itself.
    pub frontier_executed: u64,
    /// Locations whose reads failed validation, and how often.
    pub conflicts: Vec<Conflict>,
    /// Gas on the longest path of transactions that depend on one another.
    pub critical_path_gas: Option<u64>,
    /// [`parallelism_of`] gas used and critical path: the speedup that no scheduler can exceed.
    pub parallelism: Option<f64>,
    /// What the block would allow, by number of threads, where it was analyzed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outlook: BTreeMap<usize, Outlook>,
    /// What was compared.
    pub checks: Checks,
    /// State roots of both executions and of the header.
    pub state_root: RootTriple,
    /// Receipts roots of both executions and of the header.
    pub receipts_root: RootTriple,
    /// The first difference in block order.
    pub divergence: Option<Divergence>,
    /// The record was written again after a restart.
    #[serde(default, skip_serializing_if = "is_false")]
    pub repeated: bool,
    /// The record says that the block left the canonical chain.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reverted: bool,
}

impl BlockRecord {
    /// Both times, sequential first, where both were measured.
    pub fn times_us(&self) -> Option<(u64, u64)> {
        match (self.sequential_us?, self.parallel_us?) {
            (0, _) | (_, 0) => None,
            times => Some(times),
        }
    }
}

/// Sequential time over parallel time, rounded to two decimals; none if a time is too short to tell.
pub fn speedup_of(sequential_us: u64, parallel_us: u64) -> Option<f64> {
    (sequential_us > 0 && parallel_us > 0).then(|| round2(sequential_us as f64 / parallel_us as f64))
}

/// Gas used over gas on the critical path, rounded to two decimals; none for a block without transactions.
pub fn parallelism_of(gas_used: u64, critical_path_gas: u64) -> Option<f64> {
    (critical_path_gas > 0).then(|| round2(gas_used as f64 / critical_path_gas as f64))
}

/// Rounds to two decimals, as ratios are written.
pub(crate) fn round2(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

// serde's `skip_serializing_if` passes a reference.
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The number [`SCHEMA`]; reading any other number is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schema;

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(SCHEMA)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            SCHEMA => Ok(Self),
            other => Err(serde::de::Error::custom(format_args!("got schema {other}, expected {SCHEMA}"))),
        }
    }
}

/// How the parallel side executed a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One transaction after the other.
    Sequential,
    /// Speculation, validated in block order.
    Parallel,
    /// From a block access list.
    Bal,
}

/// How the comparison of a block ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that could be compared is equal.
    Match,
    /// Something differs.
    Diverged,
    /// The block could not be checked.
    Inconclusive {
        /// Why not.
        reason: String,
    },
}

impl Verdict {
    /// The word in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Diverged => "diverged",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// How one comparison ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Equal.
    Match,
    /// Not equal.
    Differ,
    /// Not compared: the source or the fork does not have it.
    #[default]
    Absent,
}

/// The comparisons of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// Receipts root.
    pub receipts_root: Check,
    /// Gas used.
    pub gas_used: Check,
    /// Logs bloom.
    pub logs_bloom: Check,
    /// EIP-7685 requests hash.
    pub requests_hash: Check,
    /// Bundle state with reverts.
    pub bundle: Check,
    /// State root.
    pub state_root: Check,
    /// EIP-7928 block access list hash.
    pub bal_hash: Check,
    /// The error, where both executions fail.
    pub error: Check,
}

impl Checks {
    /// The checks with their names, in the record's order.
    pub fn named(&self) -> [(&'static str, Check); 8] {
        [
            ("receipts_root", self.receipts_root),
            ("gas_used", self.gas_used),
            ("logs_bloom", self.logs_bloom),
            ("requests_hash", self.requests_hash),
            ("bundle", self.bundle),
            ("state_root", self.state_root),
            ("bal_hash", self.bal_hash),
            ("error", self.error),
        ]
    }
}

/// One Merkle root as both executions and the header have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootTriple {
    /// Of the parallel execution.
    pub parallel: Option<B256>,
    /// Of the sequential execution.
    pub sequential: Option<B256>,
    /// In the header.
    pub header: Option<B256>,
    /// Whether the header's could be compared with: a case's state root could not.
    pub header_checked: bool,
}

/// A location whose reads failed validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// What of the account.
    pub kind: ConflictKind,
    /// The account.
    pub address: Address,
    /// The slot, where the kind has one.
    pub slot: Option<B256>,
    /// Failed validations.
    pub count: u64,
}

/// What of an account a conflict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// One storage slot.
    Slot,
    /// Its balance.
    Balance,
    /// Its nonce.
    Nonce,
    /// Its code.
    Code,
    /// Whether it exists.
    Existence,
    /// Whether all its storage was reset.
    StorageReset,
    /// Anything else; readers take kinds they do not know for this.
    #[serde(other)]
    Other,
}

/// The first difference between two executions, in block order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// Transaction, from 0; none before the first or after the last.
    pub tx: Option<u64>,
    /// What differs: "storage", "balance", "logs", …
    pub what: String,
    /// The account, where it is about one.
    pub address: Option<Address>,
    /// The slot, where it is about one.
    pub slot: Option<B256>,
    /// The sequential execution's value.
    pub sequential: String,
    /// The parallel execution's value.
    pub parallel: String,
    /// File that replays it, relative to the report directory.
    pub evidence: Option<String>,
}
