//! Makes the proofs that `eth_getProof` (EIP-1186) returns.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount};
use std::sync::{Mutex, PoisonError};

use super::{NodeSource, TrieError, TrieOwner, read_account, read_slot};

/// A proof that an account is, or is not, in a state, with proofs of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account's address.
    pub address: Address,
    /// The account; zeros, empty root and empty code hash where there is none.
    pub account: TrieAccount,
    /// RLP of the nodes from the state root towards the account.
    pub account_proof: Vec<Bytes>,
    /// Proofs of the slots that were asked for, in that order.
    pub storage_proof: Vec<SlotProof>,
}

/// A proof of the value of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// The slot.
    pub key: U256,
    /// Its value; zero where it does not exist.
    pub value: U256,
    /// RLP of the nodes from the storage root towards the slot; empty for an account without storage.
    pub proof: Vec<Bytes>,
}

/// Proves an account and slots of it against a state root.
pub fn account_proof(
    source: &impl NodeSource,
    state_root: B256,
    address: Address,
    slots: &[U256],
) -> Result<AccountProof, TrieError> {
    let hashed_address = keccak256(address);
    let path = Path::new(source);
    let account = read_account(&path, state_root, hashed_address)?;
    let account_proof = path.into_nodes();
    let account = account.unwrap_or_default();
    let storage_proof = slots.iter().map(|slot| {
        let path = Path::new(source);
        let hashed_slot = keccak256(slot.to_be_bytes::<32>());
        let value = read_slot(&path, hashed_address, account.storage_root, hashed_slot)?;
        Ok(SlotProof { key: *slot, value, proof: path.into_nodes() })
    });
    let storage_proof = storage_proof.collect::<Result<_, TrieError>>()?;
    Ok(AccountProof { address, account, account_proof, storage_proof })
}

/// Collects the nodes of one walk down a trie, in order.
struct Path<'a, S> {
    source: &'a S,
    nodes: Mutex<Vec<Bytes>>,
}

impl<'a, S> Path<'a, S> {
    const fn new(source: &'a S) -> Self {
        Self { source, nodes: Mutex::new(Vec::new()) }
    }

    fn into_nodes(self) -> Vec<Bytes> {
        self.nodes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: NodeSource> NodeSource for Path<'_, S> {
    fn node(&self, owner: TrieOwner, path: &Nibbles, hash: B256) -> Result<Bytes, TrieError> {
        let node = self.source.node(owner, path, hash)?;
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(node.clone());
        Ok(node)
    }
}
