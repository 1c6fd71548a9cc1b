//! The records that were read so far.

use crate::{BlockRecord, Contradiction, ReportError};
use alloy_primitives::{
    keccak256,
    map::{HashMap, HashSet},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Sixteen bytes of a hash, which no two of any number of records share by chance.
type Digest = [u8; 16];

/// Two reports that have records of the same blocks, and agree on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The report whose records count.
    pub first: PathBuf,
    /// The one whose records of these blocks were left out.
    pub second: PathBuf,
    /// How many.
    pub records: u64,
    /// Smallest number of such a block.
    pub number_min: u64,
    /// Greatest number of such a block.
    pub number_max: u64,
}

/// The records read so far, as hashes: some 120 bytes each.
#[derive(Debug, Default)]
pub(super) struct SeenRecords {
    files: Vec<PathBuf>,
    /// Lines, each with how often its file had it before, and the file.
    contents: HashMap<(Digest, u32), u32>,
    /// How often the file that is being read has had each line that it had before.
    occurrences: HashMap<Digest, u32>,
    lines: HashSet<Digest>,
    blocks: HashMap<Digest, First>,
    overlaps: BTreeMap<(usize, usize), Overlap>,
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: u64,
}

/// The first record of a block.
#[derive(Clone, Copy, Debug)]
struct First {
    place: Place,
    findings: Digest,
}

/// What is known of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is the first of its kind.
    First,
    /// An equal one was read.
    Before,
    /// Another report has one that found the same.
    Alike,
}

impl SeenRecords {
    pub(super) fn add_file(&mut self, path: &Path) -> usize {
        self.files.push(path.to_owned());
        self.occurrences.clear();
        self.lines.clear();
        self.files.len() - 1
    }

    /// Takes note of a record.
    ///
    /// One report may have several records of a block, even equal ones: its run executed the block several times and
    /// knows why. So may records marked repeated or reverted. Otherwise two reports must have found the same.
    pub(super) fn insert(
        &mut self,
        record: &BlockRecord,
        text: &str,
        place: Place,
    ) -> Result<Seen, ReportError> {
        let line = digest(text.as_bytes());
        let occurrence = self.occurrence(line);
        let file = place.file as u32;
        if let Some(first) = self.contents.insert((line, occurrence), file) {
            self.contents.insert((line, occurrence), first);
            self.overlap(first as usize, place.file, record.number);
            return Ok(Seen::Before);
        }
        if record.repeated || record.reverted {
            return Ok(Seen::First);
        }
        let findings = findings(record);
        let block = digest(&[record.hash.as_slice(), record.source.as_bytes()].concat());
        let first = *self.blocks.entry(block).or_insert(First { place, findings });
        if first.place.file == place.file {
            return Ok(Seen::First);
        }
        if first.findings == findings {
            self.overlap(first.place.file, place.file, record.number);
            return Ok(Seen::Alike);
        }
        Err(ReportError::Contradiction(Box::new(Contradiction {
            number: record.number,
            hash: record.hash,
            block_source: record.source.clone(),
            first: self.files[first.place.file].clone(),
            first_line: first.place.line,
            second: self.files[place.file].clone(),
            second_line: place.line,
        })))
    }

    /// Returns which reports have records of the same blocks.
    pub(super) fn into_overlaps(self) -> Vec<Overlap> {
        self.overlaps.into_values().collect()
    }

    /// Says how often the file that is being read had a line before.
    fn occurrence(&mut self, line: Digest) -> u32 {
        if self.lines.insert(line) {
            return 0;
        }
        let occurrence = self.occurrences.entry(line).or_default();
        *occurrence += 1;
        *occurrence
    }

    fn overlap(&mut self, first: usize, second: usize, number: u64) {
        // The same directory, given twice.
        if self.files[first] == self.files[second] {
            return;
        }
        let overlap = self.overlaps.entry((first, second)).or_insert_with(|| Overlap {
            first: self.files[first].clone(),
            second: self.files[second].clone(),
            records: 0,
            number_min: number,
            number_max: number,
        });
        overlap.records += 1;
        overlap.number_min = overlap.number_min.min(number);
        overlap.number_max = overlap.number_max.max(number);
    }
}

impl std::fmt::Display for Overlap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, second, records, number_min, number_max } = self;
        let plural = if *records == 1 { "" } else { "s" };
        write!(f, "{} has {records} record{plural} ", second.display())?;
        write!(f, "(blocks {number_min} to {number_max}) that {} has too; those count once", first.display())
    }
}

fn digest(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&keccak256(bytes)[..16]);
    digest
}

/// Digests what a record found out about its block: all that another execution of it must find too.
///
/// Times, threads and what speculation met are left out, and where evidence is.
fn findings(record: &BlockRecord) -> Digest {
    let difference = record.divergence.as_ref().map(|divergence| (&divergence.what, divergence.tx));
    let found = (
        (record.number, &record.parent, &record.fork, record.txs, record.gas_used),
        (&record.verdict, &record.checks, &record.state_root, &record.receipts_root, difference),
    );
    digest(&serde_json::to_vec(&found).expect("findings have only strings, numbers and lists of them"))
}
