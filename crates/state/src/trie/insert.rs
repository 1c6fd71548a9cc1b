//! Sets the value of a key in a partial trie.

use alloy_primitives::B256;
use alloy_trie::Nibbles;

use super::{
    NodeSource, TrieError, TrieOwner,
    children::Children,
    node::{Name, Node, nibble},
    partial::{Fresh, resolve},
};

/// Whether an operation changed the trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Same,
    Changed,
}

/// The insertion of one key.
pub(super) struct Insertion<'a, S> {
    pub(super) owner: TrieOwner,
    pub(super) key: &'a Nibbles,
    pub(super) source: &'a S,
    pub(super) fresh: &'a mut Fresh,
}

impl<S: NodeSource> Insertion<'_, S> {
    /// Sets the value at or below a node.
    pub(super) fn insert(
        &mut self,
        node: &mut Node,
        depth: usize,
        value: Vec<u8>,
    ) -> Result<Outcome, TrieError> {
        resolve(self.owner, node, &self.key.slice(..depth), self.source, self.fresh)?;
        let rest = self.key.slice(depth..);
        match node {
            Node::Hash(_) => unreachable!("it was just resolved"),
            Node::Leaf(name, leaf) if leaf.key == rest => {
                if leaf.value == value {
                    return Ok(Outcome::Same);
                }
                leaf.value = value;
                *name = Name::Unknown;
            }
            Node::Leaf(_, leaf) => {
                let old = leaf.key;
                let value_of_old = std::mem::take(&mut leaf.value);
                let common = old.common_prefix_length(&rest);
                let old = (nibble(&old, common), self.leaf(old.slice(common + 1..), value_of_old));
                *node = self.fork(rest, common, old, value);
            }
            Node::Extension(name, extension) => {
                let key = extension.key;
                let common = key.common_prefix_length(&rest);
                if common < key.len() {
                    let child = std::mem::replace(&mut extension.child, Node::Hash(B256::ZERO));
                    let old = (nibble(&key, common), Node::extended(key.slice(common + 1..), child));
                    *node = self.fork(rest, common, old, value);
                } else {
                    if self.insert(&mut extension.child, depth + common, value)? == Outcome::Same {
                        return Ok(Outcome::Same);
                    }
                    *name = Name::Unknown;
                }
            }
            Node::Branch(name, branch) => {
                branch.used = self.fresh.now;
                match branch.children.get_mut(nibble(&rest, 0)) {
                    Some(child) => {
                        if self.insert(child, depth + 1, value)? == Outcome::Same {
                            return Ok(Outcome::Same);
                        }
                    }
                    None => branch.children.insert(nibble(&rest, 0), self.leaf(rest.slice(1..), value)),
                }
                *name = Name::Unknown;
            }
        }
        Ok(Outcome::Changed)
    }

    /// Makes a new leaf.
    pub(super) fn leaf(&mut self, key: Nibbles, value: Vec<u8>) -> Node {
        self.fresh.add(Node::leaf(key, value))
    }

    /// Makes a branch where an old key and the new one part.
    fn fork(&mut self, rest: Nibbles, common: usize, old: (u8, Node), value: Vec<u8>) -> Node {
        let new = (nibble(&rest, common), self.leaf(rest.slice(common + 1..), value));
        let branch = self.fresh.add(Node::branch(Children::from_iter([old, new])));
        Node::extended(rest.slice(..common), branch)
    }
}
