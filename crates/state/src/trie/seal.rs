//! Computes the names of nodes that changed, and collects those nodes.

use alloy_primitives::Bytes;
use alloy_trie::{
    Nibbles, TrieMask,
    nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode},
};

use super::{
    node::{Branch, Name, Node},
    partial::ChangeList,
};

/// What sealing works with, node by node.
pub(super) struct Seal<'a> {
    changes: &'a mut ChangeList,
    /// A node's RLP.
    buffer: Vec<u8>,
    /// Names of the children of all branches on the way down.
    names: Vec<RlpNode>,
}

impl<'a> Seal<'a> {
    pub(super) fn new(changes: &'a mut ChangeList) -> Self {
        Self { changes, buffer: Vec::with_capacity(600), names: Vec::with_capacity(128) }
    }

    /// Returns how the parent names a node, and collects the nodes below that changed, and itself, by path.
    ///
    /// A changed node that is now short enough to be inside its parent is collected as gone.
    pub(super) fn seal(&mut self, node: &mut Node, path: &Nibbles) -> RlpNode {
        if let Some(hash) = node.hash() {
            return RlpNode::word_rlp(&hash);
        }
        let name = match node {
            Node::Hash(hash) => RlpNode::word_rlp(hash),
            Node::Leaf(known, leaf) => {
                self.buffer.clear();
                let name = LeafNodeRef { key: &leaf.key, value: &leaf.value }.rlp(&mut self.buffer);
                *known = Name::from(&name);
                name
            }
            Node::Extension(known, extension) => {
                let child = self.seal(&mut extension.child, &path.join(&extension.key));
                self.buffer.clear();
                let name = ExtensionNodeRef { key: &extension.key, child: &child }.rlp(&mut self.buffer);
                *known = Name::from(&name);
                name
            }
            Node::Branch(known, branch) => {
                let name = self.seal_branch(branch, path);
                *known = Name::from(&name);
                name
            }
        };
        // A root is stored even if it is short: nothing else holds it.
        let stored = name.is_hash() || path.is_empty();
        self.changes.push((*path, stored.then(|| Bytes::copy_from_slice(&self.buffer))));
        name
    }

    fn seal_branch(&mut self, branch: &mut Branch, path: &Nibbles) -> RlpNode {
        let (first, mask) = (self.names.len(), TrieMask::new(branch.children.mask()));
        for (nibble, child) in branch.children.iter_mut() {
            let name = match child.hash() {
                Some(hash) => RlpNode::word_rlp(&hash),
                None => {
                    let mut below = *path;
                    below.push(nibble);
                    self.seal(child, &below)
                }
            };
            self.names.push(name);
        }
        self.buffer.clear();
        let name = BranchNodeRef::new(&self.names[first..], mask).rlp(&mut self.buffer);
        self.names.truncate(first);
        name
    }
}
