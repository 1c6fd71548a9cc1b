//! Reads era1 files: blocks of before the merge, with receipts and total difficulties, one at a time.
//!
//! The format is e2store's (type, length, value) with these entries, in this order: a version; for each block its
//! header, body and receipts (each RLP in snappy frames) and the total difficulty; other entries; the accumulator; the
//! block index. Specified in <https://github.com/eth-clients/e2store-format-specs/blob/main/formats/era1.md>.

use std::{io::Read, path::Path};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::Decodable;

use super::ChainBlock;
use crate::error::InputError;

mod accumulator;
mod entry;

use accumulator::{BLOCKS_MAX, HeaderRecord, accumulator};
use entry::{Entries, Entry};

const VERSION: u16 = 0x3265;
const COMPRESSED_HEADER: u16 = 0x03;
const COMPRESSED_BODY: u16 = 0x04;
const COMPRESSED_RECEIPTS: u16 = 0x05;
const TOTAL_DIFFICULTY: u16 = 0x06;
const ACCUMULATOR: u16 = 0x07;
const BLOCK_INDEX: u16 = 0x3266;

/// First bytes of an era1 file: the type of a version entry.
pub(super) const MAGIC: [u8; 2] = VERSION.to_le_bytes();

/// Yields the blocks of an era1 file; holds one of them in memory, and 72 bytes of each one before it.
///
/// Checked beyond the entries' order: snappy's checksums, that numbers are consecutive, that total difficulties are
/// sums of difficulties, the accumulator's root over all headers, and the block index. The last two stand behind the
/// blocks, so that they are an error after the last block. Of receipts only the checksums are checked, and that they
/// are a list: execution gives them, and the header has their root. After an error it ends.
pub struct Era1Blocks {
    entries: Entries,
    stage: Stage,
    records: Vec<HeaderRecord>,
    /// Where each block's header entry begins.
    offsets: Vec<u64>,
    first_number: u64,
}

/// How far a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    Blocks,
    Accumulated,
    Indexed,
    Ended,
}

