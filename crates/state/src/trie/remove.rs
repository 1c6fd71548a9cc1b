//! Removes a key from a partial trie.

use alloy_primitives::B256;
use alloy_trie::Nibbles;

use super::{
    NodeSource, TrieError, TrieOwner,
    node::{Name, Node, nibble},
    partial::{ChangeList, Fresh, resolve},
};

/// What a removal did to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// Nothing: the key was not there.
    Same,
    /// It is another one now.
    Changed,
    /// There is none any more; the node is to be dropped.
    Gone,
}

/// The removal of one key.
pub(super) struct Removal<'a, S> {
    pub(super) owner: TrieOwner,
    pub(super) key: &'a Nibbles,
    pub(super) source: &'a S,
    pub(super) changes: &'a mut ChangeList,
    pub(super) fresh: &'a mut Fresh,
}

impl<S: NodeSource> Removal<'_, S> {
    /// Removes the key at or below a node.
    pub(super) fn remove(&mut self, node: &mut Node, depth: usize) -> Result<Removed, TrieError> {
        let path = self.key.slice(..depth);
        let rest = self.key.slice(depth..);
        resolve(self.owner, node, &path, self.source, self.fresh)?;
        match node {
            Node::Hash(_) => unreachable!("it was just resolved"),
            Node::Leaf(_, leaf) if leaf.key == rest => {
                self.changes.push((path, None));
                Ok(Removed::Gone)
            }
            Node::Leaf(..) => Ok(Removed::Same),
            Node::Extension(_, extension) => {
                if !rest.starts_with(&extension.key) {
                    return Ok(Removed::Same);
                }
                // The branch below is never gone: where it had two children, one is left.
                if self.remove(&mut extension.child, depth + extension.key.len())? == Removed::Same {
                    return Ok(Removed::Same);
                }
                *node = join(self.changes, &path, extension.key, take(&mut extension.child));
                Ok(Removed::Changed)
            }
            Node::Branch(name, branch) => {
                let at = nibble(&rest, 0);
                let Some(child) = branch.children.get_mut(at) else { return Ok(Removed::Same) };
                match self.remove(child, depth + 1)? {
                    Removed::Same => return Ok(Removed::Same),
                    Removed::Changed => {}
                    Removed::Gone => drop(branch.children.remove(at)),
                }
                *name = Name::Unknown;
                self.collapse(node, &path)
            }
        }
    }

    /// Replaces a branch that is left with one child, or with none.
    fn collapse(&mut self, node: &mut Node, path: &Nibbles) -> Result<Removed, TrieError> {
        collapse(self.owner, node, path, self.source, self.changes, self.fresh)
    }
}

/// Replaces a branch that is left with one child, or with none.
///
/// The child's node is resolved: what takes the branch's place depends on its kind.
pub(super) fn collapse(
    owner: TrieOwner,
    node: &mut Node,
    path: &Nibbles,
    source: &impl NodeSource,
    changes: &mut ChangeList,
    fresh: &mut Fresh,
) -> Result<Removed, TrieError> {
    let Node::Branch(_, branch) = node else { return Ok(Removed::Changed) };
    if branch.children.len() > 1 {
        return Ok(Removed::Changed);
    }
    let Some((nibble, child)) = branch.children.iter_mut().next() else {
        changes.push((*path, None));
        return Ok(Removed::Gone);
    };
    let key = Nibbles::from_nibbles([nibble]);
    resolve(owner, child, &path.join(&key), source, fresh)?;
    let joined = join(changes, path, key, take(child));
    *node = joined;
    Ok(Removed::Changed)
}

/// Leaves a placeholder that is never looked at.
fn take(child: &mut Node) -> Node {
    std::mem::replace(child, Node::Hash(B256::ZERO))
}

/// Puts a key before a node: a leaf or an extension takes it into its own, a branch gets an extension.
fn join(changes: &mut ChangeList, path: &Nibbles, key: Nibbles, child: Node) -> Node {
    let below = path.join(&key);
    match child {
        Node::Leaf(_, leaf) => {
            changes.push((below, None));
            Node::leaf(key.join(&leaf.key), leaf.value)
        }
        Node::Extension(_, extension) => {
            changes.push((below, None));
            Node::extension(key.join(&extension.key), extension.child)
        }
        Node::Branch(..) | Node::Hash(_) => Node::extension(key, child),
    }
}
