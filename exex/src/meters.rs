//! Names the metrics, all in one place.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use tandem_report::{BlockRecord, Verdict};

/// Counts a record and what its executions took.
pub(crate) fn recorded(record: &BlockRecord) {
    if record.reverted {
        counter!("tandem_reverted_blocks_total").increment(1);
        return;
    }
    counter!("tandem_blocks_total", "verdict" => record.verdict.name()).increment(1);
    counter!("tandem_reexecutions_total").increment(record.reexecuted);
    for (path, time_us) in [("sequential", record.sequential_us), ("parallel", record.parallel_us)] {
        if let Some(time_us) = time_us {
            histogram!("tandem_execution_seconds", "path" => path).record(Duration::from_micros(time_us));
        }
    }
    if record.verdict == Verdict::Diverged {
        counter!("tandem_divergences_total").increment(1);
    }
}

/// Tells how far the validator is and how far behind.
pub(crate) fn position(number: u64, head: u64) {
    gauge!("tandem_validator_block").set(number as f64);
    gauge!("tandem_validator_lag_blocks").set(head.saturating_sub(number) as f64);
}

/// Tells how much waits.
pub(crate) fn queue(blocks: usize, bytes: usize, deferred: u64) {
    gauge!("tandem_validator_queue_blocks").set(blocks as f64);
    gauge!("tandem_validator_queue_bytes").set(bytes as f64);
    gauge!("tandem_validator_deferred_blocks").set(deferred as f64);
}

/// Counts a block that had no room in the queue.
pub(crate) fn deferred() {
    counter!("tandem_validator_deferred_total").increment(1);
}

/// Counts a block that was read back.
pub(crate) fn backfilled() {
    counter!("tandem_validator_backfilled_total").increment(1);
}

/// Tells whether the host is asked to execute sequentially.
pub(crate) fn fallback(is_wanted: bool) {
    gauge!("tandem_fallback").set(if is_wanted { 1.0 } else { 0.0 });
}

/// Counts an alert that was run.
pub(crate) fn alerted(result: &'static str) {
    counter!("tandem_alerts_total", "result" => result).increment(1);
}
