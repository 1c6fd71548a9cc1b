//! Turns what was found out about blocks into reports.
//!
//! One [`BlockRecord`] is one block: what was executed, how long it took, what was compared and how that ended. A
//! [`ReportWriter`] appends records to a [`ReportDir`] as they come, so that a kill leaves complete records, and folds
//! each into a [`Tally`] and a page at once; nothing grows with the number of blocks. At the end the tally becomes a
//! [`Summary`], and the directory gets `summary.json` and `report.html`. [`merge()`] reads directories back and writes
//! them again as one. [`table`] and [`json`] are the same data as text for a terminal or a script. [`bench`] is about times
//! alone, [`analysis`] about what blocks would allow.
//!
//! This crate knows nothing of executing or comparing, never prints, and never reads the environment: machine, version
//! and commit are passed in with [`RunInfo`].

mod error;
mod format;

pub mod record;
pub mod summary;

mod finality;
mod tally;

mod dir;
mod reader;
mod writer;

mod gaps;
mod merge;

pub mod parquet;

mod contracts;
mod histogram;
mod html;
mod overview;
mod series;
mod worst;

pub mod analysis;
pub mod bench;
pub mod graph;
pub mod json;
pub mod table;

pub use analysis::{Analysis, AnalysisBlock, AnalysisInfo, HotSpot, Outlook, PartitionFigures};
pub use bench::{Bench, BenchBlock, BenchInfo, BenchSubject, Speedups};
pub use dir::ReportDir;
pub use error::{Contradiction, ReportError};
pub use graph::{BlockGraph, GraphEdge, GraphNode};
pub use merge::{MergeInput, Merged, Overlap, Wanted, merge};
pub use reader::{IncompleteLine, RecordLine, RecordReader};
pub use record::{
    BlockRecord, Check, Checks, Conflict, ConflictKind, Divergence, RootTriple, SCHEMA, Schema, Strategy,
    Verdict, parallelism_of, speedup_of,
};
pub use summary::{
    CheckCount, Completion, ForkSummary, Gap, InputError, Machine, NotRun, Part, RunInfo, Summary,
};
pub use table::{BlockTable, RowOrder};
pub use tally::Tally;
pub use writer::{ReportWriter, Resumed};
