//! Says what is wrong with an input: the file, the place in it, what was expected and what was found.

use std::{io, path::PathBuf};

use alloy_primitives::{Address, B256};

use crate::{chain_spec::NetworkError, decode::BlockDecodeError};

/// The kinds of sources, for messages.
const SOURCES: &str = "a case (block.json, pre_state.json), blockchain tests or a witness (*.json), or a chain (genesis.json, *.rlp or *.era1)";

/// An input that cannot be used; it displays as one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The operating system does not give the file or directory.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The compressed stream ends early or is damaged.
    #[error("{}: expected a complete {format} stream: {source}", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// zstd or gzip.
        format: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// A file that belongs to the source is not there.
    #[error("{}: no such file, expected {expected}", path.display())]
    Missing {
        /// The file that should be there.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A directory with nothing in it.
    #[error("{}: the directory is empty, expected {SOURCES}", path.display())]
    EmptyDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory that is none of the sources.
    #[error("{}: found {found}, expected {SOURCES}", path.display())]
    NotASource {
        /// The file or directory.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// A source of a kind that is recognised but not read.
    #[error("{}: {kind} sources are not supported yet, expected {SOURCES}", path.display())]
    NotSupported {
        /// The file or directory.
        path: PathBuf,
        /// The kind: rpc.
        kind: &'static str,
    },
    /// JSON that is malformed, ends early, or has another shape than expected.
    #[error("{}:{line}:{column}: {place}{problem}", path.display(), place = place_prefix(place))]
    Json {
        /// The file.
        path: PathBuf,
        /// The test in the file, or empty.
        place: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was expected and what was found.
        problem: String,
    },
    /// A test of a network that gives no rules.
    #[error("{}: {test}: {source}", path.display())]
    Network {
        /// The file.
        path: PathBuf,
        /// The test.
        test: String,
        /// Why.
        source: NetworkError,
    },
    /// A file of blocks that is damaged.
    #[error("{}: offset {offset}: {problem}", path.display())]
    Rlp {
        /// The file.
        path: PathBuf,
        /// Byte offset of the block, or of the entry, in the uncompressed file.
        offset: u64,
        /// What was expected and what was found.
        problem: String,
    },
    /// A block that cannot be a block of the chain.
    #[error("{place}: {source}")]
    Block {
        /// File and place in it.
        place: String,
        /// Why.
        source: BlockDecodeError,
    },
    /// Two statements of an input that contradict each other.
    #[error("{}: {field}: expected {expected}, found {got}", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// What is stated twice.
        field: String,
        /// By the first statement.
        expected: String,
        /// By the second one.
        got: String,
    },
    /// A part of a file that is not there, or does not hold what it should.
    #[error("{}: {field}: expected {expected}, found {got}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The part.
        field: String,
        /// What it should hold.
        expected: String,
        /// What it holds.
        got: String,
    },
    /// A pre-state without accounts that the block needs.
    #[error("{}: expected account {address}: {reason}", path.display())]
    MissingAccount {
        /// The file.
        path: PathBuf,
        /// The first account that is not there.
        address: Address,
        /// How the block shows that it exists, and what else may be missing.
        reason: String,
    },
    /// A block whose parent is not in the chain.
    #[error("{place}: block {hash}: expected its parent {parent} before it, which is not there")]
    UnknownParent {
        /// File and place in it.
        place: String,
        /// The block.
        hash: B256,
        /// The parent that it names.
        parent: B256,
    },
}

fn place_prefix(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

impl InputError {
    /// Puts a JSON error in its file; `first_line` and `first_column` tell where the text begins, from 1.
    pub(crate) fn json(
        path: impl Into<PathBuf>,
        place: &str,
        (first_line, first_column): (usize, usize),
        error: &serde_json::Error,
    ) -> Self {
        let full = error.to_string();
        let problem = full.rsplit_once(" at line ").map_or(full.as_str(), |(problem, _)| problem).to_owned();
        let (line, column) = match (error.line(), error.column()) {
            (0 | 1, column) => (first_line, first_column - 1 + column.max(1)),
            (line, column) => (first_line + line - 1, column.max(1)),
        };
        Self::Json { path: path.into(), place: place.to_owned(), line, column, problem }
    }
}
