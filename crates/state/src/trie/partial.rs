//! Keeps the part of a trie that was needed, changes it, and says what changed.

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles,
    nodes::{LeafNodeRef, RlpNode},
};

use super::{
    NodeChanges, NodeSource, TrieError, TrieOwner,
    node::{Cut, Node, Place},
};

/// A Merkle-Patricia trie of which only the parts that were needed are in memory.
///
/// Below lie hashes, which are resolved through a [`NodeSource`] when an operation comes to them. Keys are Keccak
/// hashes; values are never empty. After an error the trie is to be dropped: a change may have been made in part.
///
/// Of several changes make the insertions first: a branch that loses a child and gets another one is then never left
/// with one child, whose node would have to be resolved.
#[derive(Clone, Debug)]
pub struct PartialTrie {
    owner: TrieOwner,
    /// Where this trie hangs in the whole one: empty, except for a part that `split` made.
    prefix: Nibbles,
    top: Option<Node>,
    changes: NodeChanges,
}

/// Whether an operation changed the trie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Same,
    Changed,
}

impl PartialTrie {
    /// Begins with nothing known but the root.
    pub fn new(owner: TrieOwner, root: B256) -> Self {
        let top = (root != EMPTY_ROOT_HASH).then_some(Node::Hash(root));
        Self { owner, prefix: Nibbles::default(), top, changes: NodeChanges::new() }
    }

    /// Returns which trie this is.
    pub const fn owner(&self) -> TrieOwner {
        self.owner
    }

    /// Returns the value of a key. What is read on the way is not kept.
    pub fn get(&self, key: &B256, source: &impl NodeSource) -> Result<Option<Vec<u8>>, TrieError> {
        let key = Nibbles::unpack(key);
        let Some(top) = &self.top else { return Ok(None) };
        find(self.owner, top, self.prefix.len(), &key, source)
    }

    /// Returns the value of a key, and keeps what is read on the way.
    pub fn load(&mut self, key: &B256, source: &impl NodeSource) -> Result<Option<&[u8]>, TrieError> {
        self.load_guessed(key, None, source)
    }

    /// Like [`load`](Self::load); the value may be known already, and only its hash has to be checked.
    pub fn load_guessed(
        &mut self,
        key: &B256,
        guess: Option<&[u8]>,
        source: &impl NodeSource,
    ) -> Result<Option<&[u8]>, TrieError> {
        let key = Nibbles::unpack(key);
        let owner = self.owner;
        let mut depth = self.prefix.len();
        let Some(mut node) = self.top.as_mut() else { return Ok(None) };
        loop {
            match (&*node, guess) {
                (Node::Hash(hash), Some(value)) => {
                    let (hash, path) = (*hash, key.slice(..depth));
                    let rlp = source.guessed(owner, &path, hash, &|| leaf(key.slice(depth..), value))?;
                    *node = Node::decode(&rlp, Place { owner, path, hash })?;
                }
                _ => resolve(owner, node, &key.slice(..depth), source)?,
            }
            match node {
                Node::Hash(_) => unreachable!("it was just resolved"),
                Node::Leaf(leaf) => return Ok((leaf.key == key.slice(depth..)).then_some(&leaf.value)),
                Node::Extension(extension) => {
                    if !key.slice(depth..).starts_with(&extension.key) {
                        return Ok(None);
                    }
                    depth += extension.key.len();
                    node = &mut extension.child;
                }
                Node::Branch(branch) => match &mut branch.children[index(&key, depth)] {
                    None => return Ok(None),
                    Some(child) => {
                        depth += 1;
                        node = child;
                    }
                },
            }
        }
    }

