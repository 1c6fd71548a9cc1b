//! Takes blocks back.

use std::sync::Arc;

use super::{
    StateView, Store, Writer, blocks, changes,
    engine::{Table, WriteSet},
    flat, keys,
    values::StoredHead,
};
use crate::error::StateError;

impl Store {
    /// Makes an ancestor the head again, in one write. Returns nothing for the head itself.
    ///
    /// The blocks above leave the canonical chain; their headers and bodies stay, as those of side blocks. The
    /// ancestor must not be deeper than history is kept.
    pub fn unwind(&self, number: u64) -> Result<(), StateError> {
        let mut writer = self.writer.lock();
        let mut writes = WriteSet::default();
        let (head, _) = self.take_back(&mut writes, &writer, number)?;
        if head.number == writer.head.number {
            return Ok(());
        }
        self.write(&mut writer, head, writes).map(drop)
    }

    /// Puts what makes an ancestor the head; returns that head and the state after it.
    pub(super) fn take_back(
        &self,
        writes: &mut WriteSet,
        writer: &Writer,
        number: u64,
    ) -> Result<(StoredHead, StateView), StateError> {
        let (trie, view) = (self.trie()?, self.state());
        let snapshot = trie.snapshot();
        let Some(past) = changes::past(snapshot, number)? else { return Ok((writer.head, view)) };
        let tries = past.tries(&trie, self.config.threads)?;

        flat::put_state(writes, &view, &past.update)?;
        flat::put_tries(writes, snapshot, &tries)?;
        for number in number + 1..=writer.head.number {
            if let Some(hash) = blocks::canonical_hash(snapshot, number)? {
                writes.remove(Table::Receipts, &hash[..]);
            }
            writes.remove(Table::Canonical, keys::number(number));
            changes::remove(writes, snapshot, number)?;
        }
        let head = StoredHead { number, hash: past.block.hash, ..writer.head };
        Ok((head, view.over(past.block, Arc::new(past.update))))
    }
}
