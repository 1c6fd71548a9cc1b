//! Reads and writes headers, bodies, receipts and the canonical chain.

use alloy_consensus::Header;
use alloy_primitives::{B256, U256};
use alloy_rlp::Decodable;
use revm::bytecode::Bytecode;

use super::{
    BlockId, Body, Receipt, Store,
    engine::{Snapshot, Table, WriteSet},
    keys,
    values::{self, StoredHeader},
};
use crate::error::StateError;

impl Store {
    /// Reads the header of any block that was committed or inserted.
    pub fn header(&self, hash: B256) -> Result<Option<Header>, StateError> {
        header(&self.engine.snapshot(), hash)
    }

    /// Reads the sum of difficulties from genesis to a block.
    pub fn total_difficulty(&self, hash: B256) -> Result<Option<U256>, StateError> {
        Ok(stored_header(&self.engine.snapshot(), hash)?.map(|stored| stored.total_difficulty))
    }

    /// Reads the hash of the canonical block with this number.
    pub fn canonical_hash(&self, number: u64) -> Result<Option<B256>, StateError> {
        canonical_hash(&self.engine.snapshot(), number)
    }

    /// Reads the header of the canonical block with this number.
    pub fn header_by_number(&self, number: u64) -> Result<Option<Header>, StateError> {
        let snapshot = self.engine.snapshot();
        canonical_hash(&snapshot, number)?.map_or(Ok(None), |hash| header(&snapshot, hash))
    }

    /// Reads the body of any block that was committed or inserted.
    pub fn body(&self, hash: B256) -> Result<Option<Body>, StateError> {
        read(&self.engine.snapshot(), Table::Bodies, &hash[..])
    }

    /// Reads the receipts of a canonical block.
    pub fn receipts(&self, hash: B256) -> Result<Option<Vec<Receipt>>, StateError> {
        read(&self.engine.snapshot(), Table::Receipts, &hash[..])
    }

    /// Reads a code by its hash.
    pub fn code(&self, hash: B256) -> Result<Bytecode, StateError> {
        self.state().code(hash)
    }

    /// Adds a block of another branch, without receipts and state.
    pub fn insert_side_block(
        &self,
        hash: B256,
        header: &Header,
        body: &Body,
        total_difficulty: U256,
    ) -> Result<(), StateError> {
        let mut writes = WriteSet::default();
        put_block(&mut writes, hash, header, body, total_difficulty);
        let mut writer = self.writer.lock();
        let head = writer.head;
        self.write(&mut writer, head, writes).map(drop)
    }
}

pub(super) fn put_block(
    writes: &mut WriteSet,
    hash: B256,
    header: &Header,
    body: &Body,
    total_difficulty: U256,
) {
    let header = StoredHeader { total_difficulty, header: header.clone() };
    writes.put(Table::Headers, &hash[..], values::encode(&header));
    writes.put(Table::Bodies, &hash[..], values::encode(body));
}

pub(super) fn put_canonical(writes: &mut WriteSet, block: BlockId, receipts: &Vec<Receipt>) {
    writes.put(Table::Canonical, keys::number(block.number), &block.hash[..]);
    writes.put(Table::Receipts, &block.hash[..], values::encode(receipts));
}

pub(super) fn header(snapshot: &Snapshot, hash: B256) -> Result<Option<Header>, StateError> {
    Ok(stored_header(snapshot, hash)?.map(|stored| stored.header))
}

fn stored_header(snapshot: &Snapshot, hash: B256) -> Result<Option<StoredHeader>, StateError> {
    read(snapshot, Table::Headers, &hash[..])
}

pub(super) fn canonical_hash(snapshot: &Snapshot, number: u64) -> Result<Option<B256>, StateError> {
    let value = snapshot.get(Table::Canonical, &keys::number(number))?;
    let hash = value.map(|value| B256::try_from(&value[..]));
    hash.transpose().map_err(|_| snapshot.damaged(format!("hash of block {number} is no hash")))
}

fn read<T: Decodable>(snapshot: &Snapshot, table: Table, key: &[u8]) -> Result<Option<T>, StateError> {
    let Some(value) = snapshot.get(table, key)? else { return Ok(None) };
    let decoded = values::decode_exact(&value);
    decoded.map(Some).ok_or_else(|| snapshot.damaged(format!("a row of {table:?} cannot be decoded")))
}
