//! Validates Amsterdam's headers and bodies by the rules, without executing them.
//!
//! These tests follow another revision of the specification than revm 42 does (a byte of state costs 1174 gas in them
//! and 1530 in revm), so that executions give other gas. Their headers and bodies are checked all the same.

use std::sync::Arc;

use tandem_chain::{ImportError, Tree};
use tandem_corpus::{ChainSpec, PlainState, decode_block};

use crate::{
    data,
    fixture::{self, Test},
    reject::Reject,
};

/// Returns how many blocks the rules accept; those that only execution can reject are left out.
fn run(test: &Test) -> Result<usize, String> {
    let spec = Arc::new(ChainSpec::network(&test.network).map_err(|error| error.to_string())?);
    let genesis = decode_block(&test.genesis_rlp, &spec).map_err(|error| format!("genesis: {error}"))?;
    let mut tree = Tree::new(Arc::clone(&spec), genesis.header, fixture::state(&test.pre))
        .map_err(|error| format!("genesis: {error}"))?;
    let mut accepted = 0;
    for (index, block) in test.blocks.iter().enumerate() {
        let decoded = decode_block(&block.rlp, &spec).map_err(Reject::from);
        let prepared = decoded.and_then(|block| Ok((tree.prepare(&block)?, block)));
        match (prepared, &block.expect_exception) {
            (Ok((parent, block)), None) => {
                accepted += 1;
                let accept: Result<(), ImportError> = tree.accept(&block, PlainState::clone(&parent.state));
                accept.map_err(|error| error.to_string())?;
            }
            (Ok(_), Some(_)) => {}
            (Err(reject), Some(expected)) if reject.is(expected) => {}
            (Err(reject), expected) => {
                return Err(format!("block {index} rejected: {reject}; expected {expected:?}"));
            }
        }
    }
    if tree.head() == test.lastblockhash { Ok(accepted) } else { Err(format!("head is {}", tree.head())) }
}

fn run_all(directory: &str) {
    let Some(path) = data(directory) else { return };
    let (mut tests, mut accepted, mut failures) = (0, 0, Vec::new());
    for file in fixture::files(&path) {
        for (name, test) in fixture::read(&file) {
            match run(&test) {
                Ok(blocks) => (tests, accepted) = (tests + 1, accepted + blocks),
                Err(why) => failures.push(format!("{}: {name}: {why}", file.display())),
            }
        }
    }
    eprintln!(
        "{directory}: the rules accept {accepted} blocks of {tests} tests; executions are not compared here"
    );
    assert!(accepted > 0, "no block below {}", path.display());
    assert!(
        failures.is_empty(),
        "{} tests fail:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
}

#[test]
fn eest_bpo2_to_amsterdam() {
    run_all("eest/bpo2_to_amsterdam");
}

#[test]
fn eest_amsterdam() {
    run_all("eest/amsterdam");
}
