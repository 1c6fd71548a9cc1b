//! Remembers the latest records whose blocks have not left the chain.

use std::collections::BTreeMap;

use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use tandem_report::BlockRecord;

/// How many are remembered: more than the deepest reorg that is told of with what was found out before, and more than a
/// host may have recorded and not yet written.
const REMEMBERED: usize = 512;

/// The latest records that stand, by number.
#[derive(Debug, Default)]
pub struct Standing(BTreeMap<u64, BlockRecord>);

impl Standing {
    /// Takes note of a record that was written: it stands, or it takes away the one of its block.
    pub fn remember(&mut self, record: BlockRecord) {
        let block = BlockNumHash::new(record.number, record.hash);
        if !record.reverted {
            self.0.insert(record.number, record);
        } else if self.record_of(block).is_some() {
            self.0.remove(&block.number);
        }
        if self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
    }

    /// Returns the record of a block, if it has one and has not left the chain.
    pub fn record_of(&self, block: BlockNumHash) -> Option<&BlockRecord> {
        self.0.get(&block.number).filter(|record| record.hash == block.hash)
    }

    /// Returns the records that cannot stand beside a block: of another one of its number, and of all above that.
    pub fn overtaken_by(&self, block: BlockNumHash) -> Vec<BlockRecord> {
        match self.0.get(&block.number) {
            Some(record) if record.hash != block.hash => {
                self.0.range(block.number..).map(|(_, record)| record.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the records that are remembered, the highest first.
    pub fn latest(&self) -> impl Iterator<Item = &BlockRecord> {
        self.0.values().rev()
    }

    /// Finds the records whose blocks are no longer canonical, the lowest first; `canonical` knows the hash of a number.
    ///
    /// Where another block has taken a recorded one's place, all above it left too. Where there is no block of a number,
    /// and nothing below says that the chain has moved, the host lost some, which may come again.
    pub fn left<E>(
        &self,
        mut canonical: impl FnMut(u64) -> Result<Option<B256>, E>,
    ) -> Result<Vec<BlockRecord>, E> {
        let (mut above, mut left) = (Vec::new(), Vec::new());
        for record in self.latest() {
            match canonical(record.number)? {
                Some(hash) if hash == record.hash => break,
                Some(_) => {
                    left.append(&mut above);
                    left.push(record.clone());
                }
                None => above.push(record.clone()),
            }
        }
        left.reverse();
        Ok(left)
    }
}
