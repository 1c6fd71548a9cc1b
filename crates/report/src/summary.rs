//! The totals of a report.

use crate::{analysis::Outlook, record::Schema};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The totals of a report: `summary.json`.
///
/// Made by [`Tally::summary`](crate::Tally::summary). Speedups are over the records that have both times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Shape of the summary.
    pub schema: Schema,
    /// Blocks with a record. Records of blocks that left the chain and repeated ones are not counted again.
    pub blocks: u64,
    /// Blocks with verdict `match`.
    pub matched: u64,
    /// Blocks with verdict `diverged`.
    pub diverged: u64,
    /// Blocks with verdict `inconclusive`.
    pub inconclusive: u64,
    /// Transactions.
    pub txs: u64,
    /// Gas used.
    pub gas_used: u64,
    /// Sequential time of the blocks with both times.
    pub sequential_us: u64,
    /// Parallel time of the blocks with both times.
    pub parallel_us: u64,
    /// Total sequential time over total parallel time.
    pub speedup_time_weighted: Option<f64>,
    /// Geometric mean of the blocks' speedups.
    pub speedup_geomean: Option<f64>,
    /// Smallest speedup.
    pub speedup_min: Option<f64>,
    /// Greatest speedup.
    pub speedup_max: Option<f64>,
    /// How the report was made: the keys `threads`, `seed`, `version`, `commit`, `machine`, `command`, `started`.
    #[serde(flatten)]
    pub run: RunInfo,
    /// Whether the run was interrupted, so that blocks are missing.
    #[serde(default)]
    pub partial: bool,
    /// Blocks with both times.
    #[serde(default)]
    pub timed_blocks: u64,
    /// Gas used by the blocks with both times.
    #[serde(default)]
    pub timed_gas_used: u64,
    /// Gas used over gas on critical paths, where both are known.
    #[serde(default)]
    pub parallelism: Option<f64>,
    /// Records written again after a restart.
    #[serde(default)]
    pub repeated: u64,
    /// Records of blocks that left the canonical chain.
    #[serde(default)]
    pub reverted: u64,
    /// How each check ended, by name.
    #[serde(default)]
    pub checks: BTreeMap<String, CheckCount>,
    /// Totals by fork, in the order of the first record of each.
    #[serde(default)]
    pub forks: Vec<ForkSummary>,
    /// Inputs that could not be used.
    #[serde(default)]
    pub input_errors: Vec<InputError>,
    /// Inputs that were left out on purpose.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
    /// Records in the file, those that do not count among them.
    #[serde(default)]
    pub records: u64,
    /// The parts of runs that are in the report, for runs that have parts.
    #[serde(default)]
    pub parts: BTreeSet<Part>,
    /// What merging found missing.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// What the blocks would allow, by number of threads; over the records that tell it.
    #[serde(default)]
    pub outlook: BTreeMap<usize, Outlook>,
}

impl Summary {
    /// Says which part of a run the report is of.
    #[must_use]
    pub fn with_part(mut self, part: Option<Part>) -> Self {
        self.parts.extend(part);
        self
    }

    /// Adds inputs that could not be used.
    pub fn with_input_errors(mut self, errors: impl IntoIterator<Item = InputError>) -> Self {
        self.input_errors.extend(errors);
        self
    }

    /// Adds inputs that were left out on purpose.
    pub fn with_not_run(mut self, inputs: impl IntoIterator<Item = NotRun>) -> Self {
        self.not_run.extend(inputs);
        self
    }
}

/// How a report was made. A field is none where it is unknown, or differs among the runs that were merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Threads of the parallel side.
    pub threads: Option<usize>,
    /// Seed of generated blocks and of schedules.
    pub seed: Option<u64>,
    /// Version of the program.
    pub version: Option<String>,
    /// Commit the program was built from.
    pub commit: Option<String>,
    /// Where it ran.
    pub machine: Option<Machine>,
    /// The command line.
    #[serde(default)]
    pub command: Option<String>,
    /// When it started, as RFC 3339.
    #[serde(default)]
    pub started: Option<String>,
}

/// A computer, as far as it matters for times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Threads the processor runs at once.
    pub cores: usize,
    /// Main memory.
    pub memory_bytes: u64,
    /// Operating system and architecture.
    pub os: String,
}

/// Whether a run saw all its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// All of it.
    Complete,
    /// It was interrupted.
    Partial,
}

/// How often a check ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCount {
    /// Equal.
    #[serde(rename = "match")]
    pub matched: u64,
    /// Not equal.
    pub differ: u64,
    /// Not compared.
    pub absent: u64,
    /// Compared with the header too; counted for the roots only.
    pub header_checked: u64,
}

/// The totals of one fork.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForkSummary {
    /// Name of the fork.
    pub fork: String,
    /// Blocks with a record.
    pub blocks: u64,
    /// Blocks with verdict `match`.
    pub matched: u64,
    /// Sequential time of the blocks with both times.
    pub sequential_us: u64,
    /// Parallel time of the blocks with both times.
    pub parallel_us: u64,
}

/// An input that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputError {
    /// The file or source.
    pub source: String,
    /// The place in it and what was expected.
    pub error: String,
}

/// An input that was left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotRun {
    /// Name of the input.
    pub name: String,
    /// Why it was left out.
    pub reason: String,
}

/// One of equal parts of a run, from 0: of its `blocks` blocks those at every `count`-th position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Which one.
    pub index: u64,
    /// How many there are.
    pub count: u64,
    /// Blocks of the whole run; none if the part was interrupted before it saw them all.
    pub blocks: Option<u64>,
}

/// Something that a merged report lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "missing", rename_all = "lowercase")]
pub enum Gap {
    /// A part of a run.
    Part(Part),
    /// Blocks of a chain, from the first to the last.
    Blocks {
        /// Where the blocks around them came from.
        source: String,
        /// Number of the first.
        first: u64,
        /// Number of the last.
        last: u64,
    },
    /// Records that a file had when its summary was written.
    Records {
        /// The file.
        file: String,
        /// How many there were.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// More than can be named.
    More {
        /// How many.
        more: u64,
    },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}/{}", self.index, self.count)?;
        self.blocks.map_or(Ok(()), |blocks| write!(f, " of a run of {blocks} blocks"))
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => write!(f, "{part} is missing"),
            Self::Blocks { source, first, last } if first == last => {
                write!(f, "block {first} has no record ({source})")
            }
            Self::Blocks { source, first, last } => {
                write!(f, "blocks {first} to {last} have no record ({source})")
            }
            Self::Records { file, expected, found } => {
                write!(f, "{file} has {found} records, had {expected} when its summary was written")
            }
            Self::More { more } => write!(f, "{more} more gaps"),
        }
    }
}
