//! Writes executed blocks.

use std::sync::Arc;

use super::{BlockId, ExecutedBlock, Store, blocks, changes, engine::WriteSet, flat, values::StoredHead};
use crate::error::StateError;

/// How much one write wrote, before the engine arranges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteSize {
    /// Keys set or removed.
    pub keys: usize,
    /// Bytes of keys and values.
    pub bytes: usize,
}

impl Store {
    /// Writes blocks that follow the head, all or none; the last one is the new head.
    ///
    /// They are on disk when this returns. After an error of the disk or the engine, writes fail until the store is
    /// opened anew; the blocks may then be there, all of them, or not.
    pub fn commit(&self, blocks: &[ExecutedBlock]) -> Result<WriteSize, StateError> {
        let mut writer = self.writer.lock();
        let mut head = writer.head;
        let mut view = self.state();
        let snapshot = view.snapshot.clone();
        let mut writes = WriteSet::default();
        for block in blocks {
            let id = block.follow(&head)?;
            changes::put(&mut writes, &view, id.number, &block.update)?;
            flat::put_state(&mut writes, &view, &block.update)?;
            flat::put_tries(&mut writes, &snapshot, &block.trie)?;
            blocks::put_block(&mut writes, id.hash, &block.header, &block.body, block.total_difficulty);
            blocks::put_canonical(&mut writes, id, &block.receipts);
            view = view.over(id, Arc::clone(&block.update));
            head = StoredHead { number: id.number, hash: id.hash, ..head };
            while head.number - head.oldest_state > self.config.history_blocks {
                head.oldest_state += 1;
                changes::remove(&mut writes, &snapshot, head.oldest_state)?;
            }
        }
        self.write(&mut writer, head, writes)
    }
}

impl ExecutedBlock {
    /// Checks that this block may be written on a head.
    fn follow(&self, head: &StoredHead) -> Result<BlockId, StateError> {
        let number = self.header.number;
        if self.header.parent_hash != head.hash || number != head.number + 1 {
            return Err(StateError::NotNext {
                number,
                parent: self.header.parent_hash,
                head_number: head.number,
                head: head.hash,
            });
        }
        if self.trie.root != self.header.state_root {
            return Err(StateError::StateRoot {
                number,
                got: self.trie.root,
                expected: self.header.state_root,
            });
        }
        Ok(BlockId { number, hash: self.hash })
    }
}
