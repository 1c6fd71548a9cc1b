//! Imports the blockchain tests of ethereum/tests and of the execution-spec tests, sequentially.
//!
//! Every block that a test calls valid must be accepted with all its roots, every block that it calls invalid must be
//! rejected for the reason that it names, and the head and the state at the end must be the expected ones.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests, which say by name what they did not run"
)]

use std::path::PathBuf;

mod amsterdam;
mod blockchain_tests;
mod execute;
mod fixture;
mod known;
mod reject;

/// Returns a directory of the test data, or says by name what is not run.
fn data(directory: &str) -> Option<PathBuf> {
    let data = std::env::var_os("TANDEM_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = data.join(directory);
    if !path.is_dir() {
        eprintln!("NOT RUN: {directory}: {} is not there", path.display());
        return None;
    }
    Some(path)
}
