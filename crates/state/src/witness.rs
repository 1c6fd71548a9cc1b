//! Holds a state as a witness: the part of it that executing one block needs, proved by the state's root.

use std::collections::BTreeMap;

use alloy_primitives::{
    Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256,
    map::{B256Map, HashMap},
};
use alloy_trie::{EMPTY_ROOT_HASH, TrieAccount};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    database::{BundleState, DBErrorMarker},
    state::AccountInfo,
};

use crate::{
    trie::{NodeSource, NodesByHash, TrieError, TrieOwner, read_account, read_slot, update_root},
    update::{AccountUpdate, StateUpdate, StorageUpdate, hash_slot},
};

mod recorder;

pub use recorder::{ExecutionWitness, WitnessRecorder};

/// Something that a witness does not hold, or that it holds damaged. The world failed: it says nothing about the block.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WitnessError {
    /// The root's own node is not there, so that nothing is proved: another state's witness.
    #[error("the witness does not begin with state root {root}: {source}")]
    Root {
        /// The root.
        root: B256,
        /// Why.
        source: Box<TrieError>,
    },
    /// An account could not be read.
    #[error("account {address} is not in the witness: {source}")]
    Account {
        /// The account.
        address: Address,
        /// Why.
        source: Box<TrieError>,
    },
    /// A slot could not be read.
    #[error("slot {slot:#x} of account {address} is not in the witness: {source}")]
    Slot {
        /// The account.
        address: Address,
        /// The slot.
        slot: U256,
        /// Why.
        source: Box<TrieError>,
    },
    /// The new root could not be computed: a part of the trie that changes shape is not there.
    #[error("the state root needs what is not in the witness: {source}")]
    Update {
        /// Why.
        source: Box<TrieError>,
    },
    /// The code is not there.
    #[error("code {0} is not in the witness")]
    Code(B256),
    /// No header of the witness proves the hash of this block.
    #[error("hash of block {0} is not in the witness")]
    BlockHash(u64),
}

impl DBErrorMarker for WitnessError {}

/// The part of a world state that a witness proves.
///
/// Nodes and codes are found by their hashes, from the root on, so that nothing is believed that the root does not
/// prove; what nothing refers to is never looked at. Block hashes are as the caller gives them. An account or slot
/// that the nodes prove not to exist is absent; where they do not reach, reading is an error that names the node.
#[derive(Clone, Debug)]
pub struct WitnessState {
    root: B256,
    nodes: NodesByHash,
    codes: B256Map<Bytecode>,
    block_hashes: BTreeMap<u64, B256>,
    /// Accounts that differ from what the nodes prove.
    changed: HashMap<Address, AccountInfo>,
}

impl WitnessState {
    /// Holds the state with this root; fails if the root's own node is not among the nodes.
    pub fn new(
        root: B256,
        nodes: impl IntoIterator<Item = Bytes>,
        codes: impl IntoIterator<Item = Bytes>,
        block_hashes: BTreeMap<u64, B256>,
    ) -> Result<Self, WitnessError> {
        let nodes: NodesByHash = nodes.into_iter().collect();
        if root != EMPTY_ROOT_HASH {
            nodes
                .node(TrieOwner::Accounts, &Default::default(), root)
                .map_err(|source| WitnessError::Root { root, source: source.into() })?;
        }
        let codes = codes.into_iter().map(|code| (keccak256(&code), bytecode(code))).collect();
        Ok(Self { root, nodes, codes, block_hashes, changed: HashMap::default() })
    }

    /// Returns the root that proves this state.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// Returns the trie nodes, in no order.
    pub fn nodes(&self) -> impl Iterator<Item = &Bytes> {
        self.nodes.iter()
    }

    /// Returns the codes by their hashes.
    pub const fn codes(&self) -> &B256Map<Bytecode> {
        &self.codes
    }

    /// Returns the hashes of ancestors.
    pub const fn block_hashes(&self) -> &BTreeMap<u64, B256> {
        &self.block_hashes
    }

    /// Returns the accounts that were changed by [`Self::change`].
    pub const fn changed(&self) -> &HashMap<Address, AccountInfo> {
        &self.changed
    }

    /// Changes nonce, balance or code hash of an account before the block, by a rule that is no transaction (EIP-779).
    pub fn change(&mut self, address: Address, info: AccountInfo) {
        self.changed.insert(address, info);
    }

    /// Returns the state root after a block.
    pub fn state_root(&self, bundle: &BundleState) -> Result<B256, WitnessError> {
        self.root_after(StateUpdate::from_bundle(bundle))
    }

    /// Returns the state root after changes.
    pub fn root_after(&self, mut update: StateUpdate) -> Result<B256, WitnessError> {
        for (address, info) in &self.changed {
            let account = Some(info.into());
            update.accounts.entry(keccak256(address)).or_insert(AccountUpdate {
                account,
                storage: StorageUpdate::default(),
                before: None,
            });
        }
        // A witness is small; what it takes to start threads is more than they save.
        let updated = update_root(&self.nodes, self.root, &update, std::num::NonZeroUsize::MIN);
        updated.map(|updated| updated.root).map_err(|source| WitnessError::Update { source: source.into() })
    }

    fn proved(&self, address: Address) -> Result<(B256, Option<TrieAccount>), WitnessError> {
        let hashed = keccak256(address);
        let account = read_account(&self.nodes, self.root, hashed)
            .map_err(|source| WitnessError::Account { address, source: source.into() })?;
        Ok((hashed, account))
    }
}

impl DatabaseRef for WitnessState {
    type Error = WitnessError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, WitnessError> {
        if let Some(info) = self.changed.get(&address) {
            return Ok(Some(info.clone()));
        }
        let (_, account) = self.proved(address)?;
        Ok(account.map(|account| AccountInfo {
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
            code: None,
            ..AccountInfo::default()
        }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, WitnessError> {
        if code_hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        self.codes.get(&code_hash).cloned().ok_or(WitnessError::Code(code_hash))
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, WitnessError> {
        let (hashed, Some(account)) = self.proved(address)? else { return Ok(U256::ZERO) };
        read_slot(&self.nodes, hashed, account.storage_root, hash_slot(slot))
            .map_err(|source| WitnessError::Slot { address, slot, source: source.into() })
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, WitnessError> {
        self.block_hashes.get(&number).copied().ok_or(WitnessError::BlockHash(number))
    }
}

/// Before EIP-3541 code could begin like a delegation (EIP-7702) without being one.
fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

#[cfg(test)]
mod tests;
