//! Names the forms of results.

use clap::ValueEnum;

/// Form of the results on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table of the first blocks, what went wrong, and the totals
    #[default]
    Table,
    /// One object with the keys `blocks` and `summary`
    Json,
    /// One record a line, as in the report's blocks.jsonl
    Jsonl,
}