    /// Sets the value of a key. The value is RLP and not empty.
    pub fn insert(&mut self, key: &B256, value: Vec<u8>, source: &impl NodeSource) -> Result<(), TrieError> {
        debug_assert!(!value.is_empty(), "an empty value is no value");
        let key = Nibbles::unpack(key);
        insert(self.owner, &mut self.top, self.prefix.len(), &key, value, source).map(drop)
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &B256, source: &impl NodeSource) -> Result<(), TrieError> {
        let key = Nibbles::unpack(key);
        let (owner, depth) = (self.owner, self.prefix.len());
        Removal { owner, key: &key, source, changes: &mut self.changes }
            .remove(&mut self.top, depth)
            .map(drop)
    }

    /// Returns the root hash. Its cost follows what changed since it was computed last.
    pub fn root(&mut self) -> B256 {
        self.seal();
        match &self.top {
            None => EMPTY_ROOT_HASH,
            Some(Node::Hash(hash)) => *hash,
            Some(node) => match node.known().and_then(RlpNode::as_hash) {
                Some(hash) => hash,
                // A root shorter than 32 bytes is its own name; the root hash is still its hash.
                None => keccak256(node.known().map_or(&[][..], |name| &name[..])),
            },
        }
    }

    /// Computes names and collects changes as far as this trie reaches.
    pub(super) fn seal(&mut self) {
        if let Some(top) = &mut self.top {
            top.seal(&self.prefix, &mut Vec::with_capacity(600), &mut self.changes);
        }
    }

    /// Returns the root, and all nodes that changed since the beginning.
    pub fn finish(mut self) -> (B256, NodeChanges) {
        self.take_changes()
    }

    /// Returns the root, and all nodes that changed since the beginning, which is now.
    pub(super) fn take_changes(&mut self) -> (B256, NodeChanges) {
        (self.root(), std::mem::take(&mut self.changes))
    }

    /// Forgets what lies deep below the root, after the root was computed; returns how many nodes are left.
    pub(super) fn cut(&mut self, depth_max: usize, cut: Cut) -> usize {
        debug_assert!(self.prefix.is_empty(), "only a whole trie is cut");
        self.top.as_mut().map_or(0, |top| top.cut(0, depth_max, cut))
    }

    /// Divides a trie whose root is a branch into the 16 subtrees below; any other stays one part.
    pub(super) fn split(mut self, source: &impl NodeSource) -> Result<Vec<Self>, TrieError> {
        debug_assert!(self.prefix.is_empty() && self.changes.is_empty(), "only a fresh trie is divided");
        if let Some(top) = &mut self.top {
            resolve(self.owner, top, &self.prefix, source)?;
        }
        let Some(Node::Branch(branch)) = self.top else { return Ok(vec![self]) };
        let part = |(nibble, child)| Self {
            owner: self.owner,
            prefix: Nibbles::from_nibbles([nibble]),
            top: child,
            changes: NodeChanges::new(),
        };
        Ok((0u8..).zip(branch.children).map(part).collect())
    }

    /// Puts the parts of a trie, all of them and in order, together again.
    pub(super) fn join(mut parts: Vec<Self>, source: &impl NodeSource) -> Result<Self, TrieError> {
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let Some(owner) = parts.first().map(|part| part.owner) else {
            unreachable!("split returns at least one part")
        };
        let mut children = <[Option<Node>; 16]>::default();
        let mut changes = NodeChanges::new();
        for (child, mut part) in children.iter_mut().zip(parts) {
            *child = part.top.take();
            changes.append(&mut part.changes);
        }
        let mut trie = Self { owner, prefix: Nibbles::default(), top: Some(Node::branch(children)), changes };
        collapse(owner, &mut trie.top, &trie.prefix, source, &mut trie.changes)?;
        Ok(trie)
    }
}

impl Node {
    pub(super) const fn known(&self) -> Option<&RlpNode> {
        match self {
            Self::Hash(_) => None,
            Self::Leaf(leaf) => leaf.known.as_ref(),
            Self::Extension(extension) => extension.known.as_ref(),
            Self::Branch(branch) => branch.known.as_ref(),
        }
    }
}

/// Returns the RLP of a leaf.
fn leaf(key: Nibbles, value: &[u8]) -> Vec<u8> {
    let mut rlp = Vec::with_capacity(128);
    LeafNodeRef { key: &key, value }.encode(&mut rlp);
    rlp
}

