//! Names what can be wrong with an evidence file.

use std::{io, path::PathBuf};

/// Evidence that cannot be written, read or replayed.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The file or its directory cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not compressed as evidence is, or is cut off.
    #[error("{}: expected a whole zstd file: {source}", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// What the decompressor says.
        source: io::Error,
    },
    /// The file is larger than any evidence.
    #[error("{}: expected at most {bytes_max} bytes of JSON", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        bytes_max: u64,
    },
    /// The content is not evidence.
    #[error("{}: expected evidence as JSON: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What and where, by line and column.
        source: serde_json::Error,
    },
    /// The file has another version of the format.
    #[error("{}: schema: expected at most {expected}, found {found}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The last version that is understood.
        expected: u32,
        /// The file's version.
        found: u32,
    },
    /// A field contradicts itself or another.
    #[error("{field}: expected {expected}, found {found}")]
    Field {
        /// The field's path in the document.
        field: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl EvidenceError {
    pub(super) fn field(field: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Field { field: field.into(), expected: expected.to_string(), found: found.to_string() }
    }
}
