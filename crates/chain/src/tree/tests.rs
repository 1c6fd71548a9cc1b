//! Tests the tree with empty blocks: forks, heads, windows and bounds.

use alloy_consensus::constants::EMPTY_WITHDRAWALS;
use alloy_primitives::Bytes;

use super::*;

/// A tree with a genesis of an empty state.
fn tree(network: &str) -> Tree {
    let spec = ChainSpec::network(network).unwrap();
    let genesis = Header { gas_limit: 1_000_000, difficulty: U256::from(1 << 20), ..Header::default() };
    Tree::new(Arc::new(spec), genesis, PlainState::default()).unwrap()
}

/// A valid empty child, `elapsed` seconds after its parent.
fn child(tree: &Tree, parent: B256, elapsed: u64, extra_data: &'static str) -> Block {
    let header = tree.header(&parent).unwrap();
    let timestamp = header.timestamp + elapsed;
    let mut header = Header {
        parent_hash: parent,
        number: header.number + 1,
        timestamp,
        gas_limit: header.gas_limit,
        difficulty: crate::rules::difficulty::expected(tree.spec(), header, timestamp),
        extra_data: Bytes::from_static(extra_data.as_bytes()),
        ..Header::default()
    };
    if tree.spec().terminal_total_difficulty().is_some() {
        header.difficulty = U256::ZERO;
        header.base_fee_per_gas =
            tree.header(&parent).unwrap().next_block_base_fee(alloy_eips::eip1559::BaseFeeParams::ethereum());
    }
    block(header)
}

fn block(header: Header) -> Block {
    let hash = header.hash_slow();
    Block { hash, header, transactions: [].into(), ommers: vec![], withdrawals: None }
}

fn import(tree: &mut Tree, block: &Block) {
    let parent = tree.prepare(block).unwrap();
    tree.accept(block, PlainState::clone(&parent.state)).unwrap();
}

/// Extends a block by `count` children and returns the last one's hash.
fn extend(tree: &mut Tree, mut parent: B256, count: usize, elapsed: u64) -> B256 {
    for _ in 0..count {
        let block = child(tree, parent, elapsed, "");
        import(tree, &block);
        parent = block.hash;
    }
    parent
}

#[test]
fn genesis_must_have_its_states_root() {
    let genesis = Header { state_root: B256::repeat_byte(1), ..Header::default() };
    let spec = Arc::new(ChainSpec::network("Berlin").unwrap());
    let error = Tree::new(spec, genesis, PlainState::default()).unwrap_err();
    assert!(matches!(error, ConsensusError::StateRoot { .. }), "{error}");
}

#[test]
fn before_the_merge_the_head_has_most_total_difficulty() {
    let mut tree = tree("Berlin");
    let genesis = tree.head();
    let long = extend(&mut tree, genesis, 3, 100);
    assert_eq!(tree.head(), long);

    // As high but later: faster blocks are more difficult.
    let short = extend(&mut tree, genesis, 3, 1);
    assert_eq!(tree.header(&short).unwrap().number, tree.header(&long).unwrap().number);
    assert!(tree.total_difficulty(&short) > tree.total_difficulty(&long));
    assert_eq!(tree.head(), short);

    // Two more slow blocks come back on top.
    let longer = extend(&mut tree, long, 2, 100);
    assert_eq!(tree.head(), longer);
}

#[test]
fn of_equal_total_difficulties_the_first_stays_head() {
    let mut tree = tree("Berlin");
    let genesis = tree.head();
    let (first, second) = (child(&tree, genesis, 1, "a"), child(&tree, genesis, 1, "b"));
    import(&mut tree, &first);
    import(&mut tree, &second);
    assert_eq!(tree.total_difficulty(&first.hash), tree.total_difficulty(&second.hash));
    assert_eq!(tree.head(), first.hash);
}

