//! Makes the keys of tables.

use alloy_primitives::B256;

use crate::trie::{Nibbles, TrieOwner};

/// The row of [`Table::Meta`](super::engine::Table::Meta) that holds head and commit count.
pub(super) const HEAD: &[u8] = b"head";

/// The key of a slot: hashed address, hashed slot.
pub(super) fn slot(hashed_address: B256, hashed_slot: B256) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(&hashed_address[..]);
    key[32..].copy_from_slice(&hashed_slot[..]);
    key
}

/// What all keys of a trie's nodes begin with: zero for the account trie, one and the hashed address for storage.
pub(super) fn trie(owner: TrieOwner) -> Vec<u8> {
    match owner {
        TrieOwner::Accounts => vec![0],
        TrieOwner::Storage(hashed_address) => [&[1], &hashed_address[..]].concat(),
    }
}

/// The key of a node: its trie, one byte a nibble of its path.
pub(super) fn node(owner: TrieOwner, path: &Nibbles) -> Vec<u8> {
    let mut key = trie(owner);
    key.extend(path.iter());
    key
}

/// The key of a block's row, in the order of numbers.
pub(super) const fn number(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// The key of an account's value before a block: number, zero, hashed address.
pub(super) fn account_change(block: u64, hashed_address: B256) -> Vec<u8> {
    [&number(block)[..], &[0], &hashed_address[..]].concat()
}

/// The key of a slot's value before a block: number, one, hashed address, hashed slot.
pub(super) fn slot_change(block: u64, hashed_address: B256, hashed_slot: B256) -> Vec<u8> {
    [&number(block)[..], &[1], &hashed_address[..], &hashed_slot[..]].concat()
}

/// The key of a host's marker.
pub(super) fn marker(name: &str) -> Vec<u8> {
    [b"marker/", name.as_bytes()].concat()
}
