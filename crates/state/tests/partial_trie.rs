//! Changes partial tries at random and compares roots and nodes with tries built from scratch.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use proptest::{collection::vec, prelude::*};
use tandem_state::{
    EMPTY_ROOT_HASH, NodeSource, NodesByHash, PartialTrie, TrieError, TrieOwner, trie::Nibbles,
};

use support::{NodesByPath, model_root};

mod support;

const OWNER: TrieOwner = TrieOwner::Accounts;

/// A key that differs from others in a few nibbles only, early, in the middle and at the end.
fn key() -> impl Strategy<Value = B256> {
    (0u8..4, 0u8..3, 0u8..3, 0u8..3).prop_map(|(first, second, middle, last)| {
        let mut key = B256::ZERO;
        key[0] = first << 4 | second;
        key[15] = middle;
        key[31] = last;
        key
    })
}

/// Values of one byte are short enough that whole leaves are inside their parents near the end of keys.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(1u8..0x7f, 1), vec(any::<u8>(), 30..80)]
}

type Changes = Vec<(B256, Option<Vec<u8>>)>;

fn changes() -> impl Strategy<Value = Changes> {
    vec((key(), proptest::option::weighted(0.55, value())), 0..12)
}

fn change(trie: &mut PartialTrie, changes: &Changes, source: &impl NodeSource) {
    for (key, value) in changes {
        match value {
            Some(value) => trie.insert(key, value.clone(), source).unwrap(),
            None => trie.remove(key, source).unwrap(),
        }
    }
}

/// All nodes of a trie built at once.
fn nodes_from_scratch(leaves: &BTreeMap<B256, Vec<u8>>) -> NodesByPath {
    let mut trie = PartialTrie::new(OWNER, EMPTY_ROOT_HASH);
    for (key, value) in leaves {
        trie.insert(key, value.clone(), &NodesByHash::default()).unwrap();
    }
    let mut nodes = NodesByPath::default();
    nodes.apply_to(OWNER, &trie.finish().1);
    nodes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Batch after batch, each on what the one before left in the store.
    #[test]
    fn batches_leave_the_root_and_exactly_the_nodes_of_a_fresh_trie(batches in vec(changes(), 1..8)) {
        let mut leaves = BTreeMap::new();
        let mut nodes = NodesByPath::default();
        let mut root = EMPTY_ROOT_HASH;
        for batch in batches {
            let mut trie = PartialTrie::new(OWNER, root);
            change(&mut trie, &batch, &nodes);
            let changed;
            (root, changed) = trie.finish();
            nodes.apply_to(OWNER, &changed);
            for (key, value) in batch {
                match value {
                    Some(value) => drop(leaves.insert(key, value)),
                    None => drop(leaves.remove(&key)),
                }
            }
            prop_assert_eq!(root, model_root(&leaves));
            prop_assert_eq!(&nodes, &nodes_from_scratch(&leaves));
        }
        let trie = PartialTrie::new(OWNER, root);
        for (key, value) in &leaves {
            let read = trie.get(key, &nodes).unwrap();
            prop_assert_eq!(read.as_ref(), Some(value));
        }
    }

    /// One trie goes on being changed, and its root is asked for in between.
    #[test]
    fn roots_in_between_change_nothing(before in changes(), batches in vec(changes(), 1..6), absent in key()) {
        let mut leaves = BTreeMap::new();
        for (key, value) in before {
            if let Some(value) = value {
                leaves.insert(key, value);
            }
        }
        let source = nodes_from_scratch(&leaves);
        let mut trie = PartialTrie::new(OWNER, model_root(&leaves));
        for batch in &batches {
            change(&mut trie, batch, &source);
            for (key, value) in batch {
                match value {
                    Some(value) => drop(leaves.insert(*key, value.clone())),
                    None => drop(leaves.remove(key)),
                }
            }
            prop_assert_eq!(trie.root(), model_root(&leaves));
            prop_assert_eq!(trie.get(&absent, &source).unwrap(), leaves.get(&absent).cloned());
            prop_assert_eq!(trie.load(&absent, &source).unwrap(), leaves.get(&absent).map(|value| &value[..]));
        }
        let mut nodes = source;
        nodes.apply_to(OWNER, &trie.finish().1);
        prop_assert_eq!(nodes, nodes_from_scratch(&leaves));
    }

    /// A missing or damaged node is an error or does not matter; it never changes a value or a root.
    #[test]
    fn a_source_that_lacks_a_node_is_never_believed(
        before in vec((key(), value()), 1..20), batch in changes(), lost in any::<prop::sample::Index>(),
    ) {
        let leaves: BTreeMap<_, _> = before.into_iter().collect();
        let whole = nodes_from_scratch(&leaves);
        let nodes: Vec<Bytes> = whole.0.values().cloned().collect();
        let lost = lost.index(nodes.len());
        let lacking: NodesByHash =
            nodes.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, node)| node.clone()).collect();

        let mut complete = PartialTrie::new(OWNER, model_root(&leaves));
        change(&mut complete, &batch, &whole);
        let mut trie = PartialTrie::new(OWNER, model_root(&leaves));
        let outcome = batch.iter().try_for_each(|(key, value)| match value {
            Some(value) => trie.insert(key, value.clone(), &lacking),
            None => trie.remove(key, &lacking),
        });
        match outcome {
            Ok(()) => prop_assert_eq!(trie.root(), complete.root()),
            Err(TrieError::Missing { owner, hash, .. }) => {
                prop_assert_eq!(owner, OWNER);
                prop_assert_eq!(hash, alloy_primitives::keccak256(&nodes[lost]));
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Bytes that are no trie node are an error, never a panic.
    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..120), key in key()) {
        let root = alloy_primitives::keccak256(&bytes);
        let source: NodesByHash = [Bytes::from(bytes)].into_iter().collect();
        let mut trie = PartialTrie::new(OWNER, root);
        let _ = trie.get(&key, &source);
        let _ = trie.insert(&key, vec![1], &source);
        let _ = PartialTrie::new(OWNER, root).remove(&key, &source);
    }

    /// So are nodes with a few bytes changed.
    #[test]
    fn changed_nodes_are_survived(
        before in vec((key(), value()), 1..12), batch in changes(),
        at in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), flip in 1u8..,
    ) {
        let leaves: BTreeMap<_, _> = before.into_iter().collect();
        let mut nodes = nodes_from_scratch(&leaves);
        let at = at.index(nodes.0.len());
        let node = nodes.0.values_mut().nth(at).unwrap();
        let mut bytes = node.to_vec();
        let byte = byte.index(bytes.len());
        bytes[byte] ^= flip;
        *node = bytes.into();
        let source = Unchecked(nodes);
        let mut trie = PartialTrie::new(OWNER, model_root(&leaves));
        for (key, value) in &batch {
            let outcome = match value {
                Some(value) => trie.insert(key, value.clone(), &source),
                None => trie.remove(key, &source),
            };
            if outcome.is_err() {
                break;
            }
        }
    }
}