impl Era1Blocks {
    /// Opens a file, compressed or not.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        let entries = Entries::open(path)?;
        let (records, offsets) = (Vec::new(), Vec::new());
        Ok(Self { entries, stage: Stage::Start, records, offsets, first_number: 0 })
    }

    /// Reads up to the next block; nothing at the end of the file.
    fn read_next(&mut self) -> Result<Option<ChainBlock>, InputError> {
        loop {
            let Some(entry) = self.entries.next()? else { return self.end().map(|()| None) };
            match (self.stage, entry.kind) {
                (Stage::Start, VERSION) if entry.value.is_empty() => self.stage = Stage::Blocks,
                (Stage::Start, _) => {
                    return Err(self.unexpected(&entry, "the version of era1 (type 0x3265, no value)"));
                }
                (Stage::Blocks, COMPRESSED_HEADER) => return self.block(&entry).map(Some),
                (Stage::Blocks, ACCUMULATOR) => self.accumulated(&entry)?,
                (Stage::Accumulated, BLOCK_INDEX) => self.indexed(&entry)?,
                (Stage::Blocks, BLOCK_INDEX) => {
                    return Err(self.unexpected(&entry, "the accumulator (type 0x7) before the block index"));
                }
                (
                    _,
                    VERSION | COMPRESSED_HEADER | COMPRESSED_BODY | COMPRESSED_RECEIPTS | TOTAL_DIFFICULTY
                    | ACCUMULATOR | BLOCK_INDEX,
                )
                | (Stage::Indexed, _) => return Err(self.unexpected(&entry, self.stage.expected())),
                // What a reader does not know it skips.
                _ => {}
            }
        }
    }

    /// Reads the block that a header entry begins.
    fn block(&mut self, entry: &Entry) -> Result<ChainBlock, InputError> {
        if self.records.len() == BLOCKS_MAX {
            return Err(self.unexpected(entry, "no more than 8192 blocks"));
        }
        let header_rlp = self.decompressed(entry, "header")?;
        let mut rest = &header_rlp[..];
        let header = Header::decode(&mut rest).map_err(|error| {
            let problem = format!("expected the RLP of a header: {error}");
            self.entries.damaged(entry.offset, problem)
        })?;
        let body = self.next_of(COMPRESSED_BODY, "the block's body (type 0x4)")?;
        let rlp = self.whole(&header_rlp, &self.decompressed(&body, "body")?, &body)?;
        let receipts = self.next_of(COMPRESSED_RECEIPTS, "the block's receipts (type 0x5)")?;
        self.payload(&receipts, &self.decompressed(&receipts, "list of receipts")?)?;
        let hash = keccak256(&header_rlp);
        self.note(entry.offset, &header, hash)?;
        let place = format!("{}: block {}", self.entries.path().display(), header.number);
        Ok(ChainBlock { rlp, hash: Some(hash), expected_exception: None, place })
    }

    /// Reads the total difficulty and keeps what the accumulator and the index are about.
    fn note(&mut self, offset: u64, header: &Header, block_hash: B256) -> Result<(), InputError> {
        let entry = self.next_of(TOTAL_DIFFICULTY, "the block's total difficulty (type 0x6)")?;
        let Ok(bytes) = <[u8; 32]>::try_from(&entry.value[..]) else {
            return Err(self.unexpected(&entry, "a total difficulty of 32 bytes"));
        };
        let total_difficulty = U256::from_le_bytes(bytes);
        let number = header.number;
        match self.records.last() {
            Some(parent) => {
                let expected = self.first_number + self.records.len() as u64;
                if number != expected {
                    let problem = format!("expected block {expected}, found block {number}");
                    return Err(self.entries.damaged(offset, problem));
                }
                let expected = parent.total_difficulty.saturating_add(header.difficulty);
                self.compare_difficulties(&entry, number, expected, total_difficulty)?;
            }
            None if number == 0 => {
                self.compare_difficulties(&entry, number, header.difficulty, total_difficulty)?;
            }
            None => self.first_number = number,
        }
        self.records.push(HeaderRecord { block_hash, total_difficulty });
        self.offsets.push(offset);
        Ok(())
    }

    fn compare_difficulties(
        &self,
        entry: &Entry,
        number: u64,
        expected: U256,
        found: U256,
    ) -> Result<(), InputError> {
        if expected == found {
            return Ok(());
        }
        let problem = format!("expected total difficulty {expected} of block {number}, found {found}");
        Err(self.entries.damaged(entry.offset, problem))
    }

    fn accumulated(&mut self, entry: &Entry) -> Result<(), InputError> {
        let expected = accumulator(&self.records);
        if entry.value != expected.as_slice() {
            let found = Bytes::copy_from_slice(&entry.value);
            let problem = format!("expected accumulator {expected} of the blocks before it, found {found}");
            return Err(self.entries.damaged(entry.offset, problem));
        }
        self.stage = Stage::Accumulated;
        Ok(())
    }

    /// Compares the index: the first block's number, where each block begins seen from here, their count.
    fn indexed(&mut self, entry: &Entry) -> Result<(), InputError> {
        let mut expected = self.first_number.to_le_bytes().to_vec();
        for offset in &self.offsets {
            expected.extend(offset.wrapping_sub(entry.offset).to_le_bytes());
        }
        expected.extend((self.offsets.len() as u64).to_le_bytes());
        if entry.value != expected {
            let blocks = self.offsets.len();
            let problem = format!("expected the index of {blocks} blocks from {} on", self.first_number);
            return Err(self.entries.damaged(entry.offset, format!("{problem}, found another")));
        }
        self.stage = Stage::Indexed;
        Ok(())
    }

    /// Ends the file where it may end.
    fn end(&self) -> Result<(), InputError> {
        if self.stage == Stage::Indexed {
            return Ok(());
        }
        let problem = format!("expected {}, found the end of the file", self.stage.expected());
        Err(self.entries.damaged(self.entries.offset(), problem))
    }

    /// Reads the next entry, which must be of a kind.
    fn next_of(&mut self, kind: u16, expected: &str) -> Result<Entry, InputError> {
        match self.entries.next()? {
            Some(entry) if entry.kind == kind => Ok(entry),
            Some(entry) => Err(self.unexpected(&entry, expected)),
            None => {
                let problem = format!("expected {expected}, found the end of the file");
                Err(self.entries.damaged(self.entries.offset(), problem))
            }
        }
    }

    fn decompressed(&self, entry: &Entry, what: &str) -> Result<Vec<u8>, InputError> {
        let mut bytes = Vec::new();
        snap::read::FrameDecoder::new(&entry.value[..]).read_to_end(&mut bytes).map_err(|error| {
            let problem = format!("expected a {what} in whole snappy frames: {error}");
            self.entries.damaged(entry.offset, problem)
        })?;
        Ok(bytes)
    }

    /// Puts a block together: a list of the header and of all that is in the body's list.
    fn whole(&self, header: &[u8], body: &[u8], entry: &Entry) -> Result<Bytes, InputError> {
        let rest = self.payload(entry, body)?;
        let payload_length = header.len() + rest.len();
        let mut block = Vec::with_capacity(payload_length + 9);
        alloy_rlp::Header { list: true, payload_length }.encode(&mut block);
        block.extend_from_slice(header);
        block.extend_from_slice(rest);
        Ok(block.into())
    }

    /// Returns what is in an RLP list that must be all there is.
    fn payload<'a>(&self, entry: &Entry, mut rlp: &'a [u8]) -> Result<&'a [u8], InputError> {
        let list = alloy_rlp::Header::decode(&mut rlp).ok().filter(|list| list.list);
        if list.is_some_and(|list| list.payload_length == rlp.len()) {
            return Ok(rlp);
        }
        let problem = format!("expected one RLP list in an entry of type {:#x}", entry.kind);
        Err(self.entries.damaged(entry.offset, problem))
    }

    fn unexpected(&self, entry: &Entry, expected: &str) -> InputError {
        let (kind, length) = (entry.kind, entry.value.len());
        let problem = format!("expected {expected}, found an entry of type {kind:#x} and {length} bytes");
        self.entries.damaged(entry.offset, problem)
    }
}

impl Stage {
    /// Says what comes next.
    const fn expected(self) -> &'static str {
        match self {
            Self::Start => "the version of era1 (type 0x3265, no value)",
            Self::Blocks => "a block's header (type 0x3) or the accumulator (type 0x7)",
            Self::Accumulated => "the block index (type 0x3266)",
            Self::Indexed | Self::Ended => "the end of the file",
        }
    }
}

impl Iterator for Era1Blocks {
    type Item = Result<ChainBlock, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stage == Stage::Ended {
            return None;
        }
        let block = self.read_next();
        if !matches!(block, Ok(Some(_))) {
            self.stage = Stage::Ended;
        }
        block.transpose()
    }
}

impl std::fmt::Debug for Era1Blocks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.entries.path();
        formatter.debug_struct("Era1Blocks").field("path", &path).field("stage", &self.stage).finish()
    }
}

#[cfg(test)]
mod tests;
