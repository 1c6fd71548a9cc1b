//! Where tests find recorded blocks, and short words for what they do.

#![allow(dead_code, reason = "every test program uses a part")]
#![allow(clippy::print_stderr, reason = "what is not run is said")]

use std::path::{Path, PathBuf};

use tandem_compare::{
    BuildBal, CarriedState, Comparison, Engine, Execution, Expectation, Observe, Output, Reference,
    StateRoot, Terms, compare,
};
use tandem_corpus::{Case, Fork, GenerateOptions, Workload, generate};

/// Returns the directory of recorded inputs; where it is missing, says by name what is not run.
pub(crate) fn data(part: &str) -> Option<PathBuf> {
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
pub(crate) const VALID: Terms<'static> =
    Terms { expectation: Expectation::Valid, state_root: StateRoot::Agreement(&CarriedState) };

/// The same without state roots, which are dear for whole states.
pub(crate) const ROOTLESS: Terms<'static> =
    Terms { expectation: Expectation::Valid, state_root: StateRoot::Unchecked };

/// Wraps an output as an execution without trace.
pub(crate) fn execution(output: Output) -> Execution {
    Execution { result: Ok(output), trace: None, duration: std::time::Duration::ZERO }
}

/// Compares two outputs of a valid block, without state roots.
pub(crate) fn compared(case: &Case, sequential: &Output, parallel: &Output) -> Comparison {
    compare(case, &execution(sequential.clone()), &execution(parallel.clone()), &ROOTLESS)
}

/// The sequential engine as programs use it.
pub(crate) const REFERENCE: Reference = Reference { build_bal: BuildBal::FromAmsterdam };

/// The sequential engine with a block access list for every block.
pub(crate) const WITH_BAL: Reference = Reference { build_bal: BuildBal::Always };

/// Returns the last block of a small generated chain.
pub(crate) fn generated(workload: Workload, fork: Fork, seed: u64) -> Case {
    let options = GenerateOptions { blocks: 2, txs_per_block: 48, fork, ..GenerateOptions::default() };
    generate(workload, seed, options).map(Result::unwrap).last().unwrap()
}

/// Executes a case with the reference and returns the output.
pub(crate) fn output(case: &Case) -> Output {
    WITH_BAL.execute(case, Observe::Output).result.unwrap()
}
