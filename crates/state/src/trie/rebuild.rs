//! Computes a state root a second way, to compare the first with.
//!
//! [`update_root`](super::update_root) changes a partial trie in place. Here the trie before a block is walked in order
//! and fed, with the block's changes among it, to alloy-trie's [`HashBuilder`]: subtries without a change by their hash,
//! everything else leaf by leaf. The two share the source of nodes, whose hashes the source answers for, and neither the
//! reading of nodes and bundles nor any hashing.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;
use alloy_trie::{
    EMPTY_ROOT_HASH, HashBuilder, KECCAK_EMPTY, Nibbles, TrieAccount,
    nodes::{BranchNode, CHILD_INDEX_RANGE, ExtensionNode, LeafNode, RlpNode, TrieNode},
};
use revm::database::{BundleAccount, BundleState};

use super::{NodeSource, TrieError, TrieOwner};

/// What becomes of leaves: the new value by key, none for one that goes.
type Changes = BTreeMap<B256, Option<Vec<u8>>>;

/// A part of [`Changes`], in order.
type Slice<'a> = &'a [(Nibbles, Option<Vec<u8>>)];

/// Computes the state root after a bundle's changes to the state with root `parent_root`.
///
/// Every account of the bundle counts as revm left it, empty or not.
pub fn rebuild_root(
    source: &impl NodeSource,
    parent_root: B256,
    bundle: &BundleState,
) -> Result<B256, TrieError> {
    let mut changes = Changes::new();
    for (address, account) in &bundle.state {
        let key = keccak256(address);
        changes.insert(key, account_leaf(source, parent_root, key, account)?);
    }
    Rebuild::run(source, TrieOwner::Accounts, parent_root, changes)
}

/// Returns the leaf of an account after a block; none if it does not exist.
fn account_leaf(
    source: &impl NodeSource,
    state_root: B256,
    key: B256,
    account: &BundleAccount,
) -> Result<Option<Vec<u8>>, TrieError> {
    let Some(info) = &account.info else { return Ok(None) };
    let before =
        if account.was_destroyed() { EMPTY_ROOT_HASH } else { storage_root_before(source, state_root, key)? };
    let slots = account.storage.iter().map(|(slot, value)| {
        let value = value.present_value;
        (keccak256(B256::from(*slot)), (value != U256::ZERO).then(|| alloy_rlp::encode(value)))
    });
    let storage_root = Rebuild::run(source, TrieOwner::Storage(key), before, slots.collect())?;
    let code_hash = if info.code_hash.is_zero() { KECCAK_EMPTY } else { info.code_hash };
    let leaf = TrieAccount { nonce: info.nonce, balance: info.balance, storage_root, code_hash };
    Ok(Some(alloy_rlp::encode(leaf)))
}

/// Reads an account's storage root; that of no storage where there is no account.
fn storage_root_before(source: &impl NodeSource, state_root: B256, key: B256) -> Result<B256, TrieError> {
    let reader = Reader { source, owner: TrieOwner::Accounts };
    let key = Nibbles::unpack(key);
    let (mut path, mut at) = (Nibbles::default(), RlpNode::word_rlp(&state_root));
    if state_root == EMPTY_ROOT_HASH {
        return Ok(EMPTY_ROOT_HASH);
    }
    loop {
        match reader.node(&at, &path)? {
            TrieNode::EmptyRoot => return Ok(EMPTY_ROOT_HASH),
            TrieNode::Leaf(LeafNode { key: rest, value }) => {
                if path.join(&rest) != key {
                    return Ok(EMPTY_ROOT_HASH);
                }
                let account = TrieAccount::decode(&mut &value[..]);
                let account = account.map_err(|_| reader.damaged(&at, &path, "it is no account"))?;
                return Ok(account.storage_root);
            }
            TrieNode::Extension(ExtensionNode { key: rest, child }) => {
                path = path.join(&rest);
                if !key.starts_with(&path) {
                    return Ok(EMPTY_ROOT_HASH);
                }
                at = child;
            }
            TrieNode::Branch(branch) => {
                let nibble = key.get_unchecked(path.len());
                let Some(child) = child_of(&branch, nibble) else { return Ok(EMPTY_ROOT_HASH) };
                at = child.clone();
                path.push(nibble);
            }
        }
    }
}

/// Reads the nodes of one trie.
struct Reader<'a, S> {
    source: &'a S,
    owner: TrieOwner,
}

impl<S: NodeSource> Reader<'_, S> {
    /// Reads what a reference stands for: a node by its hash, or the node itself.
    fn node(&self, reference: &RlpNode, path: &Nibbles) -> Result<TrieNode, TrieError> {
        let rlp = match reference.as_hash() {
            Some(hash) => self.source.node(self.owner, path, hash)?,
            None => Bytes::copy_from_slice(reference),
        };
        TrieNode::decode(&mut &rlp[..])
            .map_err(|_| self.damaged(reference, path, "it is no node of such a trie"))
    }

    fn damaged(&self, reference: &RlpNode, path: &Nibbles, reason: &'static str) -> TrieError {
        let hash = reference.as_hash().unwrap_or_else(|| keccak256(reference));
        TrieError::Damaged { owner: self.owner, path: Box::new(*path), hash, reason }
    }
}

