//! Remembers, across restarts, what was validated.
//!
//! The records are the truth: each is one write, so whatever was recorded before a kill is there after it. From them
//! follows where to go on. The position file says which chain the records are about, from which block on there are any,
//! and how far they reached, so that lost ones are noticed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy_eips::BlockNumHash;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use tandem_report::{BlockRecord, RecordReader, ReportDir};

use crate::{error::ExexError, standing::Standing};

/// Name of the position file in a report's directory.
pub(crate) const FILE: &str = "position.json";

/// Version of the position file.
const SCHEMA: u32 = 1;

/// Shortest time between two writes of the position.
const PERIOD: Duration = Duration::from_secs(1);

/// The position file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    schema: u32,
    /// Hash of the chain's block 0.
    genesis: B256,
    /// Number of the first block of which there is to be a record.
    first: u64,
    /// The last block that was recorded.
    number: u64,
    /// Its hash.
    hash: B256,
}

/// What was validated.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Option<PathBuf>,
    position: Position,
    saved: Instant,
    standing: Standing,
}

impl Journal {
    /// Reads what a report's directory says, or begins after the host's head.
    pub(crate) fn open(dir: Option<&Path>, genesis: B256, head: BlockNumHash) -> Result<Self, ExexError> {
        let BlockNumHash { number, hash } = head;
        let fresh = Position { schema: SCHEMA, genesis, first: number + 1, number, hash };
        let Some(dir) = dir else { return Ok(Self::new(None, fresh)) };
        let file = dir.join(FILE);
        let records = ReportDir::new(dir);
        let Some(position) = read(&file)? else {
            if records.blocks().exists() && RecordReader::open(&records)?.next().is_some() {
                return Err(ExexError::ForeignReport { path: dir.to_owned() });
            }
            fs::create_dir_all(dir).map_err(ExexError::io(dir, "create"))?;
            let journal = Self::new(Some(file), fresh);
            journal.save()?;
            return Ok(journal);
        };
        if position.genesis != genesis {
            return Err(ExexError::OtherChain { path: file, got: position.genesis, expected: genesis });
        }
        let mut journal = Self::new(Some(file), position);
        if records.blocks().exists() {
            for line in RecordReader::open(&records)? {
                journal.standing.remember(line?.record);
            }
        }
        if journal.last().is_none_or(|last| last.number < position.number)
            && position.number >= position.first
        {
            tracing::warn!(
                recorded = journal.last().map(|last| last.number),
                position = position.number,
                "records were lost; their blocks are validated again"
            );
        }
        Ok(journal)
    }

    fn new(file: Option<PathBuf>, position: Position) -> Self {
        Self { file, position, saved: Instant::now(), standing: Standing::default() }
    }

    /// Returns the first block of which there is to be a record.
    pub(crate) const fn first(&self) -> u64 {
        self.position.first
    }

    /// Returns the highest block with a record that has not left the chain.
    pub(crate) fn last(&self) -> Option<BlockNumHash> {
        self.standing.latest().next().map(|record| BlockNumHash::new(record.number, record.hash))
    }

    /// Returns the block up to which nothing is left to validate: the last one with a record, or the one before the first.
    pub(crate) fn finished(&self) -> Option<BlockNumHash> {
        let Position { first, number, hash, .. } = self.position;
        self.last().or_else(|| (number < first).then(|| BlockNumHash::new(number, hash)))
    }

    /// Returns the records that stand.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Takes note of a record that was written.
    pub(crate) fn note(&mut self, record: BlockRecord) -> Result<(), ExexError> {
        self.standing.remember(record);
        if let Some(last) = self.last() {
            (self.position.number, self.position.hash) = (last.number, last.hash);
        }
        if self.saved.elapsed() >= PERIOD {
            self.save()?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    /// Writes the position; the file is the old one or the new one at any time.
    pub(crate) fn save(&self) -> Result<(), ExexError> {
        let Some(file) = &self.file else { return Ok(()) };
        let temporary = file.with_extension("tmp");
        let write = || {
            let mut out = File::create(&temporary)?;
            serde_json::to_writer(&mut out, &self.position)?;
            out.write_all(b"\n")?;
            out.sync_all()?;
            fs::rename(&temporary, file)
        };
        write().map_err(ExexError::io(file, "write"))
    }
}

fn read(file: &Path) -> Result<Option<Position>, ExexError> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ExexError::io(file, "read")(error)),
    };
    let damaged = |problem: String| ExexError::Position { path: file.to_owned(), problem };
    let position: Position = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if position.schema != SCHEMA {
        return Err(damaged(format!("schema {}, expected {SCHEMA}", position.schema)));
    }
    Ok(Some(position))
}
