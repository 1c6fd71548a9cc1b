//! Keeps the records of an import that nobody validates, as its chain moves.

use std::{collections::BTreeMap, path::Path};

use alloy_eips::BlockNumHash;
use alloy_primitives::map::B256Map;
use eyre::Result;
use tandem_chain::{Checked, Place, STATE_DEPTH};
use tandem_corpus::ChainSpec;
use tandem_exex::Standing;
use tandem_report::{BlockRecord, RecordReader, ReportDir};
use tandem_state::Store;

use super::record;
use crate::replay::{findings::Findings, judged::Judged, results::Results};

/// Numbers below the highest of which earlier records are looked at: more than a write has blocks, and a reorg.
const REMEMBERED: usize = 512;

/// The records of an import.
///
/// A block has one before it is on disk, so that whatever is there has one. Once another block has taken its place on disk,
/// it has a second one, which says that it left.
#[derive(Debug)]
pub(crate) struct Records {
    results: Results,
    standing: Standing,
    /// Records of blocks that are not on disk yet.
    waiting: Vec<BlockRecord>,
    /// Records of blocks beside the chain, which may join it (again).
    beside: B256Map<BlockRecord>,
}

impl Records {
    /// Goes on with the records of an earlier run. What is recorded and not on disk may come again where nothing is in its
    /// place; where another block is, a kill has come between, and it gets a record that says that it left.
    pub(crate) fn new(results: Results, report_dir: Option<&Path>, store: &Store) -> Result<Self> {
        let (waiting, beside) = Default::default();
        let mut records = Self { results, standing: Standing::default(), waiting, beside };
        let Some(dir) = report_dir else { return Ok(records) };
        let mut left = Vec::new();
        for (number, mut recorded) in latest(&ReportDir::new(dir))? {
            let stands = match store.canonical_hash(number)? {
                Some(canonical) => recorded.iter().position(|record| record.hash == canonical),
                None => recorded.len().checked_sub(1),
            };
            if let Some(stands) = stands {
                records.standing.remember(recorded.remove(stands));
            }
            for record in recorded {
                // What leads to no block of this chain is about another one, and nobody knows what became of it.
                let is_parent = |left: &BlockRecord| left.hash == record.parent;
                let parent = store.canonical_hash(number.saturating_sub(1))?;
                if parent == Some(record.parent) || left.iter().any(is_parent) {
                    left.push(record);
                }
            }
        }
        records.leave(left)?;
        Ok(records)
    }

    /// Returns where they went.
    pub(crate) fn into_results(self) -> Results {
        self.results
    }

    /// Takes a block in that is not on disk yet.
    pub(crate) fn checked(&mut self, spec: &ChainSpec, checked: &Checked<'_>) -> Result<()> {
        let record = record::checked(spec, checked);
        if checked.at == Place::Side {
            self.beside.insert(record.hash, record);
            return Ok(());
        }
        let mut joining = vec![record];
        while let Some(parent) = joining.last().and_then(|record| self.beside.remove(&record.parent)) {
            joining.push(parent);
        }
        for record in joining.into_iter().rev() {
            let repeated = self.standing.record_of(id(&record)).is_some();
            let record = BlockRecord { repeated, ..record };
            metrics::counter!("tandem_blocks_total", "verdict" => "match").increment(1);
            self.results.judged(Judged::new(record.clone()))?;
            self.waiting.push(record);
        }
        Ok(())
    }

    /// Takes note that all of them are on disk now, and of what they took the place of.
    pub(crate) fn committed(&mut self) -> Result<()> {
        let Some(head) = self.waiting.last().map(|record| record.number) else { return Ok(()) };
        for record in std::mem::take(&mut self.waiting) {
            let overtaken = self.standing.overtaken_by(id(&record));
            // Of another chain, which the directory is about too, nothing left.
            if overtaken.first().is_some_and(|first| first.parent == record.parent) {
                self.leave(overtaken)?;
            }
            self.standing.remember(record);
        }
        self.beside.retain(|_, record| record.number + STATE_DEPTH >= head);
        Ok(())
    }

    /// Writes that blocks left the chain.
    fn leave(&mut self, left: Vec<BlockRecord>) -> Result<()> {
        for record in left {
            metrics::counter!("tandem_reverted_blocks_total").increment(1);
            let left = BlockRecord { reverted: true, repeated: false, ..record.clone() };
            self.results.judged(Judged::new(left.clone()))?;
            self.standing.remember(left);
            self.beside.insert(record.hash, record);
        }
        Ok(())
    }
}

fn id(record: &BlockRecord) -> BlockNumHash {
    BlockNumHash::new(record.number, record.hash)
}

/// Reads the latest records of a report that none takes back, by number.
fn latest(dir: &ReportDir) -> Result<BTreeMap<u64, Vec<BlockRecord>>> {
    let mut latest = BTreeMap::<u64, Vec<_>>::new();
    if !dir.blocks().exists() {
        return Ok(latest);
    }
    for line in RecordReader::open(dir)? {
        let record = line?.record;
        let recorded = latest.entry(record.number).or_default();
        recorded.retain(|earlier: &BlockRecord| earlier.hash != record.hash);
        if !record.reverted {
            recorded.push(record);
        }
        if latest.len() > REMEMBERED {
            latest.pop_first();
        }
    }
    Ok(latest)
}