/// Returns the nibble of a key at a depth as an index of children.
fn index(key: &Nibbles, depth: usize) -> usize {
    usize::from(key.get_unchecked(depth))
}

fn fetch(owner: TrieOwner, path: &Nibbles, hash: B256, source: &impl NodeSource) -> Result<Node, TrieError> {
    let rlp: Bytes = source.node(owner, path, hash)?;
    Node::decode(&rlp, Place { owner, path: *path, hash })
}

/// Reads a node that is known by hash only.
fn resolve(
    owner: TrieOwner,
    node: &mut Node,
    path: &Nibbles,
    source: &impl NodeSource,
) -> Result<(), TrieError> {
    if let Node::Hash(hash) = node {
        *node = fetch(owner, path, *hash, source)?;
    }
    Ok(())
}

fn find(
    owner: TrieOwner,
    top: &Node,
    mut depth: usize,
    key: &Nibbles,
    source: &impl NodeSource,
) -> Result<Option<Vec<u8>>, TrieError> {
    let mut fetched;
    let mut node = top;
    loop {
        node = match node {
            Node::Hash(hash) => {
                fetched = fetch(owner, &key.slice(..depth), *hash, source)?;
                &fetched
            }
            Node::Leaf(leaf) => return Ok((leaf.key == key.slice(depth..)).then(|| leaf.value.clone())),
            Node::Extension(extension) => {
                if !key.slice(depth..).starts_with(&extension.key) {
                    return Ok(None);
                }
                depth += extension.key.len();
                &extension.child
            }
            Node::Branch(branch) => {
                let Some(child) = &branch.children[index(key, depth)] else { return Ok(None) };
                depth += 1;
                child
            }
        };
    }
}

fn insert(
    owner: TrieOwner,
    slot: &mut Option<Node>,
    depth: usize,
    key: &Nibbles,
    value: Vec<u8>,
    source: &impl NodeSource,
) -> Result<Outcome, TrieError> {
    let rest = key.slice(depth..);
    let Some(node) = slot else {
        *slot = Some(Node::leaf(rest, value));
        return Ok(Outcome::Changed);
    };
    resolve(owner, node, &key.slice(..depth), source)?;
    match node {
        Node::Hash(_) => unreachable!("it was just resolved"),
        Node::Leaf(leaf) if leaf.key == rest => {
            if leaf.value == value {
                return Ok(Outcome::Same);
            }
            leaf.value = value;
            leaf.known = None;
        }
        Node::Leaf(leaf) => {
            let old = leaf.key;
            let value_of_old = std::mem::take(&mut leaf.value);
            let common = old.common_prefix_length(&rest);
            let mut children = <[Option<Node>; 16]>::default();
            children[index(&old, common)] = Some(Node::leaf(old.slice(common + 1..), value_of_old));
            children[index(&rest, common)] = Some(Node::leaf(rest.slice(common + 1..), value));
            *node = Node::extended(rest.slice(..common), Node::branch(children));
        }
        Node::Extension(extension) => {
            let common = extension.key.common_prefix_length(&rest);
            if common < extension.key.len() {
                *node =
                    split_extension(extension.key, take_child(&mut extension.child), common, &rest, value);
                return Ok(Outcome::Changed);
            }
            let mut child = Some(take_child(&mut extension.child));
            let outcome = insert(owner, &mut child, depth + common, key, value, source);
            if let Some(child) = child {
                extension.child = child;
            }
            if outcome? == Outcome::Same {
                return Ok(Outcome::Same);
            }
            extension.known = None;
        }
        Node::Branch(branch) => {
            let child = &mut branch.children[index(key, depth)];
            if insert(owner, child, depth + 1, key, value, source)? == Outcome::Same {
                return Ok(Outcome::Same);
            }
            branch.known = None;
        }
    }
    Ok(Outcome::Changed)
}

