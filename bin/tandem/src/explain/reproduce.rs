//! Executes the block of evidence until the executions differ.

use std::num::NonZero;

use tandem_compare::{
    Evidence, Expectation, Explanation, Parallel, ParentState, Reference, StateRoot, Terms,
    evidence::ScheduleEvidence, explain,
};
use tandem_corpus::Case;
use tandem_executor::driven::{Changes, Schedule};

/// How often is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    /// Executions by threads.
    pub(crate) attempts: NonZero<usize>,
    /// Executions by seeded schedules, where threads did not show it.
    pub(crate) schedules: u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) explanation: Explanation,
    /// The schedule that showed it; without one, threads did, or nothing did.
    pub(crate) schedule: Option<ScheduleEvidence>,
    /// How many schedules were tried.
    pub(crate) schedules: u64,
}

/// Executes a block by its recorded schedule, or by threads and then by schedules of the first seeds.
pub(crate) fn reproduce<S: ParentState>(
    evidence: &Evidence,
    case: &Case<S>,
    state_root: StateRoot<'_, S>,
    parallel: &Parallel,
    tries: Tries,
) -> Found {
    let recorded = evidence.divergence.as_ref();
    // Compares with the header only where the divergence was one from the header: other headers may not be right.
    let is_from_header = recorded.is_some_and(|difference| difference.header.is_some());
    let expectation = if is_from_header { Expectation::Valid } else { Expectation::Agreement };
    let terms = Terms { expectation, state_root };
    let explained = |parallel: &Parallel, attempts| {
        explain(case, &Reference::default(), parallel, &terms, recorded, attempts)
    };
    // A schedule does the same every time.
    let attempts = if parallel.schedule.is_some() { 1 } else { tries.attempts.get() };
    let explanation = explained(parallel, attempts);
    let is_by_threads = parallel.schedule.is_none() && evidence.run.strategy != "sequential";
    if explanation.is_reproduced() || !is_by_threads {
        return Found { explanation, schedule: parallel.schedule.map(Into::into), schedules: 0 };
    }
    for seed in 0..tries.schedules {
        let changes = if seed.is_multiple_of(2) { Changes::Merged } else { Changes::AsTheyCome };
        let workers = parallel.pool.worker_count().max(1);
        let schedule = Schedule { workers, seed, changes };
        let explanation = explained(&parallel.clone().with_schedule(Some(schedule)), 1);
        if explanation.is_reproduced() {
            return Found { explanation, schedule: Some(schedule.into()), schedules: seed + 1 };
        }
    }
    Found { explanation, schedule: None, schedules: tries.schedules }
}
