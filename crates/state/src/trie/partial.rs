//! Keeps the part of a trie that was needed, changes it, and says what changed.

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{
    EMPTY_ROOT_HASH, Nibbles,
    nodes::{LeafNodeRef, RlpNode},
};

use super::{
    NodeChanges, NodeSource, TrieError, TrieOwner,
    children::Children,
    insert::Insertion,
    node::{Node, Place, nibble},
    remove::{Removal, Removed, collapse},
    seal::Seal,
    sweep::Idleness,
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
    changes: ChangeList,
    fresh: Fresh,
}

/// Changed nodes in the order of the changes: a later one of a path replaces an earlier one.
pub(super) type ChangeList = Vec<(Nibbles, Option<Bytes>)>;

/// What came into a trie since somebody looked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fresh {
    /// The present block, by whatever count the tries are kept.
    pub(super) now: u32,
    /// Bytes of memory.
    bytes: usize,
}

impl Fresh {
    /// Counts a node that is new here.
    pub(super) fn add(&mut self, mut node: Node) -> Node {
        self.bytes += node.bytes();
        node.touch(self.now);
        node
    }
}

impl PartialTrie {
    /// Begins with nothing known but the root.
    pub fn new(owner: TrieOwner, root: B256) -> Self {
        let top = (root != EMPTY_ROOT_HASH).then_some(Node::Hash(root));
        Self { owner, prefix: Nibbles::default(), top, changes: ChangeList::new(), fresh: Fresh::default() }
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
        let (owner, fresh) = (self.owner, &mut self.fresh);
        let mut depth = self.prefix.len();
        let Some(mut node) = self.top.as_mut() else { return Ok(None) };
        loop {
            match (&*node, guess) {
                (Node::Hash(hash), Some(value)) => {
                    let (hash, path) = (*hash, key.slice(..depth));
                    let rlp = source.guessed(owner, &path, hash, &|| leaf(key.slice(depth..), value))?;
                    *node = fresh.add(Node::decode(&rlp, Place { owner, path, hash })?);
                }
                _ => resolve(owner, node, &key.slice(..depth), source, fresh)?,
            }
            node.touch(fresh.now);
            match node {
                Node::Hash(_) => unreachable!("it was just resolved"),
                Node::Leaf(_, leaf) => return Ok((leaf.key == key.slice(depth..)).then_some(&leaf.value)),
                Node::Extension(_, extension) => {
                    if !key.slice(depth..).starts_with(&extension.key) {
                        return Ok(None);
                    }
                    depth += extension.key.len();
                    node = &mut extension.child;
                }
                Node::Branch(_, branch) => match branch.children.get_mut(nibble(&key, depth)) {
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
        let (key, depth) = (Nibbles::unpack(key), self.prefix.len());
        let mut insertion = Insertion { owner: self.owner, key: &key, source, fresh: &mut self.fresh };
        match &mut self.top {
            Some(top) => insertion.insert(top, depth, value).map(drop),
            None => {
                self.top = Some(insertion.leaf(key.slice(depth..), value));
                Ok(())
            }
        }
    }

    /// Removes a key, if it is there.
    pub fn remove(&mut self, key: &B256, source: &impl NodeSource) -> Result<(), TrieError> {
        let (key, depth) = (Nibbles::unpack(key), self.prefix.len());
        let Some(top) = &mut self.top else { return Ok(()) };
        let (owner, key) = (self.owner, &key);
        let mut removal = Removal { owner, key, source, changes: &mut self.changes, fresh: &mut self.fresh };
        if removal.remove(top, depth)? == Removed::Gone {
            self.top = None;
        }
        Ok(())
    }

    /// Returns the root hash. Its cost follows what changed since it was computed last.
    pub fn root(&mut self) -> B256 {
        let name = self.seal();
        match &self.top {
            None => EMPTY_ROOT_HASH,
            Some(node) => match (node.hash(), name) {
                (Some(hash), _) => hash,
                // A root shorter than 32 bytes is its own name; the root hash is still its hash.
                (None, name) => keccak256(name.as_ref().map_or(&[][..], |name| &name[..])),
            },
        }
    }

    /// Computes names and collects changes as far as this trie reaches; returns the name of its top.
    pub(super) fn seal(&mut self) -> Option<RlpNode> {
        self.top.as_mut().map(|top| Seal::new(&mut self.changes).seal(top, &self.prefix))
    }

    /// Returns the root, and all nodes that changed since the beginning.
    pub fn finish(mut self) -> (B256, NodeChanges) {
        self.take_changes()
    }

    /// Returns the root, and all nodes that changed since the beginning, which is now.
    pub(super) fn take_changes(&mut self) -> (B256, NodeChanges) {
        let root = self.root();
        (root, std::mem::take(&mut self.changes).into_iter().collect())
    }

    /// Returns whether nothing changed since this was the root.
    pub(super) fn is_named(&self, root: B256) -> bool {
        self.top.as_ref().map_or(root == EMPTY_ROOT_HASH, |top| top.hash() == Some(root))
    }

    /// Says which block the trie is used for from now on.
    pub(super) const fn begin_block(&mut self, now: u32) {
        self.fresh.now = now;
    }

    /// Returns how many bytes of memory came in since this was asked last.
    pub(super) const fn take_fresh_bytes(&mut self) -> usize {
        std::mem::replace(&mut self.fresh.bytes, 0)
    }

    /// Counts the nodes by how long they were idle.
    pub(super) fn add_to(&mut self, idleness: &mut Idleness) {
        if let Some(top) = &mut self.top {
            idleness.add(top);
        }
    }

    /// Forgets what was idle so long or longer, after the root was computed; returns the bytes that are left.
    pub(super) fn sweep(&mut self, now: u32, limit: u32) -> usize {
        self.top.as_mut().map_or(0, |top| top.sweep(now, limit))
    }

    /// Divides a trie whose root is a branch into the 16 subtrees below; any other stays one part.
    pub(super) fn split(mut self, source: &impl NodeSource) -> Result<Vec<Self>, TrieError> {
        debug_assert!(self.prefix.is_empty() && self.changes.is_empty(), "only a fresh trie is divided");
        if let Some(top) = &mut self.top {
            resolve(self.owner, top, &self.prefix, source, &mut self.fresh)?;
        }
        let Some(Node::Branch(_, branch)) = self.top else { return Ok(vec![self]) };
        let part = |(nibble, child)| Self {
            owner: self.owner,
            prefix: Nibbles::from_nibbles([nibble]),
            top: child,
            changes: ChangeList::new(),
            // The first part answers for the root.
            fresh: Fresh { bytes: if nibble == 0 { self.fresh.bytes } else { 0 }, ..self.fresh },
        };
        Ok((0u8..).zip(branch.children.into_slots()).map(part).collect())
    }

    /// Puts the parts of a trie, all of them and in order, together again.
    pub(super) fn join(mut parts: Vec<Self>, source: &impl NodeSource) -> Result<Self, TrieError> {
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let Some(&Self { owner, mut fresh, .. }) = parts.first() else {
            unreachable!("split returns at least one part")
        };
        fresh.bytes = parts.iter().map(|part| part.fresh.bytes).sum();
        let mut changes = ChangeList::with_capacity(parts.iter().map(|part| part.changes.len()).sum());
        parts.iter_mut().for_each(|part| changes.append(&mut part.changes));
        let children = (0u8..).zip(parts).filter_map(|(nibble, part)| Some((nibble, part.top?)));
        let prefix = Nibbles::default();
        let mut top = Node::branch(children.collect::<Children>());
        top.touch(fresh.now);
        let removed = collapse(owner, &mut top, &prefix, source, &mut changes, &mut fresh)?;
        let top = (removed != Removed::Gone).then_some(top);
        Ok(Self { owner, prefix, top, changes, fresh })
    }
}

/// Returns the RLP of a leaf.
fn leaf(key: Nibbles, value: &[u8]) -> Vec<u8> {
    let mut rlp = Vec::with_capacity(128);
    LeafNodeRef { key: &key, value }.encode(&mut rlp);
    rlp
}

fn fetch(owner: TrieOwner, path: &Nibbles, hash: B256, source: &impl NodeSource) -> Result<Node, TrieError> {
    let rlp: Bytes = source.node(owner, path, hash)?;
    Node::decode(&rlp, Place { owner, path: *path, hash })
}

/// Reads a node that is known by hash only.
pub(super) fn resolve(
    owner: TrieOwner,
    node: &mut Node,
    path: &Nibbles,
    source: &impl NodeSource,
    fresh: &mut Fresh,
) -> Result<(), TrieError> {
    if let Node::Hash(hash) = node {
        *node = fresh.add(fetch(owner, path, *hash, source)?);
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
            Node::Leaf(_, leaf) => return Ok((leaf.key == key.slice(depth..)).then(|| leaf.value.clone())),
            Node::Extension(_, extension) => {
                if !key.slice(depth..).starts_with(&extension.key) {
                    return Ok(None);
                }
                depth += extension.key.len();
                &extension.child
            }
            Node::Branch(_, branch) => {
                let Some(child) = branch.children.get(nibble(key, depth)) else { return Ok(None) };
                depth += 1;
                child
            }
        };
    }
}
