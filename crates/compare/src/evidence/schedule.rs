//! Writes down the schedule of a run that had one.

use serde::{Deserialize, Serialize};
use tandem_executor::driven::{Changes, Schedule};

/// What decides whose turn it is when one thread executes a block with virtual workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleEvidence {
    /// Virtual workers beside the frontier.
    pub workers: usize,
    /// Seed of all turns.
    pub seed: u64,
    /// Which way results are committed.
    pub changes: ChangesEvidence,
}

/// Which way results are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangesEvidence {
    /// Merged.
    Merged,
    /// Each by itself.
    AsTheyCome,
}

impl From<Schedule> for ScheduleEvidence {
    fn from(schedule: Schedule) -> Self {
        let changes = match schedule.changes {
            Changes::Merged => ChangesEvidence::Merged,
            Changes::AsTheyCome => ChangesEvidence::AsTheyCome,
        };
        Self { workers: schedule.workers, seed: schedule.seed, changes }
    }
}

impl From<ScheduleEvidence> for Schedule {
    fn from(schedule: ScheduleEvidence) -> Self {
        let changes = match schedule.changes {
            ChangesEvidence::Merged => Changes::Merged,
            ChangesEvidence::AsTheyCome => Changes::AsTheyCome,
        };
        Self { workers: schedule.workers, seed: schedule.seed, changes }
    }
}
