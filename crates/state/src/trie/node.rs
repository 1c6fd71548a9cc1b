//! Holds the nodes of a partial trie: decoded as far as needed, known by hash below.

use alloy_primitives::{B256, Bytes};
use alloy_rlp::Decodable;
use alloy_trie::{
    Nibbles, TrieMask,
    nodes::{BranchNodeRef, ExtensionNodeRef, LeafNodeRef, RlpNode, TrieNode},
};

use super::{NodeChanges, TrieError, TrieOwner};

/// Nibbles of a key; every key is a Keccak hash.
pub(super) const KEY_NIBBLES: usize = 64;

/// A node of a partial trie. A subtree that is not there is an `Option` that is none.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Not read yet.
    Hash(B256),
    Leaf(Box<Leaf>),
    Extension(Box<Extension>),
    Branch(Box<Branch>),
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) key: Nibbles,
    pub(super) value: Vec<u8>,
    pub(super) known: Option<RlpNode>,
}

#[derive(Clone, Debug)]
pub(super) struct Extension {
    pub(super) key: Nibbles,
    /// Always a branch, or its hash.
    pub(super) child: Node,
    pub(super) known: Option<RlpNode>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    /// At least two, except within an operation.
    pub(super) children: [Option<Node>; 16],
    /// How the parent names this node; none after a change.
    pub(super) known: Option<RlpNode>,
}

impl Node {
    pub(super) fn leaf(key: Nibbles, value: Vec<u8>) -> Self {
        Self::Leaf(Box::new(Leaf { key, value, known: None }))
    }

    pub(super) fn extension(key: Nibbles, child: Self) -> Self {
        Self::Extension(Box::new(Extension { key, child, known: None }))
    }

    pub(super) fn branch(children: [Option<Self>; 16]) -> Self {
        Self::Branch(Box::new(Branch { children, known: None }))
    }

    /// Wraps a node into an extension, where the key is not empty.
    pub(super) fn extended(key: Nibbles, child: Self) -> Self {
        if key.is_empty() { child } else { Self::extension(key, child) }
    }

    /// Decodes a node that its parent names by hash.
    pub(super) fn decode(rlp: &[u8], place: Place) -> Result<Self, TrieError> {
        let mut rest = rlp;
        let node = TrieNode::decode(&mut rest).map_err(|_| place.damaged("not the RLP of a trie node"))?;
        if !rest.is_empty() {
            return Err(place.damaged("bytes follow the node"));
        }
        Self::from_alloy(node, RlpNode::word_rlp(&place.hash), place)
    }

    fn from_alloy(node: TrieNode, known: RlpNode, place: Place) -> Result<Self, TrieError> {
        let depth = place.path.len();
        match node {
            TrieNode::EmptyRoot => Err(place.damaged("an empty node below a hash")),
            TrieNode::Leaf(leaf) if depth + leaf.key.len() == KEY_NIBBLES => {
                Ok(Self::Leaf(Box::new(Leaf { key: leaf.key, value: leaf.value, known: Some(known) })))
            }
            TrieNode::Leaf(_) => Err(place.damaged("a leaf whose key is not 32 bytes long")),
            TrieNode::Extension(extension) => {
                let key = extension.key;
                if key.is_empty() || depth + key.len() >= KEY_NIBBLES {
                    return Err(place.damaged("an extension of impossible length"));
                }
                let child = Self::of_parent(&extension.child, place.below(&key))?;
                if matches!(child, Self::Leaf(_) | Self::Extension(_)) {
                    return Err(place.damaged("an extension without a branch below"));
                }
                Ok(Self::Extension(Box::new(Extension { key, child, known: Some(known) })))
            }
            TrieNode::Branch(branch) => {
                if branch.stack.len() < 2 {
                    return Err(place.damaged("a branch with fewer than two children"));
                }
                if depth >= KEY_NIBBLES {
                    return Err(place.damaged("a branch below a whole key"));
                }
                let mut children = <[Option<Self>; 16]>::default();
                for (nibble, child) in branch.as_ref().children() {
                    if let Some(child) = child {
                        let place = place.below(&Nibbles::from_nibbles([nibble]));
                        children[usize::from(nibble)] = Some(Self::of_parent(child, place)?);
                    }
                }
                Ok(Self::Branch(Box::new(Branch { children, known: Some(known) })))
            }
        }
    }

