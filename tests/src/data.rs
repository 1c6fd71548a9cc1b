//! Finds recorded blocks, which are no part of the project.

use std::path::{Path, PathBuf};

/// Returns a folder of the data, or says by name that a test does not run for want of it.
///
/// The data are where the variable `TANDEM_DATA` says, or in `../shared/data` beside the project.
#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
pub fn folder(test: &str, name: &str) -> Option<PathBuf> {
    let beside = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data"));
    let data = std::env::var_os("TANDEM_DATA").map_or_else(|| beside.to_owned(), PathBuf::from);
    let folder = data.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT RUN: {test}: no folder {}; set TANDEM_DATA", folder.display());
    None
}
