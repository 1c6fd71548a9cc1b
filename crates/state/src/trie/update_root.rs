//! Computes a state root from the one before and what changed.

use std::num::NonZeroUsize;

use alloy_primitives::{B256, U256, map::B256Map};
use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY, TrieAccount};

use super::{
    Before, NodeChanges, NodeSource, PartialTrie, StorageNodes, TrieError, TrieOwner, TrieUpdate, parallel,
    read,
};
use crate::update::{Account, AccountUpdate, StateUpdate, StorageBase, StorageUpdate};

/// From this many changes on a trie is divided below its root, so that several threads can work on it.
const SPLIT_MIN: usize = 64;

/// Applies a block's changes to the state with root `parent_root` and returns the new root and all changed nodes.
///
/// Storage tries are computed side by side, large ones and the account trie by first nibble, on up to `threads`
/// threads, the calling one included. The cost follows the number of changes; the result does not depend on `threads`.
///
/// In every trie the insertions are made before the removals, as geth does, so that a witness need not hold the
/// sibling of a removed leaf unless that leaf's branch really falls to one child.
pub fn update_root<S: NodeSource + Sync>(
    source: &S,
    parent_root: B256,
    update: &StateUpdate,
    threads: NonZeroUsize,
) -> Result<TrieUpdate, TrieError> {
    if update.accounts.is_empty() {
        return Ok(TrieUpdate { root: parent_root, ..TrieUpdate::default() });
    }
    let accounts = source.take(TrieOwner::Accounts, parent_root);
    let parts = Part::divide(accounts, sorted(&update.accounts), source)?;
    let read = parallel::map(threads, parts, |part| part.read_storage_roots(source, parent_root));
    let read = read.into_iter().collect::<Result<Vec<_>, _>>()?;

    let accounts = read.iter().flat_map(|part| &part.changes);
    let accounts = accounts.map(|(key, (_, old))| (*key, old.map(|old| account_of(&old)))).collect();
    let (storages, slots) = update_storages(source, &read, threads)?;
    let before = Before { accounts, slots };
    let written = parallel::map(threads, read, |part| part.write_accounts(source, &storages));
    let (root, accounts) = join(written, source)?;
    let storages = storages.into_iter().filter_map(|(owner, storage)| Some((owner, storage.nodes?)));
    Ok(TrieUpdate { root, accounts, storages: storages.collect(), before })
}

/// A part of a trie, with the changes that fall into it in the order of their keys.
struct Part<C> {
    trie: PartialTrie,
    changes: Vec<(B256, C)>,
}

impl<C> Part<C> {
    /// Divides a trie and its sorted changes, if there are enough of them.
    fn divide(
        trie: PartialTrie,
        changes: Vec<(B256, C)>,
        source: &impl NodeSource,
    ) -> Result<Vec<Self>, TrieError> {
        if changes.len() < SPLIT_MIN {
            return Ok(vec![Self { trie, changes }]);
        }
        let tries = trie.split(source)?;
        let mut parts: Vec<_> = tries.into_iter().map(|trie| Self { trie, changes: Vec::new() }).collect();
        if let [whole] = &mut parts[..] {
            whole.changes = changes;
            return Ok(parts);
        }
        for (key, change) in changes {
            parts[usize::from(key[0] >> 4)].changes.push((key, change));
        }
        Ok(parts)
    }
}

/// A change of an account with what it was.
type AccountChange<'a> = (&'a AccountUpdate, Option<TrieAccount>);

fn storage_root(account: &Option<TrieAccount>) -> B256 {
    account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root)
}

const fn account_of(account: &TrieAccount) -> Account {
    Account { nonce: account.nonce, balance: account.balance, code_hash: account.code_hash }
}

impl<'a> Part<&'a AccountUpdate> {
    fn read_storage_roots(
        mut self,
        source: &impl NodeSource,
        state_root: B256,
    ) -> Result<Part<AccountChange<'a>>, TrieError> {
        let mut changes = Vec::with_capacity(self.changes.len());
        for (key, update) in self.changes {
            // An account without code has no storage as a rule, so that all of its leaf is known.
            let guess = update.before.filter(|before| before.code_hash == KECCAK_EMPTY);
            let guess = guess.map(|before| account_leaf(&before, EMPTY_ROOT_HASH));
            let leaf = self.trie.load_guessed(&key, guess.as_deref(), source)?;
            let account = leaf.map(|leaf| read::decode_account(leaf, state_root, &key)).transpose()?;
            changes.push((key, (update, account)));
        }
        Ok(Part { trie: self.trie, changes })
    }
}

