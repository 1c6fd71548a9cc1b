//! Takes blocks back.

use super::{
    Store, blocks, changes,
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
        let trie = self.trie()?;
        let snapshot = trie.snapshot();
        let Some(past) = changes::past(snapshot, number)? else { return Ok(()) };
        let tries = past.tries(&trie, self.config.threads)?;

        let mut writes = WriteSet::default();
        flat::put_state(&mut writes, &self.state(), &past.update)?;
        flat::put_tries(&mut writes, snapshot, &tries)?;
        for number in number + 1..=writer.head.number {
            if let Some(hash) = blocks::canonical_hash(snapshot, number)? {
                writes.remove(Table::Receipts, &hash[..]);
            }
            writes.remove(Table::Canonical, keys::number(number));
            changes::remove(&mut writes, snapshot, number)?;
        }
        let head = StoredHead { number, hash: past.block.hash, ..writer.head };
        self.write(&mut writer, head, writes).map(drop)
    }
}
