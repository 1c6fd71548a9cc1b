//! Reorgs, finality, notifications and resuming, with empty blocks on a store.

use std::{path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{DatabaseRef, state::AccountInfo};
use tandem_chain::{Batch, ChainError, Host, ImportError, Notification, Place, rules::difficulty};
use tandem_corpus::{Block, Chain, ChainSpec, PlainAccount, PlainState};
use tandem_state::{Store, StoreConfig};

use crate::stored;

/// A genesis whose only account pays nobody: each block's reward shows in its beneficiary's balance.
fn chain(network: &str) -> Chain {
    let info = AccountInfo { balance: U256::from(7), ..AccountInfo::default() };
    let mut state = PlainState::default();
    state.accounts.insert(Address::repeat_byte(7), PlainAccount { info, storage: Default::default() });
    let genesis = Header {
        gas_limit: 1_000_000,
        difficulty: U256::from(1 << 20),
        state_root: B256::ZERO,
        ..Header::default()
    };
    Chain {
        source: network.to_owned(),
        spec: Arc::new(ChainSpec::network(network).unwrap()),
        genesis,
        genesis_hash: None,
        state: Arc::new(state),
        blocks: Box::new(std::iter::empty()),
        last_hash: None,
        post_state: None,
    }
}

fn host(network: &str, datadir: &Path) -> Host {
    let chain = chain(network);
    stored::host(stored::store(&chain, datadir), &chain, Batch::SINGLE)
}

/// A valid empty block, whose state root is found by asking what it should be.
fn child(host: &mut Host, parent: B256, elapsed: u64, beneficiary: u8) -> Block {
    let spec = Arc::clone(host.tree().spec());
    let above = host.tree().header(&parent).unwrap().clone();
    let timestamp = above.timestamp + elapsed;
    let mut header = Header {
        parent_hash: parent,
        number: above.number + 1,
        timestamp,
        gas_limit: above.gas_limit,
        beneficiary: Address::repeat_byte(beneficiary),
        difficulty: difficulty::expected(&spec, &above, timestamp),
        extra_data: Bytes::from(vec![beneficiary]),
        ..Header::default()
    };
    // The first attempt says which root it should have had.
    if let Err(ChainError::Import(error)) = host.import(block(header.clone())) {
        let text = error.to_string();
        let expected = text.strip_prefix("state root is ").and_then(|text| text.split("expected ").nth(1));
        header.state_root = expected.unwrap_or_else(|| panic!("{text}")).parse().unwrap();
    }
    block(header)
}

fn block(header: Header) -> Block {
    let hash = header.hash_slow();
    Block { hash, header, transactions: [].into(), ommers: vec![], withdrawals: None }
}

/// Adds a block and returns its hash.
fn extend(host: &mut Host, parent: B256, elapsed: u64, beneficiary: u8) -> B256 {
    let block = child(host, parent, elapsed, beneficiary);
    let hash = block.hash;
    host.import(block).unwrap();
    hash
}

fn balance(state: &tandem_state::StateView, who: u8) -> U256 {
    state.basic_ref(Address::repeat_byte(who)).unwrap().map_or(U256::ZERO, |account| account.balance)
}

fn numbers(blocks: &[tandem_chain::NotifiedBlock]) -> Vec<(u64, u8)> {
    blocks.iter().map(|block| (block.header().number, block.header().extra_data[0])).collect()
}

#[test]
fn branch_of_more_difficulty_replaces_the_chain_on_disk_and_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = host("Berlin", scratch.path());
    let genesis = host.tree().head();
    let mut told = host.subscribe(0, 16).unwrap();
    let slow = extend(&mut host, genesis, 100, 1);
    let slow = extend(&mut host, slow, 100, 1);
    assert_eq!(host.store().head().hash, slow);

    let fast = extend(&mut host, genesis, 1, 2);
    assert_eq!(host.store().head().hash, slow, "a branch of less difficulty stays aside");
    let fast = extend(&mut host, fast, 1, 2);
    assert_eq!(host.store().head().hash, fast);
    assert_eq!(host.tree().head(), fast);
    assert_eq!(host.store().recompute_root().unwrap(), host.tree().header(&fast).unwrap().state_root);

    let state = host.store().state();
    assert_eq!(balance(&state, 1), U256::ZERO);
    let reward = U256::from(2_000_000_000_000_000_000u64);
    assert_eq!(balance(&state, 2), reward * U256::from(2));

    for number in [1, 2] {
        let committed = told.wait().unwrap().unwrap();
        assert!(matches!(committed, Notification::Committed { .. }));
        assert_eq!(numbers(committed.new_blocks()), [(number, 1)]);
        let before = balance(&committed.new_blocks()[0].parent_state, 1);
        assert_eq!(before, reward * U256::from(number - 1));
    }
    let reorged = told.wait().unwrap().unwrap();
    assert!(matches!(reorged, Notification::Reorged { .. }));
    assert_eq!(numbers(reorged.old_blocks()), [(1, 1), (2, 1)]);
    assert_eq!(numbers(reorged.new_blocks()), [(1, 2), (2, 2)]);
    // Parent states are those of each block's own branch, though the chain has moved on.
    assert_eq!(balance(&reorged.old_blocks()[1].parent_state, 1), reward);
    assert_eq!(balance(&reorged.new_blocks()[1].parent_state, 1), U256::ZERO);
    assert_eq!(balance(&reorged.new_blocks()[1].parent_state, 2), reward);
    assert!(told.poll().unwrap().is_none());
}

