//! Holds the nodes of a partial trie: decoded as far as needed, known by hash below.

use alloy_primitives::B256;
use alloy_rlp::Decodable;
use alloy_trie::{
    Nibbles,
    nodes::{RlpNode, TrieNode},
};

use super::{TrieError, TrieOwner, children::Children};

/// Nibbles of a key; every key is a Keccak hash.
pub(super) const KEY_NIBBLES: usize = 64;

/// A node of a partial trie.
///
/// Names are beside the pointers, so that a parent can be encoded without looking at the children that did not change.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Not read yet.
    Hash(B256),
    Leaf(Name, Box<Leaf>),
    Extension(Name, Box<Extension>),
    Branch(Name, Box<Branch>),
}

/// What is known of how a parent names a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Nothing: the node is new, or changed.
    Unknown,
    /// The node is shorter than a hash, and inside its parent.
    Inside,
    /// By its hash.
    Hash(B256),
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) key: Nibbles,
    pub(super) value: Vec<u8>,
    /// The block that used it last, by the trie's count.
    pub(super) used: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Extension {
    pub(super) key: Nibbles,
    /// Always a branch, or its hash.
    pub(super) child: Node,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    /// At least two, except within an operation.
    pub(super) children: Children,
    /// The block that used it last, by the trie's count.
    pub(super) used: u32,
}

impl From<&RlpNode> for Name {
    fn from(name: &RlpNode) -> Self {
        name.as_hash().map_or(Self::Inside, Self::Hash)
    }
}

impl Node {
    pub(super) fn leaf(key: Nibbles, value: Vec<u8>) -> Self {
        Self::Leaf(Name::Unknown, Box::new(Leaf { key, value, used: 0 }))
    }

    pub(super) fn extension(key: Nibbles, child: Self) -> Self {
        Self::Extension(Name::Unknown, Box::new(Extension { key, child }))
    }

    pub(super) fn branch(children: Children) -> Self {
        Self::Branch(Name::Unknown, Box::new(Branch { children, used: 0 }))
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
        Self::from_alloy(node, Name::Hash(place.hash), place)
    }

    fn from_alloy(node: TrieNode, name: Name, place: Place) -> Result<Self, TrieError> {
        let depth = place.path.len();
        match node {
            TrieNode::EmptyRoot => Err(place.damaged("an empty node below a hash")),
            TrieNode::Leaf(leaf) if depth + leaf.key.len() == KEY_NIBBLES => {
                let (key, value) = (leaf.key, leaf.value);
                Ok(Self::Leaf(name, Box::new(Leaf { key, value, used: 0 })))
            }
            TrieNode::Leaf(_) => Err(place.damaged("a leaf whose key is not 32 bytes long")),
            TrieNode::Extension(extension) => {
                let key = extension.key;
                if key.is_empty() || depth + key.len() >= KEY_NIBBLES {
                    return Err(place.damaged("an extension of impossible length"));
                }
                let child = Self::of_parent(&extension.child, place.below(&key))?;
                if matches!(child, Self::Leaf(..) | Self::Extension(..)) {
                    return Err(place.damaged("an extension without a branch below"));
                }
                Ok(Self::Extension(name, Box::new(Extension { key, child })))
            }
            TrieNode::Branch(branch) => {
                if branch.stack.len() < 2 {
                    return Err(place.damaged("a branch with fewer than two children"));
                }
                if depth >= KEY_NIBBLES {
                    return Err(place.damaged("a branch below a whole key"));
                }
                let mut children = Children::with_capacity(branch.stack.len());
                for (nibble, child) in branch.as_ref().children() {
                    if let Some(child) = child {
                        let place = place.below(&Nibbles::from_nibbles([nibble]));
                        children.insert(nibble, Self::of_parent(child, place)?);
                    }
                }
                Ok(Self::Branch(name, Box::new(Branch { children, used: 0 })))
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
        Self::from_alloy(node, Name::Inside, place)
    }

    /// Returns the node's hash, if it is known and its parent's name for it.
    pub(super) const fn hash(&self) -> Option<B256> {
        match self {
            Self::Hash(hash)
            | Self::Leaf(Name::Hash(hash), _)
            | Self::Extension(Name::Hash(hash), _)
            | Self::Branch(Name::Hash(hash), _) => Some(*hash),
            Self::Leaf(..) | Self::Extension(..) | Self::Branch(..) => None,
        }
    }

    /// Says that a block used this node.
    pub(super) fn touch(&mut self, now: u32) {
        match self {
            Self::Leaf(_, leaf) => leaf.used = now,
            Self::Branch(_, branch) => branch.used = now,
            Self::Hash(_) | Self::Extension(..) => {}
        }
    }

    /// Returns the bytes of memory of this node alone, about.
    pub(super) const fn bytes(&self) -> usize {
        match self {
            Self::Hash(_) => 0,
            Self::Leaf(_, leaf) => size_of::<Leaf>() + leaf.value.capacity(),
            Self::Extension(..) => size_of::<Extension>(),
            Self::Branch(_, branch) => size_of::<Branch>() + branch.children.heap_bytes(),
        }
    }
}

/// Returns the nibble of a path at a depth.
pub(super) fn nibble(path: &Nibbles, depth: usize) -> u8 {
    path.get_unchecked(depth)
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
