//! Which of a block's records count.
//!
//! A host that is restarted may write a block's record again (`repeated`), and one whose chain is reorganised writes that
//! a block left (`reverted`) and, if it comes back, a record anew. The one that stands at the end is final:
//!
//! - a repeated record is final only if none stands, or if it diverged where the one that stands did not;
//! - a reverted record takes away the last one that stands, unless that one diverged: no divergence is lost in a total.
//!
//! A run that executes the same block several times on purpose marks none of its records; all of them are final.

use crate::{BlockRecord, RecordLine, RecordReader, ReportDir, ReportError, Verdict};
use alloy_primitives::map::{B256Map, B256Set, HashSet};

/// Whether a record counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finality {
    /// It does.
    Final,
    /// Another one of the block counts, or none because the block left the chain.
    Superseded,
}

impl Finality {
    /// What a record seems to be before it is known what follows, and what came before.
    pub(crate) fn provisional(record: &BlockRecord) -> Self {
        let is_first = !record.reverted && (!record.repeated || record.verdict == Verdict::Diverged);
        if is_first { Self::Final } else { Self::Superseded }
    }
}

/// Blocks that have a record marked repeated or reverted, noted as records come. Its size depends on their number only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marked(B256Set);

/// Which lines of a file are final.
#[derive(Clone, Debug, Default)]
pub(crate) struct FinalLines {
    marked: B256Set,
    lines: HashSet<u64>,
}

/// A record that stands so far.
#[derive(Clone, Copy, Debug)]
struct Standing {
    line: u64,
    diverged: bool,
}

impl Marked {
    /// Takes note of a record.
    pub(crate) fn add(&mut self, record: &BlockRecord) {
        if record.repeated || record.reverted {
            self.0.insert(record.hash);
        }
    }

    /// Says whether every record is final.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a report's records again and decides which are final.
    ///
    /// # Errors
    /// What reading records may return.
    pub(crate) fn settle(&self, dir: &ReportDir) -> Result<FinalLines, ReportError> {
        if self.is_empty() {
            return Ok(FinalLines::default());
        }
        let mut standing: B256Map<Vec<Standing>> = B256Map::default();
        for line in RecordReader::open(dir)? {
            let line = line?;
            if self.0.contains(&line.record.hash) {
                follow(standing.entry(line.record.hash).or_default(), &line.record, line.line);
            }
        }
        let lines = standing.into_values().flatten().map(|record| record.line).collect();
        Ok(FinalLines { marked: self.0.clone(), lines })
    }
}

impl FinalLines {
    /// Says what the record on a line is.
    pub(crate) fn finality(&self, line: &RecordLine) -> Finality {
        let is_final = !self.marked.contains(&line.record.hash) || self.lines.contains(&line.line);
        if is_final { Finality::Final } else { Finality::Superseded }
    }
}

/// Changes which records of a block stand.
fn follow(standing: &mut Vec<Standing>, record: &BlockRecord, line: u64) {
    let next = Standing { line, diverged: record.verdict == Verdict::Diverged };
    if record.reverted {
        if standing.last().is_some_and(|last| !last.diverged) {
            standing.pop();
        }
        return;
    }
    match standing.last_mut() {
        Some(last) if record.repeated => {
            if next.diverged && !last.diverged {
                *last = next;
            }
        }
        _ => standing.push(next),
    }
}
