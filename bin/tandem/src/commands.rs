//! The subcommands, one a file.

pub(crate) mod analyze;
pub(crate) mod bench;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod witness;