    /// Reads what a parent holds of a child: a hash, or the whole node if it is short.
    fn of_parent(child: &RlpNode, place: Place) -> Result<Self, TrieError> {
        if let Some(hash) = child.as_hash() {
            // 33 bytes that do not begin like a 32 byte string are no hash.
            return if child[0] == 0xa0 {
                Ok(Self::Hash(hash))
            } else {
                Err(place.damaged("a child of 33 bytes"))
            };
        }
        let node =
            TrieNode::decode(&mut &child[..]).map_err(|_| place.damaged("not the RLP of a trie node"))?;
        Self::from_alloy(node, child.clone(), place)
    }

    /// Returns how the parent names this node, and collects the nodes below that changed, and itself, by path.
    ///
    /// A changed node that is now short enough to be inside its parent is collected as gone.
    pub(super) fn seal(
        &mut self,
        path: &Nibbles,
        buffer: &mut Vec<u8>,
        changes: &mut NodeChanges,
    ) -> RlpNode {
        let name = match self {
            Self::Hash(hash) => return RlpNode::word_rlp(hash),
            Self::Leaf(leaf) => {
                if let Some(known) = &leaf.known {
                    return known.clone();
                }
                buffer.clear();
                leaf.known.insert(LeafNodeRef { key: &leaf.key, value: &leaf.value }.rlp(buffer)).clone()
            }
            Self::Extension(extension) => {
                if let Some(known) = &extension.known {
                    return known.clone();
                }
                let child = extension.child.seal(&path.join(&extension.key), buffer, changes);
                buffer.clear();
                extension
                    .known
                    .insert(ExtensionNodeRef { key: &extension.key, child: &child }.rlp(buffer))
                    .clone()
            }
            Self::Branch(branch) => {
                if let Some(known) = &branch.known {
                    return known.clone();
                }
                let (stack, mask) = branch.seal_children(path, buffer, changes);
                buffer.clear();
                branch.known.insert(BranchNodeRef::new(&stack, mask).rlp(buffer)).clone()
            }
        };
        // A root is stored even if it is short: nothing else holds it.
        let stored = name.is_hash() || path.is_empty();
        changes.insert(*path, stored.then(|| Bytes::copy_from_slice(buffer)));
        name
    }
}

/// What a trie forgets of what lies deep: all but the hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Leaves. Guesses find them again, or a read of the store each.
    Leaves,
    /// Everything.
    Deep,
}

impl Node {
    /// Forgets nodes that are so many nibbles below the root; returns how many are left.
    pub(super) fn cut(&mut self, depth: usize, depth_max: usize, cut: Cut) -> usize {
        if depth >= depth_max
            && (cut == Cut::Deep || matches!(self, Self::Leaf(_)))
            && let Some(hash) = self.known().and_then(RlpNode::as_hash)
        {
            *self = Self::Hash(hash);
        }
        match self {
            Self::Hash(_) => 0,
            Self::Leaf(_) => 1,
            Self::Extension(extension) => {
                1 + extension.child.cut(depth + extension.key.len(), depth_max, cut)
            }
            Self::Branch(branch) => {
                let children = branch.children.iter_mut().flatten();
                1 + children.map(|child| child.cut(depth + 1, depth_max, cut)).sum::<usize>()
            }
        }
    }
}

impl Branch {
    fn seal_children(
        &mut self,
        path: &Nibbles,
        buffer: &mut Vec<u8>,
        changes: &mut NodeChanges,
    ) -> (Vec<RlpNode>, TrieMask) {
        let mut stack = Vec::with_capacity(16);
        let mut mask = TrieMask::default();
        for (nibble, child) in (0..16).zip(&mut self.children) {
            if let Some(child) = child {
                let mut below = *path;
                below.push(nibble);
                stack.push(child.seal(&below, buffer, changes));
                mask.set_bit(nibble);
            }
        }
        (stack, mask)
    }
}

/// Where a node is, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) owner: TrieOwner,
    pub(super) path: Nibbles,
    /// The node's hash, or that of the ancestor it is inside of.
    pub(super) hash: B256,
}

impl Place {
    fn below(&self, key: &Nibbles) -> Self {
        Self { path: self.path.join(key), ..*self }
    }

    pub(super) fn damaged(&self, reason: &'static str) -> TrieError {
        TrieError::Damaged { owner: self.owner, path: Box::new(self.path), hash: self.hash, reason }
    }
}
