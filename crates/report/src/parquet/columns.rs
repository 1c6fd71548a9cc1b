//! The columns that have one value a record.

use super::Row;
use crate::{RootTriple, Verdict, finality::Finality};
use alloy_primitives::B256;
use std::borrow::Cow;

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) values: Values,
}

/// How a record's value of a column is found. What may be null has `Option`.
#[derive(Debug)]
pub(super) enum Values {
    Count(fn(&Row) -> u64),
    MaybeCount(fn(&Row) -> Option<u64>),
    MaybeRatio(fn(&Row) -> Option<f64>),
    Flag(fn(&Row) -> bool),
    Text(fn(&Row) -> Cow<'_, str>),
    MaybeText(fn(&Row) -> Option<Cow<'_, str>>),
}

impl Column {
    /// Returns the column in Parquet's notation.
    pub(super) fn notation(&self) -> String {
        let (repetition, kind, meaning) = match self.values {
            Values::Count(_) => ("REQUIRED", "INT64", " (INTEGER(64,false))"),
            Values::MaybeCount(_) => ("OPTIONAL", "INT64", " (INTEGER(64,false))"),
            Values::MaybeRatio(_) => ("OPTIONAL", "DOUBLE", ""),
            Values::Flag(_) => ("REQUIRED", "BOOLEAN", ""),
            Values::Text(_) => ("REQUIRED", "BYTE_ARRAY", " (UTF8)"),
            Values::MaybeText(_) => ("OPTIONAL", "BYTE_ARRAY", " (UTF8)"),
        };
        format!("{repetition} {kind} {}{meaning}", self.name)
    }
}

macro_rules! columns {
    ($($name:literal $kind:ident $value:expr;)*) => {
        &[$(Column { name: $name, values: Values::$kind($value) }),*]
    };
}

/// All of them, in the order of the record's keys.
pub(super) const COLUMNS: &[Column] = columns! {
    "number" Count |row| row.record.number;
    "hash" Text |row| hex(&row.record.hash);
    "parent" Text |row| hex(&row.record.parent);
    "source" Text |row| Cow::from(&row.record.source);
    "fork" Text |row| Cow::from(&row.record.fork);
    "txs" Count |row| row.record.txs;
    "gas_used" Count |row| row.record.gas_used;
    "strategy" Text |row| word(&row.record.strategy);
    "threads" Count |row| row.record.threads as u64;
    "verdict" Text |row| Cow::from(row.record.verdict.name());
    "reason" MaybeText |row| reason(&row.record.verdict);
    "sequential_us" MaybeCount |row| row.record.sequential_us;
    "parallel_us" MaybeCount |row| row.record.parallel_us;
    "speedup" MaybeRatio |row| row.record.speedup;
    "attempts" Count |row| row.record.attempts;
    "reexecuted" Count |row| row.record.reexecuted;
    "frontier_executed" Count |row| row.record.frontier_executed;
    "critical_path_gas" MaybeCount |row| row.record.critical_path_gas;
    "parallelism" MaybeRatio |row| row.record.parallelism;
    "checks_receipts_root" Text |row| word(&row.record.checks.receipts_root);
    "checks_gas_used" Text |row| word(&row.record.checks.gas_used);
    "checks_logs_bloom" Text |row| word(&row.record.checks.logs_bloom);
    "checks_requests_hash" Text |row| word(&row.record.checks.requests_hash);
    "checks_bundle" Text |row| word(&row.record.checks.bundle);
    "checks_state_root" Text |row| word(&row.record.checks.state_root);
    "checks_bal_hash" Text |row| word(&row.record.checks.bal_hash);
    "checks_error" Text |row| word(&row.record.checks.error);
    "state_root_parallel" MaybeText |row| root(&row.record.state_root, |root| root.parallel);
    "state_root_sequential" MaybeText |row| root(&row.record.state_root, |root| root.sequential);
    "state_root_header" MaybeText |row| root(&row.record.state_root, |root| root.header);
    "state_root_header_checked" Flag |row| row.record.state_root.header_checked;
    "receipts_root_parallel" MaybeText |row| root(&row.record.receipts_root, |root| root.parallel);
    "receipts_root_sequential" MaybeText |row| root(&row.record.receipts_root, |root| root.sequential);
    "receipts_root_header" MaybeText |row| root(&row.record.receipts_root, |root| root.header);
    "receipts_root_header_checked" Flag |row| row.record.receipts_root.header_checked;
    "divergence_tx" MaybeCount |row| row.record.divergence.as_ref()?.tx;
    "divergence_what" MaybeText |row| Some(Cow::from(&row.record.divergence.as_ref()?.what));
    "divergence_address" MaybeText |row| Some(row.record.divergence.as_ref()?.address?.to_string().to_lowercase().into());
    "divergence_slot" MaybeText |row| Some(hex(&row.record.divergence.as_ref()?.slot?));
    "divergence_sequential" MaybeText |row| Some(Cow::from(&row.record.divergence.as_ref()?.sequential));
    "divergence_parallel" MaybeText |row| Some(Cow::from(&row.record.divergence.as_ref()?.parallel));
    "divergence_evidence" MaybeText |row| Some(Cow::from(row.record.divergence.as_ref()?.evidence.as_ref()?));
    "repeated" Flag |row| row.record.repeated;
    "reverted" Flag |row| row.record.reverted;
    "final" Flag |row| row.finality == Finality::Final;
};

fn hex(hash: &B256) -> Cow<'static, str> {
    hash.to_string().into()
}

/// Returns the word that JSON has for a value.
pub(super) fn word(value: &impl serde::Serialize) -> Cow<'static, str> {
    let json = serde_json::to_string(value).expect("a word is JSON");
    json.trim_matches('"').to_owned().into()
}

fn reason(verdict: &Verdict) -> Option<Cow<'_, str>> {
    match verdict {
        Verdict::Inconclusive { reason } => Some(reason.into()),
        Verdict::Match | Verdict::Diverged => None,
    }
}

fn root(roots: &RootTriple, pick: impl Fn(&RootTriple) -> Option<B256>) -> Option<Cow<'static, str>> {
    Some(hex(&pick(roots)?))
}
