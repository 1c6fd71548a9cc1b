//! Compares the roots with a naive recursive Merkle-Patricia trie, written from the Yellow Paper's appendix D.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, keccak256};
use proptest::{collection::btree_map, prelude::*};
use tandem_state::{StateAccount, state_root, storage_root};

/// Wraps a payload in an RLP header whose short form begins at `offset`.
fn rlp_wrap(offset: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if payload.len() < 56 {
        out.push(offset + payload.len() as u8);
    } else {
        let length = payload.len().to_be_bytes();
        let length = &length[length.iter().position(|byte| *byte != 0).unwrap()..];
        out.push(offset + 55 + length.len() as u8);
        out.extend_from_slice(length);
    }
    out.extend_from_slice(payload);
    out
}

fn rlp_bytes(bytes: &[u8]) -> Vec<u8> {
    if let [byte] = bytes
        && *byte < 0x80
    {
        return vec![*byte];
    }
    rlp_wrap(0x80, bytes)
}

fn rlp_list(items: &[Vec<u8>]) -> Vec<u8> {
    rlp_wrap(0xc0, &items.concat())
}

fn rlp_uint(value: U256) -> Vec<u8> {
    rlp_bytes(&value.to_be_bytes_trimmed_vec())
}

/// The hex-prefix encoding of a path (appendix C).
fn hex_prefix(nibbles: &[u8], leaf: bool) -> Vec<u8> {
    let flag = if leaf { 2 } else { 0 };
    let mut padded = if nibbles.len() % 2 == 1 { vec![flag + 1] } else { vec![flag, 0] };
    padded.extend_from_slice(nibbles);
    padded.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// The node's RLP (appendix D, function c), of entries that share their first `depth` nibbles.
fn node(entries: &Entries, depth: usize) -> Vec<u8> {
    let (first, value) = entries.first_key_value().unwrap();
    if entries.len() == 1 {
        return rlp_list(&[rlp_bytes(&hex_prefix(&first[depth..], true)), rlp_bytes(value)]);
    }
    let shared =
        (depth..first.len()).take_while(|at| entries.keys().all(|key| key[*at] == first[*at])).count();
    if shared > 0 {
        let path = hex_prefix(&first[depth..depth + shared], false);
        return rlp_list(&[rlp_bytes(&path), reference(entries, depth + shared)]);
    }
    let mut items: Vec<Vec<u8>> = (0..16)
        .map(|nibble| {
            let child: Entries = entries
                .iter()
                .filter(|(key, _)| key[depth] == nibble)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if child.is_empty() { rlp_bytes(&[]) } else { reference(&child, depth + 1) }
        })
        .collect();
    items.push(rlp_bytes(&[]));
    rlp_list(&items)
}

/// A node inside another: itself if it is shorter than 32 bytes, else its hash (appendix D, function n).
fn reference(entries: &Entries, depth: usize) -> Vec<u8> {
    let rlp = node(entries, depth);
    if rlp.len() < 32 { rlp } else { rlp_bytes(keccak256(&rlp).as_slice()) }
}

fn model_root(entries: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> B256 {
    let entries: Entries = entries
        .into_iter()
        .map(|(key, value)| (keccak256(key).iter().flat_map(|byte| [byte >> 4, byte & 15]).collect(), value))
        .collect();
    if entries.is_empty() { keccak256([0x80]) } else { keccak256(node(&entries, 0)) }
}

fn model_storage_root(storage: &BTreeMap<U256, U256>) -> B256 {
    model_root(
        storage
            .iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (slot.to_be_bytes_vec(), rlp_uint(*value))),
    )
}

/// Nonce, balance, code hash, storage.
type Fields = (u64, U256, B256, BTreeMap<U256, U256>);

fn model_state_root(state: &BTreeMap<Address, Fields>) -> B256 {
    model_root(state.iter().map(|(address, (nonce, balance, code_hash, storage))| {
        let account = rlp_list(&[
            rlp_uint(U256::from(*nonce)),
            rlp_uint(*balance),
            rlp_bytes(model_storage_root(storage).as_slice()),
            rlp_bytes(code_hash.as_slice()),
        ]);
        (address.to_vec(), account)
    }))
}

fn word() -> impl Strategy<Value = U256> {
    prop_oneof![
        Just(U256::ZERO),
        (0u64..300).prop_map(U256::from),
        any::<[u8; 32]>().prop_map(U256::from_be_bytes),
    ]
}

fn storage() -> impl Strategy<Value = BTreeMap<U256, U256>> {
    btree_map(word(), word(), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn storage_root_equals_the_model(storage in storage()) {
        prop_assert_eq!(storage_root(storage.clone()), model_storage_root(&storage));
    }

    #[test]
    fn state_root_equals_the_model(
        state in btree_map(
            any::<[u8; 20]>().prop_map(Address::from),
            (any::<u64>(), word(), any::<[u8; 32]>().prop_map(B256::from), storage()),
            0..60,
        ),
    ) {
        let accounts = state.iter().rev().map(|(address, (nonce, balance, code_hash, storage))| StateAccount {
            address: *address,
            nonce: *nonce,
            balance: *balance,
            code_hash: *code_hash,
            storage: storage.clone(),
        });
        prop_assert_eq!(state_root(accounts), model_state_root(&state));
    }
}
