//! Makes witnesses: remembers what executing a block reads of a store.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::EMPTY_ROOT_HASH;
use parking_lot::Mutex;
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use crate::{
    StateError, StateUpdate, StateView, Store, TrieView,
    trie::{Recorder, read_account, read_slot, update_root},
    update::hash_slot,
};

/// What executing a block needs of its parent's state, as `debug_executionWitness` returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionWitness {
    /// RLP of trie nodes.
    pub state: Vec<Bytes>,
    /// Codes.
    pub codes: Vec<Bytes>,
    /// The addresses and slots that were read, not hashed.
    pub keys: Vec<Bytes>,
    /// RLP of ancestors' headers, from the oldest whose hash was read, or the parent, to the parent.
    pub headers: Vec<Bytes>,
}

/// The state after a block of a store, which remembers what is read of it.
///
/// Accounts and slots are read from the tries, so that all nodes on the way are remembered. Execute the child on it,
/// tell it what the child changes ([`Self::cover`]), and take the witness ([`Self::finish`]).
#[derive(Debug)]
pub struct WitnessRecorder {
    parent: u64,
    root: B256,
    nodes: Recorder<TrieView>,
    state: StateView,
    read: Mutex<Read>,
}

#[derive(Debug, Default)]
struct Read {
    codes: BTreeMap<B256, Bytes>,
    keys: BTreeSet<Bytes>,
    oldest_hash: Option<u64>,
}

impl Store {
    /// Opens the state after a canonical block for recording.
    pub fn witness_recorder(&self, parent: u64) -> Result<WitnessRecorder, StateError> {
        let trie = self.trie_at(parent)?;
        let (root, state) = (trie.root(), self.state_at(parent)?);
        Ok(WitnessRecorder { parent, root, nodes: Recorder::new(trie), state, read: Mutex::default() })
    }
}

impl WitnessRecorder {
    /// Remembers what it takes to compute the root after changes, and returns that root.
    ///
    /// Call it with what the block changes, and before Byzantium also with what each transaction and those before it
    /// change, because receipts carry the roots after each.
    pub fn cover(&self, update: &StateUpdate) -> Result<B256, StateError> {
        Ok(update_root(&self.nodes, self.root, update, std::num::NonZeroUsize::MIN)?.root)
    }

    /// Returns the witness; the headers come from the store that this is a state of.
    pub fn finish(self, store: &Store) -> Result<ExecutionWitness, StateError> {
        // Whatever was read, a witness begins with the root.
        if self.root != EMPTY_ROOT_HASH {
            read_account(&self.nodes, self.root, B256::ZERO)?;
        }
        let Read { codes, keys, oldest_hash } = self.read.into_inner();
        let oldest = oldest_hash.map_or(self.parent, |oldest| oldest.min(self.parent));
        let headers = (oldest..=self.parent).map(|number| {
            let header = store.header_by_number(number)?.ok_or(StateError::NoBlockHash(number))?;
            Ok(alloy_rlp::encode(header).into())
        });
        Ok(ExecutionWitness {
            headers: headers.collect::<Result<_, StateError>>()?,
            state: self.nodes.into_nodes(),
            codes: codes.into_values().collect(),
            keys: keys.into_iter().collect(),
        })
    }

    fn account(&self, address: Address) -> Result<(B256, Option<alloy_trie::TrieAccount>), StateError> {
        let hashed = keccak256(address);
        self.read.lock().keys.insert(Bytes::copy_from_slice(address.as_slice()));
        Ok((hashed, read_account(&self.nodes, self.root, hashed)?))
    }
}

impl DatabaseRef for WitnessRecorder {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let (_, account) = self.account(address)?;
        Ok(account.map(|account| AccountInfo {
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        let code = self.state.code_by_hash_ref(code_hash)?;
        if !code.is_empty() {
            self.read.lock().codes.insert(code_hash, code.original_bytes());
        }
        Ok(code)
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        let (hashed, account) = self.account(address)?;
        self.read.lock().keys.insert(slot.to_be_bytes::<32>().into());
        let Some(account) = account else { return Ok(U256::ZERO) };
        Ok(read_slot(&self.nodes, hashed, account.storage_root, hash_slot(slot))?)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        let hash = self.state.block_hash_ref(number)?;
        let mut read = self.read.lock();
        read.oldest_hash = Some(read.oldest_hash.map_or(number, |oldest| oldest.min(number)));
        Ok(hash)
    }
}