#[test]
fn after_the_merge_the_last_block_is_the_head() {
    let mut tree = tree("Paris");
    let genesis = Header { base_fee_per_gas: Some(7), gas_limit: 1_000_000, ..Header::default() };
    tree = Tree::new(Arc::clone(tree.spec()), genesis, PlainState::default()).unwrap();
    let genesis = tree.head();
    let (first, second) = (child(&tree, genesis, 1, "a"), child(&tree, genesis, 1, "b"));
    for block in [&first, &second, &first] {
        import(&mut tree, block);
        assert_eq!(tree.head(), block.hash);
    }
    assert_eq!(tree.block_count(), 3);
}

#[test]
fn unknown_parent_is_its_own_error() {
    let mut tree = tree("Berlin");
    let mut orphan = child(&tree, tree.head(), 1, "");
    orphan.header.parent_hash = B256::repeat_byte(7);
    let orphan = block(orphan.header);
    let expected = ImportError::UnknownParent { number: 1, parent: B256::repeat_byte(7) };
    assert_eq!(tree.prepare(&orphan).unwrap_err(), expected);
    assert_eq!(tree.accept(&orphan, PlainState::default()).unwrap_err(), expected);
}

#[test]
fn a_hash_that_is_not_the_headers_is_found() {
    let tree = tree("Berlin");
    let mut block = child(&tree, tree.head(), 1, "");
    block.hash = B256::ZERO;
    let error = tree.prepare(&block).unwrap_err();
    assert!(matches!(error, ImportError::Invalid(ConsensusError::BlockHash { .. })), "{error}");
}

#[test]
fn withdrawals_before_their_fork_are_found() {
    let tree = tree("Berlin");
    let mut early = child(&tree, tree.head(), 1, "");
    early.withdrawals = Some(Default::default());
    let error = tree.prepare(&early).unwrap_err();
    let field = "list of withdrawals";
    assert_eq!(error, ConsensusError::UnexpectedField { field, eip: 4895 }.into());

    let header = Header { withdrawals_root: Some(EMPTY_WITHDRAWALS), ..early.header };
    let error = tree.prepare(&block(header)).unwrap_err();
    assert_eq!(error, ConsensusError::UnexpectedField { field: "withdrawals root", eip: 4895 }.into());
}

#[test]
fn states_carry_the_hashes_of_256_blocks() {
    let mut tree = tree("Berlin").with_state_depth(1000);
    let genesis = tree.head();
    let head = extend(&mut tree, genesis, 300, 10);
    let hashes = &tree.state(&head).unwrap().block_hashes;
    assert_eq!(hashes.len(), 256);
    assert_eq!(hashes.keys().copied().collect::<Vec<_>>(), (45..=300).collect::<Vec<_>>());
    assert_eq!(hashes[&300], head);

    // A branch has its own hashes.
    let fork = *hashes.get(&290).unwrap();
    let branch = child(&tree, fork, 11, "branch");
    import(&mut tree, &branch);
    let hashes = &tree.state(&branch.hash).unwrap().block_hashes;
    assert_eq!((hashes[&290], hashes[&291]), (fork, branch.hash));
    assert_eq!(hashes.last_key_value(), Some((&291, &branch.hash)));
}

#[test]
fn a_long_chain_stays_in_bounded_memory() {
    let mut tree = tree("Berlin").with_state_depth(5);
    let genesis = tree.head();
    let head = extend(&mut tree, genesis, 100, 10);
    assert_eq!(tree.block_count(), 5 + GENERATIONS + 1);
    assert_eq!(tree.nodes.values().filter(|node| node.state.is_some()).count(), 5 + 1);
    assert_eq!(tree.heights.values().map(Vec::len).sum::<usize>(), tree.block_count());

    let hashes = tree.state(&head).unwrap().block_hashes.clone();
    tree.prepare(&child(&tree, hashes[&95], 11, "")).unwrap();
    let error = tree.prepare(&child(&tree, hashes[&94], 11, "")).unwrap_err();
    assert_eq!(error, ImportError::StateDropped { number: 95, parent: hashes[&94] });
    let mut forgotten = child(&tree, head, 1, "").header;
    forgotten.parent_hash = hashes[&80];
    let error = tree.prepare(&block(forgotten)).unwrap_err();
    assert!(matches!(error, ImportError::UnknownParent { .. }), "{error}");
}