/// A restart forgets side branches: a block on one has an unknown parent until the branch is sent again, and nothing
/// else changes. Sent again, it replaces the chain on disk as if there had been no restart.
#[test]
fn branch_that_a_restart_forgot_is_sent_again_and_replaces_the_chain() {
    let scratch = tempfile::tempdir().unwrap();
    let mut first_run = host("Berlin", scratch.path());
    let genesis = first_run.tree().head();
    let slow = extend(&mut first_run, genesis, 100, 1);
    let slow = extend(&mut first_run, slow, 100, 1);
    let aside = child(&mut first_run, genesis, 1, 2);
    assert_eq!(first_run.import(aside.clone()).unwrap(), Place::Side);
    let above = child(&mut first_run, aside.hash, 1, 2);
    drop(first_run);

    let store = Store::open(scratch.path(), StoreConfig::default(), genesis).unwrap();
    let mut host = stored::host(store, &chain("Berlin"), Batch::SINGLE);
    assert_eq!(host.store().head().hash, slow);
    let refused = host.import(above.clone()).unwrap_err();
    let unknown = matches!(refused, ChainError::Import(ImportError::UnknownParent { parent, .. }) if parent == aside.hash);
    assert!(unknown, "{refused}");
    assert_eq!((host.store().head().hash, host.tree().head()), (slow, slow));

    let mut told = host.subscribe(2, 16).unwrap();
    assert_eq!(host.import(aside).unwrap(), Place::Side);
    assert_eq!(host.import(above.clone()).unwrap(), Place::Head);
    assert_eq!(host.store().head().hash, above.hash);
    assert_eq!(host.store().recompute_root().unwrap(), above.header.state_root);
    let reorged = told.wait().unwrap().unwrap();
    assert_eq!(numbers(reorged.old_blocks()), [(1, 1), (2, 1)]);
    assert_eq!(numbers(reorged.new_blocks()), [(1, 2), (2, 2)]);
}

#[test]
fn head_is_by_choice_and_blocks_can_be_taken_away() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = host("Berlin", scratch.path());
    let genesis = host.tree().head();
    let first = extend(&mut host, genesis, 1, 1);
    let second = extend(&mut host, first, 1, 1);
    let mut told = host.subscribe(2, 16).unwrap();

    host.set_head(first).unwrap();
    assert_eq!(host.store().head().hash, first);
    let reverted = told.wait().unwrap().unwrap();
    assert!(matches!(reverted, Notification::Reverted { .. }));
    assert_eq!(numbers(reverted.old_blocks()), [(2, 1)]);

    // What was taken away is remembered, and can be chosen again.
    host.set_head(second).unwrap();
    assert_eq!(host.store().head().hash, second);
    assert_eq!(numbers(told.wait().unwrap().unwrap().new_blocks()), [(2, 1)]);
}

#[test]
fn no_branch_leaves_the_chain_below_the_final_block() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = host("Berlin", scratch.path());
    let genesis = host.tree().head();
    let first = extend(&mut host, genesis, 100, 1);
    host.finalize(1).unwrap();
    let block = child(&mut host, genesis, 1, 2);
    let refused = host.import(block).unwrap_err();
    assert!(matches!(refused, ChainError::Finalized { ancestor: 0, finalized: 1 }), "{refused}");
    assert_eq!(host.store().head().hash, first);
    assert_eq!(host.tree().head(), first);
    let above = child(&mut host, first, 1, 3);
    assert_eq!(host.import(above).unwrap(), Place::Head);
}

#[test]
fn subscriber_gets_what_it_missed_and_then_what_happens() {
    let scratch = tempfile::tempdir().unwrap();
    let mut host = host("Berlin", scratch.path());
    let mut head = host.tree().head();
    for _ in 0..3 {
        head = extend(&mut host, head, 10, 1);
    }
    let mut told = host.subscribe(1, 16).unwrap();
    head = extend(&mut host, head, 10, 1);
    let mut seen = Vec::new();
    while let Some(notification) = told.poll().unwrap() {
        seen.extend(numbers(notification.new_blocks()));
    }
    assert_eq!(seen, [(2, 1), (3, 1), (4, 1)]);
    // A subscriber that leaves does not hold the chain up.
    drop(told);
    for _ in 0..40 {
        head = extend(&mut host, head, 10, 1);
    }
    assert_eq!(host.store().head().number, 44);
}
