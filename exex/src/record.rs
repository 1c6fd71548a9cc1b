//! Writes down what was found out about a block.

use std::time::Duration;

use alloy_consensus::Header;
use alloy_primitives::B256;
use tandem_compare::{Check, Checks, Comparison, Difference, Execution, Roots, Verdict};
use tandem_corpus::{Block, ChainSpec};
use tandem_executor::{BlockStats, Conflict, Location};
use tandem_report::{
    BlockRecord, ConflictKind, Divergence, RootTriple, Schema, Strategy, record as report, speedup_of,
};

/// Conflicts that a record names; the most frequent ones.
pub const CONFLICTS_MAX: usize = 64;

/// Starts the record of a block that was not executed.
pub fn unexecuted(source: &str, spec: &ChainSpec, block: &Block, verdict: report::Verdict) -> BlockRecord {
    outline(source, spec, (block.hash, &block.header), block.transactions.len(), verdict)
}

/// Starts the record of a block of which no more than the header is at hand.
pub fn outline(
    source: &str,
    spec: &ChainSpec,
    (hash, header): (B256, &Header),
    transaction_count: usize,
    verdict: report::Verdict,
) -> BlockRecord {
    let root = |root| RootTriple { header: Some(root), ..RootTriple::default() };
    BlockRecord {
        schema: Schema,
        number: header.number,
        hash,
        parent: header.parent_hash,
        source: source.to_owned(),
        fork: spec.fork_name(header).to_owned(),
        txs: transaction_count as u64,
        gas_used: 0,
        strategy: Strategy::Sequential,
        threads: 1,
        verdict,
        sequential_us: None,
        parallel_us: None,
        speedup: None,
        attempts: 0,
        reexecuted: 0,
        frontier_executed: 0,
        conflicts: Vec::new(),
        critical_path_gas: None,
        parallelism: None,
        outlook: Default::default(),
        checks: report::Checks::default(),
        state_root: root(header.state_root),
        receipts_root: root(header.receipts_root),
        divergence: None,
        repeated: false,
        reverted: false,
    }
}

/// What two executions of a block gave.
#[derive(Clone, Copy, Debug)]
pub struct Executions<'a> {
    /// How they compare.
    pub comparison: &'a Comparison,
    /// The sequential one.
    pub sequential: &'a Execution,
    /// What the parallel one took.
    pub stats: &'a BlockStats,
    /// How long the parallel one took.
    pub parallel_time: Duration,
}

/// Writes the record of a block that was executed both ways; the verdict is the comparison's.
pub fn executed(source: &str, spec: &ChainSpec, block: &Block, executions: Executions<'_>) -> BlockRecord {
    let Executions { comparison, sequential, stats, parallel_time } = executions;
    // Times of executions that failed measure where they failed.
    let output = sequential.result.as_ref().ok();
    let us = |time: std::time::Duration| output.map(|_| u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    let (sequential_us, parallel_us) = (us(sequential.duration), us(parallel_time));
    BlockRecord {
        gas_used: output.map_or(0, |output| output.result.gas_used),
        strategy: if stats.threads > 1 { Strategy::Parallel } else { Strategy::Sequential },
        threads: stats.threads.max(1),
        sequential_us,
        parallel_us,
        speedup: sequential_us.zip(parallel_us).and_then(|(one, two)| speedup_of(one, two)),
        attempts: attempts(stats),
        reexecuted: stats.reexecuted as u64,
        frontier_executed: stats.frontier_executed as u64,
        conflicts: stats.conflicts().iter().take(CONFLICTS_MAX).filter_map(conflict).collect(),
        checks: checks(&comparison.checks),
        state_root: roots(&comparison.state_roots),
        receipts_root: roots(&comparison.receipts_roots),
        divergence: comparison.first_difference().map(divergence),
        ..unexecuted(source, spec, block, verdict(&comparison.verdict))
    }
}

/// Counts executions of transactions, speculative ones and those on the frontier.
pub const fn attempts(stats: &BlockStats) -> u64 {
    (stats.attempts + stats.frontier_executed) as u64
}

/// Puts a divergence in a record's form; the evidence is named once it is written.
pub fn divergence(difference: &Difference) -> Divergence {
    let sequential = match &difference.header {
        Some(header) => format!("{} (header: {header})", difference.sequential),
        None => difference.sequential.to_string(),
    };
    Divergence {
        tx: difference.tx().map(|index| index.0 as u64),
        what: difference.subject.what().to_owned(),
        address: difference.subject.address(),
        slot: difference.subject.slot().map(B256::from),
        sequential,
        parallel: difference.parallel.to_string(),
        evidence: None,
    }
}

fn verdict(verdict: &Verdict) -> report::Verdict {
    match verdict {
        Verdict::Match => report::Verdict::Match,
        Verdict::Diverged => report::Verdict::Diverged,
        Verdict::Inconclusive { reason } => report::Verdict::Inconclusive { reason: reason.clone() },
    }
}

/// Conflicts of state; readers that disagree on an ancestor's hash have no place in a record.
pub fn conflict(conflict: &Conflict) -> Option<report::Conflict> {
    let (kind, address, slot) = match conflict.location {
        Location::Slot(address, slot) => (ConflictKind::Slot, address, Some(B256::from(slot))),
        // The executor does not tell the fields of an account apart.
        Location::Account(address) => (ConflictKind::Other, address, None),
        Location::BlockHash(_) => return None,
    };
    Some(report::Conflict { kind, address, slot, count: conflict.count as u64 })
}

fn roots(roots: &Roots) -> RootTriple {
    RootTriple {
        parallel: roots.parallel,
        sequential: roots.sequential,
        header: Some(roots.header),
        header_checked: roots.header_checked,
    }
}

fn checks(checks: &Checks) -> report::Checks {
    let word = |check| match check {
        Check::Match => report::Check::Match,
        Check::Differ => report::Check::Differ,
        Check::Absent => report::Check::Absent,
    };
    // A record has one word for gas; blob gas counts as gas.
    let gas_used = match (checks.gas_used, checks.blob_gas_used) {
        (_, Check::Differ) => Check::Differ,
        (gas_used, _) => gas_used,
    };
    report::Checks {
        receipts_root: word(checks.receipts_root),
        gas_used: word(gas_used),
        logs_bloom: word(checks.logs_bloom),
        requests_hash: word(checks.requests_hash),
        bundle: word(checks.bundle),
        state_root: word(checks.state_root),
        bal_hash: word(checks.bal_hash),
        error: word(checks.error),
    }
}
