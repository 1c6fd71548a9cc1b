//! Puts updates of state and tries into a set of writes.

use super::{
    engine::{Snapshot, Table, WriteSet},
    keys, values,
    view::StateView,
};
use crate::{
    error::StateError,
    trie::{NodeChanges, TrieOwner, TrieUpdate},
    update::{StateUpdate, StorageBase},
};

/// Puts the new values of a state. `parent` is the state before, to find the slots of wiped storages.
pub(super) fn put_state(
    writes: &mut WriteSet,
    parent: &StateView,
    update: &StateUpdate,
) -> Result<(), StateError> {
    for (address, change) in &update.accounts {
        match &change.account {
            Some(account) => writes.put(Table::Accounts, &address[..], values::encode_account(account)),
            None => writes.remove(Table::Accounts, &address[..]),
        }
        if change.storage.base == StorageBase::Wiped {
            for slot in parent.storage(*address)?.into_keys() {
                writes.remove(Table::Slots, keys::slot(*address, slot));
            }
        }
        for (slot, value) in &change.storage.slots {
            let key = keys::slot(*address, *slot);
            if value.is_zero() {
                writes.remove(Table::Slots, key);
            } else {
                writes.put(Table::Slots, key, values::encode_slot(*value));
            }
        }
    }
    for (hash, code) in &update.codes {
        writes.put(Table::Codes, &hash[..], code.original_byte_slice());
    }
    Ok(())
}

/// Puts the new nodes of all tries. `snapshot` is what is stored, below what was put before.
pub(super) fn put_tries(
    writes: &mut WriteSet,
    snapshot: &Snapshot,
    update: &TrieUpdate,
) -> Result<(), StateError> {
    put_nodes(writes, TrieOwner::Accounts, &update.accounts);
    for (address, storage) in &update.storages {
        let owner = TrieOwner::Storage(*address);
        if storage.base == StorageBase::Wiped {
            let prefix = keys::trie(owner);
            writes.remove_prefix(Table::Nodes, &prefix);
            for entry in snapshot.prefix(Table::Nodes, &prefix) {
                writes.remove(Table::Nodes, &entry?.0[..]);
            }
        }
        put_nodes(writes, owner, &storage.nodes);
    }
    Ok(())
}

fn put_nodes(writes: &mut WriteSet, owner: TrieOwner, nodes: &NodeChanges) {
    for (path, node) in nodes {
        let key = keys::node(owner, path);
        match node {
            Some(node) => writes.put(Table::Nodes, key, &node[..]),
            None => writes.remove(Table::Nodes, key),
        }
    }
}
