//! Writes a state down.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use revm::state::AccountInfo;
use serde::{Deserialize, Serialize};
use tandem_corpus::{Absent, PlainAccount, PlainState};

use super::EvidenceError;

/// A state before a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateEvidence {
    /// What an account that is not here means.
    pub absent: AbsentEvidence,
    /// Accounts by address.
    pub accounts: BTreeMap<Address, AccountEvidence>,
    /// Code by hash.
    pub contracts: BTreeMap<B256, Bytes>,
    /// Block hashes by number.
    pub block_hashes: BTreeMap<u64, B256>,
}

/// What an account that is not in a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsentEvidence {
    /// It does not exist.
    Empty,
    /// It is not known; reading it is an error.
    Unknown,
    /// It is presumed not to exist.
    Presumed,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEvidence {
    /// Balance in wei.
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Hash of the code.
    pub code_hash: B256,
    /// Value by slot; zero slots are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<U256, U256>,
}

impl StateEvidence {
    /// Writes a state down, all of it.
    pub fn of(state: &PlainState) -> Self {
        let mut contracts: BTreeMap<B256, Bytes> =
            state.contracts.iter().map(|(hash, code)| (*hash, code.original_bytes())).collect();
        for account in state.accounts.values() {
            if let Some(code) = account.info.code.as_ref().filter(|code| !code.is_empty()) {
                contracts.entry(account.info.code_hash).or_insert_with(|| code.original_bytes());
            }
        }
        let accounts = state.accounts.iter().map(|(address, account)| (*address, account.into())).collect();
        Self { absent: state.absent.into(), accounts, contracts, block_hashes: state.block_hashes.clone() }
    }

    /// Rebuilds the state.
    pub fn state(&self) -> Result<PlainState, EvidenceError> {
        let mut state = PlainState {
            absent: self.absent.into(),
            block_hashes: self.block_hashes.clone(),
            ..PlainState::default()
        };
        for (hash, code) in &self.contracts {
            let is = state.insert_code(code.clone());
            if is != *hash {
                return Err(EvidenceError::field(format!("state.contracts.{hash}"), "code of that hash", is));
            }
        }
        for (address, account) in &self.accounts {
            let hash = account.code_hash;
            let known = hash == KECCAK256_EMPTY || hash.is_zero() || state.contracts.contains_key(&hash);
            if !known && state.absent == Absent::Empty {
                let field = format!("state.accounts.{address}.code_hash");
                return Err(EvidenceError::field(field, "the hash of code in state.contracts", hash));
            }
            state.accounts.insert(*address, account.into());
        }
        Ok(state)
    }
}

impl From<&PlainAccount> for AccountEvidence {
    fn from(account: &PlainAccount) -> Self {
        Self {
            balance: account.info.balance,
            nonce: account.info.nonce,
            code_hash: account.info.code_hash,
            storage: account.storage.iter().map(|(slot, value)| (*slot, *value)).collect(),
        }
    }
}

impl From<&AccountEvidence> for PlainAccount {
    fn from(account: &AccountEvidence) -> Self {
        let AccountEvidence { balance, nonce, code_hash, ref storage } = *account;
        let info = AccountInfo { balance, nonce, code_hash, code: None, ..AccountInfo::default() };
        Self { info, storage: storage.iter().map(|(slot, value)| (*slot, *value)).collect() }
    }
}

impl From<Absent> for AbsentEvidence {
    fn from(absent: Absent) -> Self {
        match absent {
            Absent::Empty => Self::Empty,
            Absent::Unknown => Self::Unknown,
            Absent::Presumed => Self::Presumed,
        }
    }
}

impl From<AbsentEvidence> for Absent {
    fn from(absent: AbsentEvidence) -> Self {
        match absent {
            AbsentEvidence::Empty => Self::Empty,
            AbsentEvidence::Unknown => Self::Unknown,
            AbsentEvidence::Presumed => Self::Presumed,
        }
    }
}
