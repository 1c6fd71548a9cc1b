//! Validates Amsterdam's headers and bodies by the rules, without executing them.
//!
//! These tests follow another revision of the specification than revm 42 does (a new slot costs 32 times 1174 gas in
//! them, 64 times 1530 in revm), so that executions give other gas. Their headers and bodies are checked all the same.

use tandem_corpus::{Chain, PlainState, decode_block};

use crate::{assert_none, chains, reject::Reject, tree};

/// Returns how many blocks the rules accept; those that only execution can reject are left out.
fn run(chain: &mut Chain) -> Result<usize, String> {
    let mut tree = tree(chain)?;
    let mut accepted = 0;
    for (index, item) in chain.blocks.by_ref().enumerate() {
        let item = item.map_err(|error| error.to_string())?;
        let decoded = decode_block(&item.rlp, &chain.spec).map_err(Reject::from);
        let prepared = decoded.and_then(|block| Ok((tree.prepare(&block)?, block)));
        match (prepared, &item.expected_exception) {
            (Ok((parent, block)), None) => {
                accepted += 1;
                let accept = tree.accept(&block, PlainState::clone(&parent.state));
                accept.map_err(|error| error.to_string())?;
            }
            (Ok(_), Some(_)) => {}
            (Err(reject), Some(expected)) if reject.is(expected) => {}
            (Err(reject), expected) => {
                return Err(format!("block {index} rejected: {reject}; expected {expected:?}"));
            }
        }
    }
    let is_expected = chain.last_hash.is_none_or(|expected| expected == tree.head());
    if is_expected { Ok(accepted) } else { Err(format!("head is {}", tree.head())) }
}

fn run_all(directory: &str) {
    let (mut tests, mut accepted, mut failures) = (0, 0, Vec::new());
    for mut chain in chains(directory) {
        match run(&mut chain) {
            Ok(blocks) => (tests, accepted) = (tests + 1, accepted + blocks),
            Err(why) => failures.push(format!("{}: {why}", chain.source)),
        }
    }
    eprintln!(
        "{directory}: the rules accept {accepted} blocks of {tests} tests; executions are not compared here"
    );
    assert_none(&failures);
}

#[test]
fn eest_bpo2_to_amsterdam() {
    run_all("eest/bpo2_to_amsterdam");
}

#[test]
fn eest_amsterdam() {
    run_all("eest/amsterdam");
}
