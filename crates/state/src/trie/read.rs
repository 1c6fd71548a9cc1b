//! Reads accounts and slots from tries, straight from their nodes.

use alloy_primitives::{B256, U256};
use alloy_rlp::Decodable;
use alloy_trie::{Nibbles, TrieAccount};

use super::{NodeSource, PartialTrie, TrieError, TrieOwner};

/// Reads an account of the state with this root; none where the trie shows that there is none.
pub fn read_account(
    source: &impl NodeSource,
    state_root: B256,
    hashed_address: B256,
) -> Result<Option<TrieAccount>, TrieError> {
    let trie = PartialTrie::new(TrieOwner::Accounts, state_root);
    let leaf = trie.get(&hashed_address, source)?;
    leaf.map(|leaf| decode_account(&leaf, state_root, &hashed_address)).transpose()
}

/// Reads a slot of the storage with this root; zero where the trie shows that it does not exist.
pub fn read_slot(
    source: &impl NodeSource,
    hashed_address: B256,
    storage_root: B256,
    hashed_slot: B256,
) -> Result<U256, TrieError> {
    let owner = TrieOwner::Storage(hashed_address);
    let Some(leaf) = PartialTrie::new(owner, storage_root).get(&hashed_slot, source)? else {
        return Ok(U256::ZERO);
    };
    decode_slot(&leaf, owner, storage_root, &hashed_slot)
}

/// Decodes a slot's leaf; owner and root are for the error only.
pub(super) fn decode_slot(
    leaf: &[u8],
    owner: TrieOwner,
    root: B256,
    hashed_slot: &B256,
) -> Result<U256, TrieError> {
    decode_exact(leaf).ok_or(TrieError::Damaged {
        owner,
        path: Box::new(Nibbles::unpack(hashed_slot)),
        hash: root,
        reason: "the leaf is no slot value",
    })
}

/// Decodes an account's leaf; `root` is for the error only.
pub(super) fn decode_account(
    leaf: &[u8],
    root: B256,
    hashed_address: &B256,
) -> Result<TrieAccount, TrieError> {
    decode_exact(leaf).ok_or(TrieError::Damaged {
        owner: TrieOwner::Accounts,
        path: Box::new(Nibbles::unpack(hashed_address)),
        hash: root,
        reason: "the leaf is no account",
    })
}

fn decode_exact<T: Decodable>(mut leaf: &[u8]) -> Option<T> {
    let value = T::decode(&mut leaf).ok()?;
    leaf.is_empty().then_some(value)
}
