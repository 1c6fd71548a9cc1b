//! Remembers, outside the database, which writes were acknowledged.
//!
//! After a crash the engine drops an incomplete write at the end of its journal. It cannot tell that from a complete
//! one whose bytes were damaged later, and drops that, and all after it, too: it shortens the file while it opens it. The
//! guard tells, and before the engine looks: it has a count of the writes and hashes of the journals. It is on disk
//! before a write is acknowledged, and after the write is: what it names, the database has.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use alloy_primitives::keccak256;

use super::journals::Mark;
use crate::error::StateError;

const FILE: &str = "acknowledged";

/// The two slots are in sectors of their own; one of them is always whole.
const SLOT_OFFSETS: [u64; 2] = [0, SLOT_BYTES as u64];

/// Bytes of a slot: count, sequence, number of marks, marks, zeros, checksum.
const SLOT_BYTES: usize = 512;

const CHECKSUM_BYTES: usize = 8;

const MARK_BYTES: usize = 24;

/// Journals that are remembered: the latest. There are hardly ever more than three.
const MARKS_MAX: usize = 16;

/// The writes that were acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// How many.
    pub(super) count: u64,
    /// The engine's number for what comes after them.
    pub(super) sequence: u64,
    /// What the journals hold of them.
    pub(super) journals: Vec<Mark>,
}

/// The file that remembers them.
#[derive(Debug)]
pub(super) struct Guard {
    path: PathBuf,
    file: File,
}

impl Guard {
    /// Begins with the first write.
    pub(super) fn create(dir: &Path, first: &Acknowledged) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path);
        let guard = Self { file: file.map_err(StateError::io(&path))?, path };
        guard.acknowledge(&Acknowledged { count: 0, sequence: 0, journals: Vec::new() })?;
        guard.acknowledge(first)?;
        guard.file.sync_all().map_err(StateError::io(&guard.path))?;
        Ok(guard)
    }

    pub(super) fn open(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StateError::io(&path))?;
        Ok(Self { path, file })
    }

    /// Returns which writes were acknowledged.
    pub(super) fn read(&self) -> Result<Acknowledged, StateError> {
        let slots = SLOT_OFFSETS.map(|offset| {
            let mut slot = [0; SLOT_BYTES];
            self.file.read_exact_at(&mut slot, offset).ok()?;
            decode(&slot)
        });
        slots.into_iter().flatten().max_by_key(|slot| slot.count).ok_or_else(|| StateError::Damaged {
            path: self.path.clone(),
            reason: "expected the acknowledged writes, with their checksum".into(),
        })
    }

    /// Remembers a write that is on disk.
    pub(super) fn acknowledge(&self, acknowledged: &Acknowledged) -> Result<(), StateError> {
        let offset = SLOT_OFFSETS[usize::from(acknowledged.count % 2 == 1)];
        let written = self.file.write_all_at(&encode(acknowledged), offset);
        written.and_then(|()| self.file.sync_data()).map_err(StateError::io(&self.path))
    }
}

fn encode(acknowledged: &Acknowledged) -> [u8; SLOT_BYTES] {
    let Acknowledged { count, sequence, journals } = acknowledged;
    let latest = &journals[journals.len().saturating_sub(MARKS_MAX)..];
    let numbers = [*count, *sequence, latest.len() as u64];
    let marks = latest.iter().flat_map(|mark| [mark.number, mark.bytes, mark.hash]);
    let mut slot = [0; SLOT_BYTES];
    for (place, number) in slot.chunks_exact_mut(8).zip(numbers.into_iter().chain(marks)) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    let (content, checksum) = slot.split_at_mut(SLOT_BYTES - CHECKSUM_BYTES);
    checksum.copy_from_slice(&keccak256(content)[..CHECKSUM_BYTES]);
    slot
}

fn decode(slot: &[u8; SLOT_BYTES]) -> Option<Acknowledged> {
    let (content, checksum) = slot.split_at(SLOT_BYTES - CHECKSUM_BYTES);
    if keccak256(content)[..CHECKSUM_BYTES] != *checksum {
        return None;
    }
    let mut numbers = content.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes));
    let (count, sequence, mark_count) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let mut mark = || Some(Mark { number: numbers.next()?, bytes: numbers.next()?, hash: numbers.next()? });
    let journals = (0..mark_count).map(|_| mark()).collect::<Option<_>>()?;
    Some(Acknowledged { count, sequence, journals })
}

const _: () =
    assert!(24 + MARKS_MAX * MARK_BYTES + CHECKSUM_BYTES <= SLOT_BYTES, "the marks fit into a slot");

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(marks: u64) -> Acknowledged {
        let mark = |number| Mark { number, bytes: number * 1000, hash: !number };
        Acknowledged { count: 7, sequence: 9, journals: (0..marks).map(mark).collect() }
    }

    #[test]
    fn what_was_acknowledged_comes_back() {
        for marks in [0, 1, MARKS_MAX as u64] {
            assert_eq!(decode(&encode(&acknowledged(marks))), Some(acknowledged(marks)));
        }
        let latest = decode(&encode(&acknowledged(MARKS_MAX as u64 + 2))).unwrap().journals;
        assert_eq!(latest, acknowledged(MARKS_MAX as u64 + 2).journals[2..]);
    }

    #[test]
    fn any_changed_byte_is_found() {
        let good = encode(&acknowledged(3));
        for at in 0..SLOT_BYTES {
            let mut bad = good;
            bad[at] ^= 1;
            assert_eq!(decode(&bad), None, "byte {at}");
        }
    }
}