impl Part<AccountChange<'_>> {
    fn write_accounts(
        mut self,
        source: &impl NodeSource,
        storages: &B256Map<NewStorage>,
    ) -> Result<PartialTrie, TrieError> {
        for (key, (update, old)) in &self.changes {
            let Some(account) = update.account else { continue };
            let storage_root = storages.get(key).map_or_else(|| storage_root(old), |storage| storage.root);
            self.trie.insert(key, account_leaf(&account, storage_root), source)?;
        }
        for (key, (update, _)) in &self.changes {
            if update.account.is_none() {
                self.trie.remove(key, source)?;
            }
        }
        self.trie.seal();
        Ok(self.trie)
    }
}

fn account_leaf(account: &Account, storage_root: B256) -> Vec<u8> {
    let Account { nonce, balance, code_hash } = *account;
    alloy_rlp::encode(TrieAccount { nonce, balance, storage_root, code_hash })
}

/// A slot's new value, and what was there before, if that is known.
type SlotChange = (U256, Option<U256>);

impl Part<SlotChange> {
    /// Returns the trie, and the values of before.
    fn write_slots(
        mut self,
        source: &impl NodeSource,
    ) -> Result<(PartialTrie, Vec<(B256, U256)>), TrieError> {
        let (owner, mut old) = (self.trie.owner(), Vec::with_capacity(self.changes.len()));
        for (key, (value, before)) in &self.changes {
            let guess = before.map(|before| alloy_rlp::encode_fixed_size(&before));
            let leaf = self.trie.load_guessed(key, guess.as_deref(), source)?;
            old.push((
                *key,
                leaf.map_or(Ok(U256::ZERO), |leaf| read::decode_slot(leaf, owner, B256::ZERO, key))?,
            ));
            if !value.is_zero() {
                self.trie.insert(key, alloy_rlp::encode(value), source)?;
            }
        }
        for (key, (value, _)) in &self.changes {
            if value.is_zero() {
                self.trie.remove(key, source)?;
            }
        }
        self.trie.seal();
        Ok((self.trie, old))
    }
}

/// A storage after the block.
struct NewStorage {
    root: B256,
    /// None where no node changed.
    nodes: Option<StorageNodes>,
}

/// Computes all storages that changed.
fn update_storages<S: NodeSource + Sync>(
    source: &S,
    accounts: &[Part<AccountChange<'_>>],
    threads: NonZeroUsize,
) -> Result<(B256Map<NewStorage>, B256Map<B256Map<U256>>), TrieError> {
    let mut bases = Vec::new();
    let mut jobs = Vec::new();
    for (owner, (update, old)) in accounts.iter().flat_map(|part| &part.changes) {
        let StorageUpdate { base, slots, before } = &update.storage;
        let old_root = storage_root(old);
        // Nothing is there to be wiped where there was no storage.
        let base = if old_root == EMPTY_ROOT_HASH { StorageBase::Kept } else { *base };
        if base == StorageBase::Kept && slots.is_empty() {
            continue;
        }
        let start = if base == StorageBase::Wiped { EMPTY_ROOT_HASH } else { old_root };
        let trie = source.take(TrieOwner::Storage(*owner), start);
        let slots = sorted(slots).into_iter();
        let slots = slots.map(|(key, value)| (key, (*value, before.get(&key).copied()))).collect();
        let parts = Part::divide(trie, slots, source)?;
        jobs.extend(parts.into_iter().map(|part| (bases.len(), part)));
        bases.push((*owner, base));
    }
    let written = parallel::map(threads, jobs, |(index, part): (usize, Part<SlotChange>)| {
        Ok::<_, TrieError>((index, part.write_slots(source)?))
    });

    let mut parts: Vec<Vec<_>> = bases.iter().map(|_| Vec::new()).collect();
    let mut before: B256Map<B256Map<U256>> = B256Map::default();
    for result in written {
        let (index, (trie, old)) = result?;
        parts[index].push(Ok(trie));
        let (owner, base) = bases[index];
        if base == StorageBase::Kept {
            before.entry(owner).or_default().extend(old);
        }
    }
    let joined = bases.into_iter().zip(parts).map(|((owner, base), parts)| {
        let (root, nodes) = join(parts, source)?;
        let nodes = (base == StorageBase::Wiped || !nodes.is_empty()).then_some(StorageNodes { base, nodes });
        Ok((owner, NewStorage { root, nodes }))
    });
    Ok((joined.collect::<Result<_, TrieError>>()?, before))
}

fn join(
    parts: Vec<Result<PartialTrie, TrieError>>,
    source: &impl NodeSource,
) -> Result<(B256, NodeChanges), TrieError> {
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut trie = PartialTrie::join(parts, source)?;
    let (root, changes) = trie.take_changes();
    source.keep(trie);
    Ok((root, changes))
}

fn sorted<T>(changes: &B256Map<T>) -> Vec<(B256, &T)> {
    let mut changes: Vec<_> = changes.iter().map(|(key, change)| (*key, change)).collect();
    changes.sort_unstable_by_key(|(key, _)| *key);
    changes
}
