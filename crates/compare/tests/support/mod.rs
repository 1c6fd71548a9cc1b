//! Where tests find recorded blocks, and short words for what they do.

#![allow(dead_code, reason = "every test program uses a part")]

use std::path::{Path, PathBuf};

use tandem_compare::{CarriedState, Comparison, Execution, Expectation, Output, StateRoot, Terms, compare};
use tandem_corpus::Case;

/// Returns the directory of recorded inputs; where it is missing, says by name what is not run.
pub fn data(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TANDEM_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let path = root.join(part);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("not run: {part} is not in the data directory");
    None
}

/// Returns the terms of a valid block whose state is carried in part.
pub const VALID: Terms<'static> =
    Terms { expectation: Expectation::Valid, state_root: StateRoot::Agreement(&CarriedState) };

/// Wraps an output as an execution without trace.
pub fn execution(output: Output) -> Execution {
    Execution { result: Ok(output), trace: None, duration: std::time::Duration::ZERO }
}

/// Compares two outputs of a valid block.
pub fn compared(case: &Case, sequential: &Output, parallel: &Output) -> Comparison {
    compare(case, &execution(sequential.clone()), &execution(parallel.clone()), &VALID)
}