/// Hands out nodes that do not have the hash they were asked for.
struct Unchecked(NodesByPath);

impl NodeSource for Unchecked {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        self.0.0.get(&(owner, *path)).cloned().ok_or(TrieError::Missing {
            owner,
            path: Box::new(*path),
            hash,
        })
    }
}

fn wide(values: &[(u8, u8)]) -> BTreeMap<B256, Vec<u8>> {
    values.iter().map(|(first, value)| (B256::right_padding_from(&[*first]), vec![*value; 40])).collect()
}

/// Removing the second child resolves the sibling, whatever it is, and what is left takes the branch's place.
#[test]
fn a_branch_falls_onto_a_hashed_sibling() {
    let leaf_sibling = wide(&[(0x10, 1), (0x20, 2)]);
    let branch_sibling = wide(&[(0x10, 1), (0x20, 2), (0x21, 3)]);
    let extension_sibling = wide(&[(0x10, 1), (0x20, 2)])
        .into_iter()
        .chain([(B256::right_padding_from(&[0x20, 0, 0, 1]), vec![3; 40])])
        .collect();
    for mut leaves in [leaf_sibling, branch_sibling, extension_sibling] {
        let mut nodes = nodes_from_scratch(&leaves);
        let mut trie = PartialTrie::new(OWNER, model_root(&leaves));
        let removed = B256::right_padding_from(&[0x10]);
        trie.remove(&removed, &nodes).unwrap();
        leaves.remove(&removed);
        let (root, changes) = trie.finish();
        nodes.apply_to(OWNER, &changes);
        assert_eq!(root, model_root(&leaves));
        assert_eq!(nodes, nodes_from_scratch(&leaves));
    }
}

#[test]
fn a_sibling_that_the_witness_lacks_is_named() {
    let leaves = wide(&[(0x10, 1), (0x20, 2)]);
    let mut nodes = nodes_from_scratch(&leaves);
    let sibling = (OWNER, Nibbles::from_nibbles([2]));
    let lost = nodes.0.remove(&sibling).unwrap();
    let mut trie = PartialTrie::new(OWNER, model_root(&leaves));
    match trie.remove(&B256::right_padding_from(&[0x10]), &nodes) {
        Err(TrieError::Missing { owner, path, hash }) => {
            assert_eq!((owner, *path), sibling);
            assert_eq!(hash, alloy_primitives::keccak256(&lost));
        }
        other => panic!("{other:?}"),
    }
}

/// Root after root: empty, leaf, branch, extension over a branch, leaf, empty.
#[test]
fn the_root_takes_every_shape() {
    let key = |bytes: &[u8]| B256::right_padding_from(bytes);
    let steps: [(&[u8], Option<u8>); 6] = [
        (&[0x11], Some(1)),
        (&[0x22], Some(2)),
        (&[0x11, 1], Some(3)),
        (&[0x22], None),
        (&[0x11, 1], None),
        (&[0x11], None),
    ];
    let mut leaves = BTreeMap::new();
    let mut nodes = NodesByPath::default();
    let mut root = EMPTY_ROOT_HASH;
    for (bytes, value) in steps {
        let mut trie = PartialTrie::new(OWNER, root);
        match value {
            Some(value) => {
                leaves.insert(key(bytes), vec![value]);
                trie.insert(&key(bytes), vec![value], &nodes).unwrap();
            }
            None => {
                leaves.remove(&key(bytes));
                trie.remove(&key(bytes), &nodes).unwrap();
            }
        }
        let changes;
        (root, changes) = trie.finish();
        nodes.apply_to(OWNER, &changes);
        assert_eq!(root, model_root(&leaves));
    }
    assert_eq!(root, EMPTY_ROOT_HASH);
    assert_eq!(nodes, NodesByPath::default());
}
