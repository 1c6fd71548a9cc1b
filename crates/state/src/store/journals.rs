//! Hashes the engine's journals, to know before the engine opens them whether what was acknowledged is there.
//!
//! All that is assumed of a journal: it is a file `NUMBER.jnl`, bytes are only ever appended to what is in it, zeros
//! may follow up to the size it was made with, it is removed when tables hold all of it, the oldest first and the last
//! never, and a write in it begins as [`begins_write`] says.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use super::engine::{WRITE_START_BYTES, begins_write};
use crate::error::StateError;

/// Bytes that are read at once; where so many are zero, a journal ends.
const CHUNK_BYTES: usize = 256 << 10;

/// How far a journal's bytes are acknowledged, and their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number that names the file.
    pub(super) number: u64,
    /// Bytes from the beginning.
    pub(super) bytes: u64,
    /// Their hash (XXH3): it finds accidents, not forgeries.
    pub(super) hash: u64,
}

/// All journals, as far as their bytes are known.
pub(super) struct Journals {
    dir: PathBuf,
    known: BTreeMap<u64, Journal>,
}

#[derive(Default)]
struct Journal {
    bytes: u64,
    hash: Xxh3,
}

impl Journals {
    /// Begins with nothing known.
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), known: BTreeMap::new() }
    }

    /// Checks that everything that was acknowledged is there; changes nothing.
    ///
    /// A journal that is gone is no error if the engine can have removed it: it removes the oldest first, and never the
    /// last. That tables hold what was in it, the count of writes tells as far as it can be told.
    pub(super) fn verify(dir: &Path, marks: &[Mark]) -> Result<Self, StateError> {
        let mut journals = Self::new(dir);
        let numbers = journals.numbers().map_err(StateError::io(dir))?;
        for mark in marks {
            let path = journals.path(mark.number);
            if !numbers.contains(&mark.number) {
                if numbers.first().is_some_and(|first| *first > mark.number) {
                    continue;
                }
                let reason = format!("it is missing; it has {} bytes of what was written", mark.bytes);
                return Err(StateError::Damaged { path, reason });
            }
            let file = File::open(&path).map_err(StateError::io(&path))?;
            let mut journal = Journal::default();
            journal.read_to(&file, mark.bytes).map_err(StateError::io(&path))?;
            if journal.bytes != mark.bytes || journal.hash.digest() != mark.hash {
                let reason = format!("its first {} bytes are not those that were written", mark.bytes);
                return Err(StateError::Damaged { path, reason });
            }
            journals.known.insert(mark.number, journal);
        }
        Ok(journals)
    }

    /// Reads what was appended, and returns how far all journals are written now.
    pub(super) fn advance(&mut self) -> Result<Vec<Mark>, StateError> {
        let numbers = self.numbers().map_err(StateError::io(&self.dir))?;
        self.known.retain(|number, _| numbers.contains(number));
        for number in numbers {
            let path = self.path(number);
            let journal = self.known.entry(number).or_default();
            match File::open(&path).and_then(|file| journal.read_on(&file)) {
                // It was removed after it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => drop(self.known.remove(&number)),
                read => read.map_err(StateError::io(&path))?,
            }
        }
        let marks = self.known.iter();
        Ok(marks.map(|(number, journal)| journal.mark(*number)).collect())
    }

    /// Cuts off what follows the acknowledged bytes and does not begin as a write after `sequence` does.
    pub(super) fn cut_foreign(&self, sequence: u64) -> Result<(), StateError> {
        for number in self.numbers().map_err(StateError::io(&self.dir))? {
            let (path, end) = (self.path(number), self.known.get(&number).map_or(0, |journal| journal.bytes));
            let mut start = [0; WRITE_START_BYTES];
            let read = File::open(&path).and_then(|file| read_up_to(&file, &mut start, end));
            read.map_err(StateError::io(&path))?;
            if start != [0; WRITE_START_BYTES] && !begins_write(&start, sequence) {
                shorten(&path, end).map_err(StateError::io(&path))?;
            }
        }
        Ok(())
    }

    /// Cuts off what follows the acknowledged bytes of the last journal, and returns it if there was anything.
    ///
    /// For a journal that the engine cannot read to its end: a write that the power cut short. It was not
    /// acknowledged, and no table can hold it, because the engine had not finished writing it.
    pub(super) fn cut(&self) -> Result<Option<Tail>, StateError> {
        let Some((number, journal)) = self.known.last_key_value() else { return Ok(None) };
        let path = self.path(*number);
        let cut = File::open(&path).and_then(|file| {
            let length = file.metadata()?.len().saturating_sub(journal.bytes);
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_exact_at(&mut bytes, journal.bytes)?;
            shorten(&path, journal.bytes)?;
            Ok(bytes)
        });
        let bytes = cut.map_err(StateError::io(&path))?;
        Ok((!bytes.is_empty()).then_some(Tail { path, at: journal.bytes, bytes }))
    }

    /// Returns the numbers of all journals in order.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".jnl")?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number}.jnl"))
    }
}

/// What was cut off a journal.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    at: u64,
    bytes: Vec<u8>,
}

impl Tail {
    /// Puts it back.
    pub(super) fn restore(self) -> Result<(), StateError> {
        let written = OpenOptions::new().write(true).open(&self.path).and_then(|file| {
            file.write_all_at(&self.bytes, self.at)?;
            file.sync_all()
        });
        written.map_err(StateError::io(self.path))
    }
}

/// Reads until a buffer is full or the file ends.
fn read_up_to(file: &File, buffer: &mut [u8], mut from: u64) -> io::Result<()> {
    let mut room = buffer;
    while !room.is_empty() {
        match file.read_at(room, from)? {
            0 => break,
            count => {
                room = &mut room[count..];
                from += count as u64;
            }
        }
    }
    Ok(())
}

fn shorten(path: &Path, bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    if file.metadata()?.len() > bytes {
        file.set_len(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

impl Journal {
    /// Hashes on, to an end that is known, or to the file's if that comes first.
    fn read_to(&mut self, file: &File, end: u64) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while self.bytes < end {
            let room = usize::try_from(end - self.bytes).unwrap_or(usize::MAX).min(CHUNK_BYTES);
            match file.read_at(&mut chunk[..room], self.bytes)? {
                0 => break,
                count => self.add(&chunk[..count]),
            }
        }
        Ok(())
    }

    /// Hashes on to where nothing but zeros follows. A write does not end with a zero.
    fn read_on(&mut self, file: &File) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = file.read_at(&mut chunk, self.bytes)?;
            let Some(last) = chunk[..count].iter().rposition(|byte| *byte != 0) else { return Ok(()) };
            self.add(&chunk[..=last]);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn mark(&self, number: u64) -> Mark {
        Mark { number, bytes: self.bytes, hash: self.hash.digest() }
    }
}
