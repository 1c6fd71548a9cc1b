//! Tells a divergence to people.

use std::fmt::Write;

use tandem_compare::{Evidence, evidence::INJECTS_FAULTS};
use tandem_corpus::Case;

use super::reproduce::Found;

/// Returns what evidence is of, and where its divergence begins.
pub(crate) fn text<S>(evidence: &Evidence, case: &Case<S>, found: &Found) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _infallible = write(&mut text, evidence, case, found);
    text
}

fn write<S>(text: &mut String, evidence: &Evidence, case: &Case<S>, found: &Found) -> std::fmt::Result {
    let (block, made) = (&case.block, &evidence.provenance);
    writeln!(text, "block {} {} of {}", block.header.number, block.hash, case.source)?;
    writeln!(
        text,
        "fork {}, {} transactions, recorded with {} threads by tandem {} {}",
        case.spec.fork_name(&block.header),
        block.transactions.len(),
        evidence.run.threads,
        made.version,
        made.commit,
    )?;
    if let Some(reduction) = &evidence.reduction {
        writeln!(text, "evidence {reduction}")?;
    }
    if let Some(fault) = &evidence.fault {
        let here = if INJECTS_FAULTS { "injected here too" } else { "this build injects none" };
        writeln!(text, "recorded with a fault on purpose, {fault}; {here}")?;
    }
    match found.schedule {
        Some(schedule) => {
            writeln!(text, "by the schedule of seed {} with {} workers", schedule.seed, schedule.workers)?
        }
        None if found.schedules > 0 => writeln!(text, "tried {} seeded schedules too", found.schedules)?,
        None => {}
    }
    write!(text, "{}", found.explanation)
}
