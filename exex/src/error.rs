//! Names what keeps a validator from working.

use std::{error::Error, io, path::PathBuf};

use alloy_primitives::B256;
use tandem_report::ReportError;

use crate::host::HostError;

/// Why a validator cannot start, or ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ExexError {
    /// A file of the validator's own cannot be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The position file is damaged.
    #[error("{}: expected the position of a validator, but: {problem}", path.display())]
    Position {
        /// The file.
        path: PathBuf,
        /// What it has instead.
        problem: String,
    },
    /// The report is about another chain.
    #[error("{}: the report is about the chain with genesis {got}, expected {expected}, the host's", path.display())]
    OtherChain {
        /// The position file.
        path: PathBuf,
        /// The genesis that the file names.
        got: B256,
        /// The host's.
        expected: B256,
    },
    /// There are records, and nothing says which chain they are about.
    #[error(
        "{}: expected a directory without records, or one with {}, which says where a validator stopped",
        path.display(), crate::journal::FILE
    )]
    ForeignReport {
        /// The report's directory.
        path: PathBuf,
    },
    /// The report's records cannot be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The host does not know its own chain.
    #[error("the host failed: {0}")]
    Host(#[from] HostError),
    /// A record cannot be written.
    #[error("a record cannot be written: {0}")]
    Sink(Box<dyn Error + Send + Sync>),
    /// The thread cannot be started.
    #[error("the validator's thread cannot be started: {0}")]
    Thread(io::Error),
    /// The thread panicked: we are wrong.
    #[error("broken invariant: the validator panicked")]
    Panicked,
}

impl ExexError {
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, action, source }
    }
}
