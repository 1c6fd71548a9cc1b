//! Computes what a header commits to, and holds an executed block against it.

use std::{num::NonZero, sync::Arc};

use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, keccak256};
use revm::{
    DatabaseRef,
    state::{Account, EvmState},
};
use tandem_corpus::ChainSpec;
use tandem_state::{
    AccountUpdate, StateUpdate, StateView, StorageBase, StorageUpdate, TrieError, TrieUpdate, TrieView,
    update::hash_slot, update_root,
};

use crate::{
    error::ChainError,
    execute::{Commits, Executed},
    output::{CodePresence, ExecutionOutput, IntermediateRoots, PostState, validate_output},
};

/// Computes the state root after a block and validates everything that execution gave against the header.
///
/// `state` is the state after the block, `trie` that of its parent.
pub(crate) fn prove(
    spec: &ChainSpec,
    header: &Header,
    executed: &Executed,
    update: &StateUpdate,
    (state, trie): (&StateView, &TrieView),
    threads: NonZero<usize>,
) -> Result<Arc<TrieUpdate>, ChainError> {
    let clears_empty = spec.is_spurious_dragon_active_at_block(header.number);
    let roots = match &executed.commits {
        Some(commits) => Some(intermediate_roots(trie, commits, clears_empty, threads)?),
        None => None,
    };
    let after = update_root(trie, trie.root(), update, threads)?;
    let output = ExecutionOutput {
        gas_used: executed.result.gas_used,
        blob_gas_used: executed.result.blob_gas_used,
        receipts: &executed.result.receipts,
        intermediate_roots: roots.as_deref().map_or(IntermediateRoots::Unknown, IntermediateRoots::Known),
        requests: &executed.result.requests,
        state_root: Some(after.root),
        post_state: Some(&After(state)),
        block_access_list_hash: executed.block_access_list_hash,
    };
    validate_output(spec, header, &output)?;
    Ok(Arc::new(after))
}

/// The state after a block, as rules look at it.
#[derive(Debug)]
struct After<'a>(&'a StateView);

impl PostState for After<'_> {
    fn code_of(&self, address: Address) -> CodePresence {
        match self.0.basic_ref(address) {
            Ok(Some(account)) if !account.is_empty_code_hash() => CodePresence::Present,
            Ok(_) => CodePresence::Absent,
            // A store that fails here fails the next read too, where it can be told.
            Err(_) => CodePresence::Unknown,
        }
    }
}

/// Returns the state root after each transaction (EIP-658 did away with them).
fn intermediate_roots(
    parent: &TrieView,
    commits: &Commits,
    clears_empty: bool,
    threads: NonZero<usize>,
) -> Result<Vec<B256>, TrieError> {
    let mut trie = parent.clone();
    let mut after = |commit| {
        let after = update_root(&trie, trie.root(), &transaction_update(commit, clears_empty), threads)?;
        let root = after.root;
        trie = trie.over(Arc::new(after));
        Ok(root)
    };
    for commit in &commits.before {
        after(commit)?;
    }
    commits.transactions.iter().map(after).collect()
}

/// Returns what one transaction changed; EIP-161 removes accounts that it left empty.
fn transaction_update(commit: &EvmState, clears_empty: bool) -> StateUpdate {
    let mut update = StateUpdate::default();
    for (address, account) in commit.iter().filter(|(_, account)| account.is_touched()) {
        let is_gone = account.is_selfdestructed() || (clears_empty && account.is_empty());
        let changed = if is_gone { AccountUpdate::removed() } else { account_update(account) };
        update.accounts.insert(keccak256(address), changed);
    }
    update
}

fn account_update(account: &Account) -> AccountUpdate {
    let slots = account.changed_storage_slots();
    let slots = slots.map(|(slot, value)| (hash_slot(*slot), value.present_value)).collect();
    let base = if account.is_created() { StorageBase::Wiped } else { StorageBase::Kept };
    AccountUpdate::new((&account.info).into(), StorageUpdate { base, slots, ..StorageUpdate::default() })
}
