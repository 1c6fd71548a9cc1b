//! Tells a divergence to programs.

use serde_json::{Value, json};
use tandem_compare::{
    Difference, Evidence, Observe, Place, TxIndex, evidence::INJECTS_FAULTS, history::Write,
};
use tandem_corpus::Case;

use super::reproduce::Found;

/// Returns what evidence is of, and where its divergence begins, as an object of schema 1.
pub(crate) fn json<S>(evidence: &Evidence, case: &Case<S>, found: &Found) -> Value {
    let (block, explanation) = (&case.block, &found.explanation);
    let seen = explanation.is_reproduced().then_some(match explanation.seen {
        Observe::Commits => "steps",
        Observe::Output => "outputs",
    });
    json!({
        "schema": 1,
        "block": {
            "number": block.header.number,
            "hash": block.hash,
            "source": case.source,
            "fork": case.spec.fork_name(&block.header),
            "txs": block.transactions.len(),
        },
        "run": evidence.run,
        "provenance": evidence.provenance,
        "reduction": evidence.reduction,
        "fault": evidence.fault,
        "fault_injected": evidence.fault.is_some() && INJECTS_FAULTS,
        "reproduced": explanation.is_reproduced(),
        "seen": seen,
        "schedule": found.schedule,
        "first": explanation.first.as_ref().map(difference),
        "tx_hash": explanation.tx_hash,
        "location": explanation.location.as_ref().map(difference),
        "written_before": {
            "sequential": explanation.written_sequentially.as_ref().map(write),
            "parallel": explanation.written_in_parallel.as_ref().map(write),
        },
    })
}

/// A difference as records have it, with its place in words.
fn difference(difference: &Difference) -> Value {
    json!({
        "place": difference.place.map(|place| place.to_string()),
        "tx": difference.tx(),
        "what": difference.subject.what(),
        "address": difference.subject.address(),
        "slot": difference.subject.slot(),
        "sequential": difference.sequential.to_string(),
        "parallel": difference.parallel.to_string(),
        "header": difference.header.as_ref().map(ToString::to_string),
    })
}

fn write(write: &Write) -> Value {
    json!({
        "place": write.place.map(|place| place.to_string()),
        "tx": write.place.and_then(Place::tx_index).map(|TxIndex(index)| index),
        "tx_hash": write.tx_hash,
        "value": write.value.to_string(),
    })
}
