//! Imports whole chains: rules, execution, outputs, head and state.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tandem_chain::{Tree, state_root};
use tandem_corpus::{Chain, PostState, decode_block};

use crate::{
    assert_none, chains, execute,
    known::{self, Way},
    reject::Reject,
    tree,
};

fn import(tree: &mut Tree, rlp: &[u8]) -> Result<(), Reject> {
    let spec = Arc::clone(tree.spec());
    let block = decode_block(rlp, &spec)?;
    let parent = tree.prepare(&block)?;
    let executed = execute::execute(&spec, &block, &parent.state)?;
    executed.validate(&spec, &block.header)?;
    tree.accept(&block, executed.post_state)?;
    Ok(())
}

/// Counts of one run.
#[derive(Default)]
pub(crate) struct Counts {
    passed: usize,
    pub(crate) accepted: usize,
    pub(crate) rejected: usize,
    known: BTreeMap<&'static str, usize>,
}

fn run(chain: &mut Chain, counts: &mut Counts) -> Result<(), String> {
    let mut tree = tree(chain)?;
    for (index, block) in chain.blocks.by_ref().enumerate() {
        let block = block.map_err(|error| error.to_string())?;
        match (import(&mut tree, &block.rlp), &block.expected_exception) {
            (Ok(()), None) => counts.accepted += 1,
            (Err(reject), Some(expected)) if reject.is(expected) => counts.rejected += 1,
            (Ok(()), Some(expected)) => return Err(format!("block {index} accepted, expected {expected}")),
            (Err(reject), expected) => {
                return Err(format!("block {index} rejected: {reject}; expected {expected:?}"));
            }
        }
    }
    if chain.last_hash.is_some_and(|expected| expected != tree.head()) {
        return Err(format!("head is {}, expected {:?}", tree.head(), chain.last_hash));
    }
    let got = state_root(tree.state(&tree.head()).unwrap());
    let expected = match &chain.post_state {
        Some(PostState::Accounts(state)) => state_root(state),
        Some(PostState::Root(root)) => *root,
        None => return Ok(()),
    };
    if got == expected { Ok(()) } else { Err(format!("state root is {got}, expected {expected}")) }
}

/// Imports every chain below a directory in memory.
fn run_all(directory: &str) {
    run_each(directory, Way::Memory, 1, run);
}

/// Imports every `step`-th chain below a directory and fails with the names of those that fail.
///
/// A test that is known to fail must fail as it is known to: when it passes, the list is out of date.
pub(crate) fn run_each(
    directory: &str,
    way: Way,
    step: usize,
    run: impl Fn(&mut Chain, &mut Counts) -> Result<(), String>,
) {
    let (mut counts, mut failures, mut found) = (Counts::default(), Vec::new(), 0);
    for mut chain in chains(directory).step_by(step) {
        found += 1;
        let name = chain.source.clone();
        let result = catch_unwind(AssertUnwindSafe(|| run(&mut chain, &mut counts)));
        let result = result.unwrap_or_else(|_| Err("panicked".to_owned()));
        match (result, known::find(&name, way)) {
            (Ok(()), None) => counts.passed += 1,
            (Err(why), Some(known)) if known.explains(&why) => {
                *counts.known.entry(known.reason).or_default() += 1;
            }
            (Ok(()), Some(known)) => failures.push(format!("{name}: passes, in spite of: {}", known.reason)),
            (Err(why), _) => failures.push(format!("{name}: {why}")),
        }
    }
    let Counts { passed, accepted, rejected, known } = counts;
    eprintln!("{directory}: {passed} of {found} pass ({accepted} blocks accepted, {rejected} rejected)");
    for (reason, count) in known {
        eprintln!("{directory}: {count} are known to fail: {reason}");
    }
    assert_none(&failures);
}

#[test]
fn ethereum_tests() {
    run_all("ethereum-tests");
}

#[test]
fn eest_stable() {
    run_all("eest/stable");
}

#[test]
fn chain_through_all_forks() {
    run_all("chain/all-forks");
}