/// One trie that is being built anew.
struct Rebuild<'a, S> {
    reader: Reader<'a, S>,
    builder: HashBuilder,
}

/// How a subtrie without changes is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TakeOver {
    /// By its hash: it stays where it is.
    Whole,
    /// Looking at its first node: siblings may go, and it may then move up to where they met. A leaf or an extension is
    /// another node there.
    Movable,
}

impl<S: NodeSource> Rebuild<'_, S> {
    fn run(source: &S, owner: TrieOwner, root: B256, changes: Changes) -> Result<B256, TrieError> {
        if changes.is_empty() {
            return Ok(root);
        }
        let changes: Vec<_> = changes.into_iter().map(|(key, value)| (Nibbles::unpack(key), value)).collect();
        let mut rebuild = Rebuild { reader: Reader { source, owner }, builder: HashBuilder::default() };
        if root == EMPTY_ROOT_HASH {
            rebuild.add(&changes);
        } else {
            rebuild.change(&RlpNode::word_rlp(&root), Nibbles::default(), &changes)?;
        }
        Ok(rebuild.builder.root())
    }

    /// Adds new leaves where there were none.
    fn add(&mut self, changes: Slice<'_>) {
        for (key, value) in changes {
            if let Some(value) = value {
                self.builder.add_leaf(*key, value);
            }
        }
    }

    /// Takes a subtrie over, with or without changes.
    fn visit(
        &mut self,
        at: &RlpNode,
        path: Nibbles,
        changes: Slice<'_>,
        take_over: TakeOver,
    ) -> Result<(), TrieError> {
        if changes.is_empty() { self.keep(at, path, take_over) } else { self.change(at, path, changes) }
    }

    /// Takes a subtrie over as it is.
    fn keep(&mut self, at: &RlpNode, path: Nibbles, take_over: TakeOver) -> Result<(), TrieError> {
        if let (Some(hash), TakeOver::Whole) = (at.as_hash(), take_over) {
            self.builder.add_branch(path, hash, false);
            return Ok(());
        }
        match (self.reader.node(at, &path)?, at.as_hash()) {
            (TrieNode::EmptyRoot, _) => {}
            (TrieNode::Leaf(leaf), _) => self.builder.add_leaf(path.join(&leaf.key), &leaf.value),
            // Below an extension there is a branch.
            (TrieNode::Extension(extension), _) => {
                self.keep(&extension.child, path.join(&extension.key), TakeOver::Whole)?;
            }
            (TrieNode::Branch(_), Some(hash)) => self.builder.add_branch(path, hash, false),
            (TrieNode::Branch(branch), None) => {
                for nibble in CHILD_INDEX_RANGE {
                    if let Some(child) = child_of(&branch, nibble) {
                        self.keep(child, below(path, nibble), TakeOver::Whole)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Walks into a subtrie with changes.
    fn change(&mut self, at: &RlpNode, path: Nibbles, changes: Slice<'_>) -> Result<(), TrieError> {
        match self.reader.node(at, &path)? {
            TrieNode::EmptyRoot => self.add(changes),
            TrieNode::Leaf(leaf) => {
                let key = path.join(&leaf.key);
                let (before, rest) = changes.split_at(changes.partition_point(|(other, _)| *other < key));
                self.add(before);
                if rest.first().is_none_or(|(other, _)| *other != key) {
                    self.builder.add_leaf(key, &leaf.value);
                }
                self.add(rest);
            }
            TrieNode::Extension(extension) => {
                let path = path.join(&extension.key);
                let (before, rest) =
                    changes.split_at(changes.partition_point(|(key, _)| key.slice(..path.len()) < path));
                let (inside, after) =
                    rest.split_at(rest.partition_point(|(key, _)| key.slice(..path.len()) == path));
                self.add(before);
                self.visit(&extension.child, path, inside, TakeOver::Whole)?;
                self.add(after);
            }
            TrieNode::Branch(branch) => self.change_branch(&branch, path, changes)?,
        }
        Ok(())
    }

    fn change_branch(
        &mut self,
        branch: &BranchNode,
        path: Nibbles,
        mut changes: Slice<'_>,
    ) -> Result<(), TrieError> {
        let goes = changes.iter().any(|(_, value)| value.is_none());
        let take_over = if goes { TakeOver::Movable } else { TakeOver::Whole };
        for nibble in CHILD_INDEX_RANGE {
            let here = changes.partition_point(|(key, _)| key.get_unchecked(path.len()) <= nibble);
            let (inside, rest) = changes.split_at(here);
            changes = rest;
            match child_of(branch, nibble) {
                Some(child) => self.visit(child, below(path, nibble), inside, take_over)?,
                None => self.add(inside),
            }
        }
        Ok(())
    }
}

/// Returns a branch's child; the stack has those that are there, in order.
fn child_of(branch: &BranchNode, nibble: u8) -> Option<&RlpNode> {
    let (mask, bit) = (branch.state_mask.get(), 1u16 << nibble);
    let before = (mask & (bit - 1)).count_ones() as usize;
    if mask & bit == 0 { None } else { branch.stack.get(before) }
}

fn below(mut path: Nibbles, nibble: u8) -> Nibbles {
    path.push(nibble);
    path
}
