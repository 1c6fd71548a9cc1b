//! What can go wrong with a report.

use alloy_primitives::B256;
use std::{io, path::PathBuf};

/// A report could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The operating system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as a verb: "create", "read".
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A complete line of `blocks.jsonl` is not a record.
    #[error(
        "{}:{line}:{}: expected a block record of schema {}, but: {}",
        path.display(), source.column(), crate::SCHEMA, problem(source)
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the line has instead.
        source: serde_json::Error,
    },
    /// A line of `blocks.jsonl` is longer than any record can be.
    #[error("{}:{line}: expected a block record of at most {limit_bytes} bytes", path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The longest line that is read.
        limit_bytes: u64,
    },
    /// `summary.json` is not a summary.
    #[error(
        "{}:{}:{}: expected a summary of schema {}, but: {}",
        path.display(), source.line(), source.column(), crate::SCHEMA, problem(source)
    )]
    Summary {
        /// The file.
        path: PathBuf,
        /// What it has instead.
        source: serde_json::Error,
    },
    /// A directory that should be a report has no records.
    #[error("{}: expected a report directory, with a file blocks.jsonl", path.display())]
    NotAReport {
        /// The directory.
        path: PathBuf,
    },
    /// The records cannot be written as columns.
    #[error("{}: cannot write: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: parquet::errors::ParquetError,
    },
    /// Two reports tell different things about the same block of the same source.
    #[error(transparent)]
    Contradiction(Box<Contradiction>),
    /// Two reports have different evidence under one name.
    #[error("{}: expected the same content as {}", second.display(), first.display())]
    EvidenceDiffers {
        /// The file copied first.
        first: PathBuf,
        /// The file that differs from it.
        second: PathBuf,
    },
}

/// Two records that tell different things about the same block of the same source.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}:{second_line}: expected the record of block {number} ({hash}, source {block_source}) to find the same as the \
     one in {}:{first_line}, but they differ",
    second.display(), first.display()
)]
pub struct Contradiction {
    /// Number of the block.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// The records' source.
    pub block_source: String,
    /// The file read first.
    pub first: PathBuf,
    /// The line in it, from 1.
    pub first_line: u64,
    /// The file read later.
    pub second: PathBuf,
    /// The line in it, from 1.
    pub second_line: u64,
}

impl ReportError {
    /// Adapts an I/O error for `map_err`.
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, action, source }
    }
}

/// The error without the place in the text, which the message has already.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}
