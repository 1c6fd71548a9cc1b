//! Computes the state root from everything that is stored, without the tries.

use alloy_primitives::B256;
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount};

use super::{
    Store, blocks,
    engine::{Snapshot, Table},
    open::read_head,
    values,
};
use crate::error::StateError;

impl Store {
    /// Computes the head's state root from all accounts and slots.
    ///
    /// Shares nothing with the incremental root but the flat state; memory does not grow with the state.
    pub fn recompute_root(&self) -> Result<B256, StateError> {
        recompute(&self.engine.snapshot())
    }

    /// Reads everything, so that damage is found wherever it is, and compares the head's state root with the state.
    pub fn check(&self) -> Result<(), StateError> {
        let snapshot = self.engine.snapshot();
        let head = read_head(&snapshot)?;
        for table in Table::ALL {
            for entry in snapshot.prefix(table, &[]) {
                entry?;
            }
        }
        let header = blocks::header(&snapshot, head.hash)?.ok_or(StateError::NoBlock(head.hash))?;
        let got = recompute(&snapshot)?;
        if got != header.state_root {
            return Err(StateError::StateRoot { number: head.number, got, expected: header.state_root });
        }
        Ok(())
    }
}

fn recompute(snapshot: &Snapshot) -> Result<B256, StateError> {
    let mut slots = snapshot.prefix(Table::Slots, &[]).peekable();
    let mut builder = HashBuilder::default();
    for entry in snapshot.prefix(Table::Accounts, &[]) {
        let (address, value) = entry?;
        let account =
            values::decode_account(&value).ok_or_else(|| snapshot.damaged("an account cannot be decoded"))?;
        let mut storage: Option<HashBuilder> = None;
        while let Some(entry) =
            slots.next_if(|entry| entry.as_ref().map_or(true, |(key, _)| key[..32] <= address[..]))
        {
            let (key, value) = entry?;
            if key[..32] != address[..] {
                return Err(snapshot.damaged("a slot has no account"));
            }
            let value =
                values::decode_slot(&value).ok_or_else(|| snapshot.damaged("a slot cannot be decoded"))?;
            let builder = storage.get_or_insert_default();
            builder.add_leaf(Nibbles::unpack(&key[32..]), &alloy_rlp::encode_fixed_size(&value));
        }
        let storage_root = storage.map_or(EMPTY_ROOT_HASH, |mut storage| storage.root());
        let leaf = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root,
            code_hash: account.code_hash,
        };
        builder.add_leaf(Nibbles::unpack(&address[..]), &alloy_rlp::encode(leaf));
    }
    if let Some(entry) = slots.next() {
        entry?;
        return Err(snapshot.damaged("a slot has no account"));
    }
    Ok(builder.root())
}
