//! Every valid block of the test chains executes sequentially to its header, by the rules read from the source.

use std::{collections::HashMap, sync::Arc};

use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;
use tandem_corpus::{Block, Chain, Item, PlainState, PostState, decode_block, open};
use tandem_state::{StateAccount, state_root};

use crate::support;

/// Tests that the engine is known to answer otherwise, by a part of their names.
///
/// revm has no EIP-7610: an account with storage but without code and nonce does not stop a creation. alloy-evm moves
/// the DAO's balances after the transactions of the fork's block, not before them.
const ENGINE_DIFFERS: [&str; 3] = [
    "::test_init_collision_create_",
    "::RevertInCreateInInitCreate2Paris",
    " DaoTransactions_HomesteadToDaoAt5",
];

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-corpus --test it -- --ignored"]
fn stable_execution_spec_tests_execute_to_their_headers() {
    execute_all("eest/stable", 15_017, 52);
}

#[test]
fn transitions_to_amsterdam_execute_to_their_headers_before_it() {
    execute_all("eest/bpo2_to_amsterdam", 65, 0);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-corpus --test it -- --ignored"]
fn benchmark_tests_execute_to_their_headers() {
    execute_all("eest/benchmark", 189, 0);
}

#[test]
fn ethereum_tests_execute_to_their_headers() {
    execute_all("ethereum-tests", 389, 1);
}

#[test]
fn a_chain_through_all_forks_executes_to_its_headers() {
    execute_all("chain/all-forks", 1, 0);
}

/// Executes all chains of a folder; `chain_count` is an independent count of the tests in it.
fn execute_all(folder: &str, chain_count: usize, engine_differs: usize) {
    let Some(path) = support::data(folder, folder) else { return };
    let (mut chains, mut blocks, mut known, mut failures) = (0, 0, 0, Vec::new());
    for item in open(path).unwrap() {
        let Item::Chain(chain) = item.unwrap() else { panic!("{folder} holds chains only") };
        chains += 1;
        let source = chain.source.clone();
        match execute_chain(chain) {
            Ok(executed) => blocks += executed,
            Err(_) if ENGINE_DIFFERS.iter().any(|name| source.contains(name)) => known += 1,
            Err(problem) => failures.push(format!("{source}: {problem}")),
        }
    }
    println!("{folder}: {chains} chains, {blocks} blocks executed; the engine differs in {known}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!((chains, known), (chain_count, engine_differs));
}

/// Executes the blocks that a chain expects to be valid; returns how many they are.
///
/// Ends where Amsterdam begins: the tests follow another revision of it than the engine.
fn execute_chain(chain: Chain) -> Result<usize, String> {
    let genesis = chain.genesis_header(root(&chain.state)).map_err(|error| error.to_string())?;
    let mut states = HashMap::from([(genesis.hash_slow(), chain.state)]);
    let (mut executed, mut head) = (0, genesis.hash_slow());
    for block in chain.blocks {
        let block = block.map_err(|error| error.to_string())?;
        if block.expected_exception.is_some() {
            continue;
        }
        let decoded =
            decode_block(&block.rlp, &chain.spec).map_err(|error| format!("{}: {error}", block.place))?;
        if chain.spec.is_amsterdam_active_at_timestamp(decoded.header.timestamp) {
            return Ok(executed);
        }
        let parent = states.get(&decoded.header.parent_hash);
        let parent = parent.ok_or_else(|| format!("{}: no parent", block.place))?;
        let spec = chain.spec.at(&decoded.header);
        let state =
            execute_block(&spec, &decoded, parent).map_err(|error| format!("{}: {error}", block.place))?;
        states.insert(decoded.hash, Arc::new(state));
        (executed, head) = (executed + 1, decoded.hash);
    }
    check_end(&states, head, chain.last_hash, chain.post_state)?;
    Ok(executed)
}

fn execute_block(
    spec: &tandem_corpus::ChainSpec,
    block: &Block,
    parent: &PlainState,
) -> Result<PlainState, String> {
    let header = &block.header;
    let mut state = parent.clone();
    if let Some(number) = header.number.checked_sub(1) {
        state.block_hashes.insert(number, header.parent_hash);
    }
    let (result, bundle) = support::execute(spec, block, &state).map_err(|error| error.to_string())?;
    let (receipts, bloom) = support::receipts_root_and_bloom(&result.receipts);
    state.apply(&bundle);
    let checks = [
        ("gas used", header.gas_used.to_string(), result.gas_used.to_string()),
        ("logs bloom", header.logs_bloom.to_string(), bloom.to_string()),
        ("receipts root", header.receipts_root.to_string(), receipts.to_string()),
        ("state root", header.state_root.to_string(), root(&state).to_string()),
    ];
    let byzantium = spec.is_byzantium_active_at_block(header.number);
    let checked = checks.into_iter().filter(|(what, ..)| *what != "receipts root" || byzantium);
    let differences: Vec<_> = checked.filter(|(_, expected, got)| expected != got).collect();
    if !differences.is_empty() {
        return Err(format!("(check, expected, got): {differences:?}"));
    }
    Ok(state)
}

/// Checks the end that the source states; a chain with side chains may end on a block before the last one.
fn check_end(
    states: &HashMap<B256, Arc<PlainState>>,
    head: B256,
    last_hash: Option<B256>,
    post_state: Option<PostState>,
) -> Result<(), String> {
    let end = last_hash.unwrap_or(head);
    let state = states.get(&end).ok_or_else(|| format!("expected to end with {end}"))?;
    let expected = match post_state {
        Some(PostState::Accounts(accounts)) => root(&accounts),
        Some(PostState::Root(expected)) => expected,
        None => return Ok(()),
    };
    if expected == root(state) { Ok(()) } else { Err(format!("expected post state {expected}")) }
}

pub(crate) fn root(state: &PlainState) -> B256 {
    state_root(state.accounts.iter().map(|(address, account)| StateAccount {
        address: *address,
        nonce: account.info.nonce,
        balance: account.info.balance,
        code_hash: account.info.code_hash,
        storage: account.storage.iter().map(|(slot, value)| (*slot, *value)),
    }))
}
