//! Imports whole tests: rules, execution, outputs, head and state.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tandem_chain::{Tree, state_root};
use tandem_corpus::{ChainSpec, decode_block};

use crate::{
    data, execute,
    fixture::{self, Test},
    known,
    reject::Reject,
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
struct Counts {
    passed: usize,
    accepted: usize,
    rejected: usize,
    known: BTreeMap<&'static str, usize>,
}

fn run(test: &Test, counts: &mut Counts) -> Result<(), String> {
    let spec = Arc::new(ChainSpec::network(&test.network).map_err(|error| error.to_string())?);
    let genesis = decode_block(&test.genesis_rlp, &spec).map_err(|error| format!("genesis: {error}"))?;
    let mut tree = Tree::new(spec, genesis.header, fixture::state(&test.pre))
        .map_err(|error| format!("genesis: {error}"))?;
    for (index, block) in test.blocks.iter().enumerate() {
        match (import(&mut tree, &block.rlp), &block.expect_exception) {
            (Ok(()), None) => counts.accepted += 1,
            (Err(reject), Some(expected)) if reject.is(expected) => counts.rejected += 1,
            (Ok(()), Some(expected)) => return Err(format!("block {index} accepted, expected {expected}")),
            (Err(reject), expected) => {
                return Err(format!("block {index} rejected: {reject}; expected {expected:?}"));
            }
        }
    }
    if tree.head() != test.lastblockhash {
        return Err(format!("head is {}, expected {}", tree.head(), test.lastblockhash));
    }
    let expected = match (&test.post_state, test.post_state_hash) {
        (Some(accounts), _) => state_root(&fixture::state(accounts)),
        (None, Some(root)) => root,
        (None, None) => return Err("no post state".to_owned()),
    };
    let got = state_root(tree.state(&tree.head()).unwrap());
    if got == expected { Ok(()) } else { Err(format!("state root is {got}, expected {expected}")) }
}

/// Runs every test below a directory and fails with the names of those that fail.
///
/// A test that is known to fail must fail: when it passes, the list of the known ones is out of date.
fn run_all(directory: &str) {
    let Some(path) = data(directory) else { return };
    let (mut counts, mut failures) = (Counts::default(), Vec::new());
    for file in fixture::files(&path) {
        for (name, test) in fixture::read(&file) {
            let result = catch_unwind(AssertUnwindSafe(|| run(&test, &mut counts)));
            let result = result.unwrap_or_else(|_| Err("panicked".to_owned()));
            match (result, known::find(&name)) {
                (Ok(()), None) => counts.passed += 1,
                (Err(why), Some(known)) if known.explains(&why) => {
                    *counts.known.entry(known.reason).or_default() += 1;
                }
                (Ok(()), Some(known)) => {
                    failures.push(format!("{name}: passes, in spite of: {}", known.reason))
                }
                (Err(why), _) => failures.push(format!("{}: {name}: {why}", file.display())),
            }
        }
    }
    let Counts { passed, accepted, rejected, known } = counts;
    eprintln!("{directory}: {passed} tests pass ({accepted} blocks accepted, {rejected} rejected)");
    for (reason, count) in known {
        eprintln!("{directory}: {count} tests are known to fail: {reason}");
    }
    assert!(passed > 0, "no test below {}", path.display());
    assert!(
        failures.is_empty(),
        "{} tests fail:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
}

#[test]
fn ethereum_tests() {
    run_all("ethereum-tests");
}

#[test]
fn eest_stable() {
    run_all("eest/stable");
}
