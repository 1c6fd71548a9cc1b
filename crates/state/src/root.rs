//! Computes the root of a state trie and of a storage trie from all of their entries.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_rlp::Encodable;
use alloy_trie::{HashBuilder, Nibbles, TrieAccount};

/// One account of a world state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateAccount<S> {
    /// The account's address; the trie's key is its Keccak hash.
    pub address: Address,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Balance in wei.
    pub balance: U256,
    /// Keccak hash of the code; [`KECCAK_EMPTY`](crate::KECCAK_EMPTY) where there is none.
    pub code_hash: B256,
    /// Every slot and its value, in any order; a value of zero means that the slot does not exist.
    pub storage: S,
}

/// Returns the state root of a world state, given in any order.
///
/// Every account becomes a leaf, empty or not. The caller yields no address twice.
pub fn state_root<S>(accounts: impl IntoIterator<Item = StateAccount<S>>) -> B256
where
    S: IntoIterator<Item = (U256, U256)>,
{
    trie_root(accounts.into_iter().map(|account| {
        let leaf = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: storage_root(account.storage),
            code_hash: account.code_hash,
        };
        (keccak256(account.address), leaf)
    }))
}

/// Returns the root of one account's storage, given in any order.
///
/// Slots of value zero are left out. The caller yields no slot twice.
pub fn storage_root(storage: impl IntoIterator<Item = (U256, U256)>) -> B256 {
    trie_root(
        storage
            .into_iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(slot, value)| (keccak256(slot.to_be_bytes::<32>()), value)),
    )
}

/// Returns the root of the trie that maps hashed keys to RLP values.
fn trie_root<V: Encodable>(leaves: impl Iterator<Item = (B256, V)>) -> B256 {
    let mut leaves: Vec<_> = leaves.collect();
    leaves.sort_unstable_by_key(|(key, _)| *key);
    debug_assert!(leaves.is_sorted_by(|(a, _), (b, _)| a < b), "a key was yielded twice");

    let mut builder = HashBuilder::default();
    let mut rlp = Vec::new();
    for (key, value) in &leaves {
        rlp.clear();
        value.encode(&mut rlp);
        builder.add_leaf(Nibbles::unpack(key), &rlp);
    }
    builder.root()
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256};

    use super::*;
    use crate::{EMPTY_ROOT_HASH, KECCAK_EMPTY};

    fn account(address: Address, storage: Vec<(U256, U256)>) -> StateAccount<Vec<(U256, U256)>> {
        StateAccount { address, nonce: 1, balance: U256::from(7), code_hash: KECCAK_EMPTY, storage }
    }

    #[test]
    fn nothing_has_the_empty_root() {
        assert_eq!(state_root::<Vec<_>>([]), EMPTY_ROOT_HASH);
        assert_eq!(storage_root([]), EMPTY_ROOT_HASH);
        assert_eq!(
            EMPTY_ROOT_HASH,
            b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
        );
    }

    #[test]
    fn zero_slots_do_not_exist() {
        let one = (U256::from(3), U256::from(9));
        assert_eq!(storage_root([(U256::from(1), U256::ZERO)]), EMPTY_ROOT_HASH);
        assert_eq!(storage_root([one, (U256::from(1), U256::ZERO)]), storage_root([one]));
    }

    /// A trie of one leaf is the hash of `[hex-prefix(key, leaf), value]`, worked out by hand here.
    #[test]
    fn one_slot_is_one_leaf() {
        let mut node = vec![0xe3, 0xa1, 0x20];
        node.extend_from_slice(keccak256(B256::ZERO).as_slice());
        node.push(0x2a);
        assert_eq!(storage_root([(U256::ZERO, U256::from(0x2a))]), keccak256(&node));
    }

    #[test]
    fn an_empty_account_that_is_present_counts() {
        let empty = StateAccount {
            address: address!("0000000000000000000000000000000000000004"),
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK_EMPTY,
            storage: vec![],
        };
        assert_ne!(state_root([empty]), EMPTY_ROOT_HASH);
    }

    #[test]
    fn order_does_not_matter_and_every_field_does() {
        let a = account(Address::with_last_byte(1), vec![(U256::from(1), U256::from(2))]);
        let b = account(Address::with_last_byte(2), vec![]);
        let root = state_root([a.clone(), b.clone()]);
        assert_eq!(root, state_root([b.clone(), a.clone()]));

        let changed = [
            StateAccount { nonce: 2, ..a.clone() },
            StateAccount { balance: U256::from(8), ..a.clone() },
            StateAccount { code_hash: B256::ZERO, ..a.clone() },
            StateAccount { storage: vec![(U256::from(1), U256::from(3))], ..a.clone() },
            StateAccount { address: Address::with_last_byte(3), ..a },
        ];
        for other in changed {
            assert_ne!(root, state_root([other, b.clone()]));
        }
    }
}
