//! Writes a state down that is held as a witness.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use revm::state::AccountInfo;
use serde::{Deserialize, Serialize};
use tandem_corpus::{Absent, PlainState};
use tandem_state::WitnessState;

use super::{AccountEvidence, EvidenceError, Evident, StateEvidence};

/// What proves a state that is held as a witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessEvidence {
    /// The state's root.
    pub root: B256,
    /// RLP of trie nodes.
    pub nodes: Vec<Bytes>,
}

impl WitnessEvidence {
    /// Rebuilds the state with its codes, block hashes and changed accounts.
    pub(super) fn state(&self, rest: &StateEvidence) -> Result<WitnessState, EvidenceError> {
        let codes = rest.contracts.values().cloned();
        let mut state =
            WitnessState::new(self.root, self.nodes.iter().cloned(), codes, rest.block_hashes.clone())
                .map_err(|error| EvidenceError::field("witness.nodes", "the root's node", error))?;
        for (address, account) in &rest.accounts {
            let AccountEvidence { balance, nonce, code_hash, .. } = *account;
            let info = AccountInfo { balance, nonce, code_hash, code: None, ..AccountInfo::default() };
            state.change(*address, info);
        }
        Ok(state)
    }
}

impl Evident for PlainState {
    fn evidence(&self) -> (StateEvidence, Option<WitnessEvidence>) {
        (StateEvidence::of(self), None)
    }
}

impl Evident for WitnessState {
    fn evidence(&self) -> (StateEvidence, Option<WitnessEvidence>) {
        let accounts = self.changed().iter().map(|(address, info)| {
            let AccountInfo { balance, nonce, code_hash, .. } = *info;
            (*address, AccountEvidence { balance, nonce, code_hash, storage: BTreeMap::new() })
        });
        let state = StateEvidence {
            absent: Absent::Unknown.into(),
            accounts: accounts.collect(),
            contracts: self.codes().iter().map(|(hash, code)| (*hash, code.original_bytes())).collect(),
            block_hashes: self.block_hashes().clone(),
        };
        let mut nodes: Vec<Bytes> = self.nodes().cloned().collect();
        nodes.sort_unstable();
        (state, Some(WitnessEvidence { root: self.root(), nodes }))
    }
}
