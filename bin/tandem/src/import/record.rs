//! Writes down what was found out about an imported block.

use alloy_hardforks::EthereumHardforks;
use tandem_chain::Checked;
use tandem_corpus::ChainSpec;
use tandem_exex::record::{CONFLICTS_MAX, attempts, conflict};
use tandem_report::{BlockRecord, Check, Checks, RootTriple, Schema, Strategy, Verdict};

/// Makes the record of a block whose execution matched its header in everything.
///
/// There was one execution; its roots are the header's, or there would be no such block.
pub(crate) fn checked(spec: &ChainSpec, checked: &Checked<'_>) -> BlockRecord {
    let Checked { block, place, stats, duration, .. } = *checked;
    let header = &block.header;
    let root = |root| RootTriple {
        parallel: Some(root),
        sequential: None,
        header: Some(root),
        header_checked: true,
    };
    let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let is_parallel = stats.threads > 1;
    BlockRecord {
        schema: Schema,
        number: header.number,
        hash: block.hash,
        parent: header.parent_hash,
        source: place.to_owned(),
        fork: spec.fork_name(header).to_owned(),
        txs: block.body.transactions.len() as u64,
        gas_used: header.gas_used,
        strategy: if is_parallel { Strategy::Parallel } else { Strategy::Sequential },
        threads: stats.threads.max(1),
        verdict: Verdict::Match,
        sequential_us: (!is_parallel).then_some(duration_us),
        parallel_us: is_parallel.then_some(duration_us),
        speedup: None,
        attempts: attempts(stats),
        reexecuted: stats.reexecuted as u64,
        frontier_executed: stats.frontier_executed as u64,
        conflicts: stats.conflicts().iter().take(CONFLICTS_MAX).filter_map(conflict).collect(),
        critical_path_gas: None,
        parallelism: None,
        outlook: Default::default(),
        checks: Checks {
            receipts_root: Check::Match,
            gas_used: Check::Match,
            logs_bloom: Check::Match,
            requests_hash: if header.requests_hash.is_some() { Check::Match } else { Check::Absent },
            bundle: Check::Absent,
            state_root: Check::Match,
            bal_hash: if spec.is_amsterdam_active_at_timestamp(header.timestamp) {
                Check::Match
            } else {
                Check::Absent
            },
            error: Check::Absent,
        },
        state_root: root(header.state_root),
        receipts_root: root(header.receipts_root),
        divergence: None,
        repeated: false,
        reverted: false,
    }
}
