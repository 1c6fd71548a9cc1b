//! Writes executed blocks.

use std::{borrow::Borrow, sync::Arc};

use super::{
    BlockId, ExecutedBlock, StateView, Store, Writer, blocks, changes, engine::WriteSet, flat,
    values::StoredHead,
};
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
    pub fn commit<B: Borrow<ExecutedBlock>>(&self, blocks: &[B]) -> Result<WriteSize, StateError> {
        let mut writer = self.writer.lock();
        let mut writes = WriteSet::default();
        let head = self.append(&mut writes, &writer, writer.head, self.state(), blocks)?;
        self.write(&mut writer, head, writes)
    }

    /// Makes an ancestor the head and writes blocks that follow it, in one write; see [`unwind`](Self::unwind) and
    /// [`commit`](Self::commit).
    pub fn reorg<B: Borrow<ExecutedBlock>>(
        &self,
        number: u64,
        blocks: &[B],
    ) -> Result<WriteSize, StateError> {
        let mut writer = self.writer.lock();
        let mut writes = WriteSet::default();
        let (head, view) = self.take_back(&mut writes, &writer, number)?;
        let head = self.append(&mut writes, &writer, head, view, blocks)?;
        self.write(&mut writer, head, writes)
    }

    /// Puts blocks that follow a head; `view` is the state after it.
    fn append<B: Borrow<ExecutedBlock>>(
        &self,
        writes: &mut WriteSet,
        writer: &Writer,
        mut head: StoredHead,
        mut view: StateView,
        blocks: &[B],
    ) -> Result<StoredHead, StateError> {
        let snapshot = view.snapshot.clone();
        for block in blocks.iter().map(Borrow::borrow) {
            let id = block.follow(&head)?;
            changes::put(writes, &view, id.number, &block.update, &block.trie.before)?;
            flat::put_state(writes, &view, &block.update)?;
            flat::put_tries(writes, &snapshot, &block.trie)?;
            blocks::put_block(writes, id.hash, &block.header, &block.body, block.total_difficulty);
            blocks::put_canonical(writes, id, &block.receipts);
            view = view.over(id, Arc::clone(&block.update));
            head = StoredHead { number: id.number, hash: id.hash, ..head };
            while head.number - head.oldest_state > self.config.history_blocks
                && head.oldest_state < writer.needed_state
            {
                head.oldest_state += 1;
                changes::remove(writes, &snapshot, head.oldest_state)?;
            }
        }
        Ok(head)
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
