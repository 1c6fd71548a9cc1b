//! The sequential reference against the headers of the execution-spec tests, state roots and access lists included.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "these are tests")]

use std::sync::Arc;

use alloy_eip7928::compute_block_access_list_hash;
use alloy_evm::block::{BUILDER_DEPOSIT_REQUEST_PREDEPLOY_ADDRESS, BUILDER_EXIT_REQUEST_PREDEPLOY_ADDRESS};
use alloy_primitives::B256;
use tandem_compare::{
    CarriedState, Check, Engine, Expectation, Observe, Output, StateRoot, Terms, Verdict, compare,
};
use tandem_corpus::{Case, Chain, Item, decode_block, open};

mod support;

use support::REFERENCE;

const EXACT: Terms<'static> =
    Terms { expectation: Expectation::Valid, state_root: StateRoot::Header(&CarriedState) };

const AGREEMENT: Terms<'static> =
    Terms { expectation: Expectation::Agreement, state_root: StateRoot::Agreement(&CarriedState) };

/// Blocks compared, and how many of them had each header field.
#[derive(Debug, Default)]
struct Counts {
    blocks: usize,
    state_roots: usize,
    receipts_roots: usize,
    requests: usize,
    access_lists: usize,
    access_lists_of_header: usize,
    off_tip: usize,
    rejected: usize,
}

/// Returns the hash of an output's access list as that other revision has it, which knows no builders (EIP-8282).
fn without_builders(output: &Output) -> Option<B256> {
    let builders = [BUILDER_DEPOSIT_REQUEST_PREDEPLOY_ADDRESS, BUILDER_EXIT_REQUEST_PREDEPLOY_ADDRESS];
    let mut list = output.bal.clone()?;
    list.retain(|entry| !builders.contains(&entry.address));
    Some(compute_block_access_list_hash(&list))
}

/// Executes the valid blocks of a chain that extend its tip; returns what did not match.
fn walk(chain: Chain, terms: &Terms<'_>, counts: &mut Counts) -> Vec<String> {
    let mut state = (*chain.state).clone();
    let mut tip = chain.genesis.hash_slow();
    state.block_hashes.insert(chain.genesis.number, tip);
    let mut wrong = Vec::new();
    for block in chain.blocks {
        let block = block.unwrap();
        if block.expected_exception.is_some() {
            continue;
        }
        let place = block.place;
        let block = decode_block(&block.rlp, &chain.spec).unwrap();
        if block.header.parent_hash != tip {
            counts.off_tip += 1;
            continue;
        }
        let spec = chain.spec.at(&block.header);
        let case = Case { source: place.clone(), spec, block, state: Arc::new(state.clone()) };
        let [one, two] = [0, 1].map(|_| REFERENCE.execute(&case, Observe::Commits));
        let comparison = compare(&case, &one, &two, terms);
        counts.blocks += 1;
        counts.state_roots += usize::from(comparison.state_roots.header_checked);
        counts.receipts_roots += usize::from(comparison.receipts_roots.header_checked);
        counts.requests += usize::from(comparison.checks.requests_hash == Check::Match);
        counts.access_lists += usize::from(comparison.checks.bal_hash == Check::Match);
        if comparison.verdict != Verdict::Match {
            let first = comparison.first_difference().map(ToString::to_string);
            wrong.push(format!("{place}: {first:?}"));
            break;
        }
        let Ok(output) = one.result else {
            counts.rejected += 1;
            break;
        };
        let stated = case.block.header.block_access_list_hash;
        counts.access_lists_of_header += usize::from(stated.is_some() && without_builders(&output) == stated);
        state.apply(&output.bundle);
        tip = case.block.hash;
        state.block_hashes.insert(case.block.header.number, tip);
    }
    wrong
}

fn run(part: &str, tests_max: usize, terms: &Terms<'_>) -> Option<Counts> {
    let directory = support::data(part)?;
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    let mut tests = 0;
    for item in open(&directory).unwrap() {
        if let Item::Chain(chain) = item.unwrap() {
            wrong.extend(walk(chain, terms, &mut counts));
            tests += 1;
        }
        if tests == tests_max {
            break;
        }
    }
    println!("{part}: {tests} tests, {counts:?}");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(8)].join("\n"));
    Some(counts)
}

/// These follow another revision of Amsterdam than revm 42, so their headers say little: both executions must agree,
/// access lists included. Where the two revisions do not differ but for the builders'
/// contracts, the list is the header's, which shows that it is built by the right indexes.
#[test]
fn blocks_of_another_amsterdam_agree_and_build_access_lists() {
    for part in ["eest/bpo2_to_amsterdam", "eest/amsterdam"] {
        let Some(counts) = run(part, 600, &AGREEMENT) else { continue };
        assert!(counts.access_lists > 0, "no block with an access list: {counts:?}");
        if part == "eest/amsterdam" {
            assert!(counts.access_lists_of_header > 0, "no list is the header's: {counts:?}");
        }
    }
}

#[test]
fn valid_blocks_of_osaka_match_their_headers() {
    let Some(counts) = run("eest/stable/osaka", 300, &EXACT) else { return };
    assert!(counts.requests > 0);
    assert_eq!(counts.state_roots, counts.blocks);
}