/// Leaves a placeholder that is never looked at.
fn take_child(child: &mut Node) -> Node {
    std::mem::replace(child, Node::Hash(B256::ZERO))
}

/// Puts a branch where an extension's key and a new key part.
fn split_extension(old: Nibbles, child: Node, common: usize, rest: &Nibbles, value: Vec<u8>) -> Node {
    let mut children = <[Option<Node>; 16]>::default();
    children[index(&old, common)] = Some(Node::extended(old.slice(common + 1..), child));
    children[index(rest, common)] = Some(Node::leaf(rest.slice(common + 1..), value));
    Node::extended(rest.slice(..common), Node::branch(children))
}

/// The removal of one key.
struct Removal<'a, S> {
    owner: TrieOwner,
    key: &'a Nibbles,
    source: &'a S,
    changes: &'a mut NodeChanges,
}

impl<S: NodeSource> Removal<'_, S> {
    fn remove(&mut self, slot: &mut Option<Node>, depth: usize) -> Result<Outcome, TrieError> {
        let path = self.key.slice(..depth);
        let rest = self.key.slice(depth..);
        let Some(node) = slot else { return Ok(Outcome::Same) };
        resolve(self.owner, node, &path, self.source)?;
        match node {
            Node::Hash(_) => unreachable!("it was just resolved"),
            Node::Leaf(leaf) if leaf.key == rest => {
                *slot = None;
                self.changes.insert(path, None);
            }
            Node::Leaf(_) => return Ok(Outcome::Same),
            Node::Extension(extension) => {
                if !rest.starts_with(&extension.key) {
                    return Ok(Outcome::Same);
                }
                let below = path.join(&extension.key);
                let mut child = Some(take_child(&mut extension.child));
                let outcome = self.remove(&mut child, below.len());
                // Where the branch below had two children, one is left: it is never empty.
                if let Some(child) = child {
                    extension.child = child;
                }
                if outcome? == Outcome::Same {
                    return Ok(Outcome::Same);
                }
                *node = join(self.changes, &path, extension.key, take_child(&mut extension.child));
            }
            Node::Branch(branch) => {
                let child = &mut branch.children[index(self.key, depth)];
                if self.remove(child, depth + 1)? == Outcome::Same {
                    return Ok(Outcome::Same);
                }
                branch.known = None;
                collapse(self.owner, slot, &path, self.source, self.changes)?;
            }
        }
        Ok(Outcome::Changed)
    }
}

/// Replaces a branch that is left with one child, or with none.
///
/// The child's node is resolved: what takes the branch's place depends on its kind.
fn collapse(
    owner: TrieOwner,
    slot: &mut Option<Node>,
    path: &Nibbles,
    source: &impl NodeSource,
    changes: &mut NodeChanges,
) -> Result<(), TrieError> {
    let Some(Node::Branch(branch)) = slot else { return Ok(()) };
    let mut present =
        (0u8..).zip(&mut branch.children).filter_map(|(nibble, child)| Some((nibble, child.as_mut()?)));
    let Some((nibble, child)) = present.next() else {
        *slot = None;
        changes.insert(*path, None);
        return Ok(());
    };
    if present.next().is_some() {
        return Ok(());
    }
    let key = Nibbles::from_nibbles([nibble]);
    resolve(owner, child, &path.join(&key), source)?;
    let child = take_child(child);
    *slot = Some(join(changes, path, key, child));
    Ok(())
}

/// Puts a key before a node: a leaf or an extension takes it into its own, a branch gets an extension.
fn join(changes: &mut NodeChanges, path: &Nibbles, key: Nibbles, child: Node) -> Node {
    let below = path.join(&key);
    match child {
        Node::Leaf(leaf) => {
            changes.insert(below, None);
            Node::leaf(key.join(&leaf.key), leaf.value)
        }
        Node::Extension(extension) => {
            changes.insert(below, None);
            Node::extension(key.join(&extension.key), extension.child)
        }
        Node::Branch(_) | Node::Hash(_) => Node::extension(key, child),
    }
}
