//! Imports the blockchain tests of ethereum/tests and of the execution-spec tests, and a chain through all forks,
//! sequentially.
//!
//! Every block that a test calls valid must be accepted with all its roots, every block that it calls invalid must be
//! rejected for the reason that it names, and the head and the state at the end must be the expected ones.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests, which say by name what they did not run"
)]

use std::path::PathBuf;

use tandem_chain::{Tree, state_root};
use tandem_corpus::{Chain, Item};

mod amsterdam;
mod blockchain_tests;
mod execute;
mod faults;
mod host;
mod known;
mod reject;
mod stored;

/// Returns the chains of a directory of the test data, or says by name what is not run.
fn chains(directory: &str) -> impl Iterator<Item = Chain> {
    let data = std::env::var_os("TANDEM_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = data.join(directory);
    let sources = path.is_dir().then(|| tandem_corpus::open(&path).unwrap());
    if sources.is_none() {
        eprintln!("NOT RUN: {directory}: {} is not there", path.display());
    }
    sources.into_iter().flatten().filter_map(|item| match item.unwrap() {
        Item::Chain(chain) => Some(chain),
        Item::Case(case) => panic!("{} is no chain", case.source),
        Item::Witness(witness) => panic!("{} is no chain", witness.source),
        Item::NotRun(not_run) => {
            eprintln!("NOT RUN: {}: {}", not_run.source, not_run.reason);
            None
        }
    })
}

/// Begins a tree with a chain's genesis.
fn tree(chain: &Chain) -> Result<Tree, String> {
    let genesis = chain.genesis_header(state_root(&chain.state)).map_err(|error| error.to_string())?;
    Tree::new(chain.spec.clone(), genesis, (*chain.state).clone())
        .map_err(|error| format!("genesis: {error}"))
}

/// Fails with the first of the tests that failed.
fn assert_none(failures: &[String]) {
    let first = failures[..failures.len().min(20)].join("\n");
    assert!(failures.is_empty(), "{} tests fail:\n{first}", failures.len());
}
