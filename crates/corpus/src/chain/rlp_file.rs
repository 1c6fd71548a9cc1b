//! Reads concatenated RLP blocks, one at a time.

use std::path::Path;

use alloy_primitives::Bytes;

use super::ChainBlock;
use crate::{error::InputError, file::Input};

/// First byte of an RLP list with a length of its own: `0xf7` plus the number of the length's bytes.
const LONG_LIST: u8 = 0xf7;
/// First byte of the RLP of an empty list; shorter lists than 56 bytes follow.
const SHORT_LIST: u8 = 0xc0;

/// Yields the blocks of a file; holds one of them in memory.
///
/// After a damaged block it ends: nothing says where the next one would begin.
pub struct RlpBlocks {
    input: Input,
    offset: u64,
    ended: bool,
}

impl RlpBlocks {
    /// Opens a file of concatenated blocks, compressed or not.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        Ok(Self { input: Input::open(path)?, offset: 0, ended: false })
    }

    fn read_next(&mut self) -> Result<Option<ChainBlock>, InputError> {
        let start = self.offset;
        let Some(&first) = self.input.fill()?.first() else { return Ok(None) };
        if first < SHORT_LIST {
            let problem = format!("expected an RLP list (a block), found byte 0x{first:02x}");
            return Err(self.damaged(start, problem));
        }
        let mut rlp = Vec::new();
        self.read_exactly(1, start, &mut rlp)?;
        let length = if first <= LONG_LIST {
            u64::from(first - SHORT_LIST)
        } else {
            let digits = u64::from(first - LONG_LIST);
            self.read_exactly(digits, start, &mut rlp)?;
            rlp[1..].iter().fold(0, |length, digit| (length << 8) | u64::from(*digit))
        };
        self.read_exactly(length, start, &mut rlp)?;
        let place = format!("{}: offset {start}", self.input.path().display());
        Ok(Some(ChainBlock { rlp: Bytes::from(rlp), hash: None, expected_exception: None, place }))
    }

    /// Appends bytes of the block that begins at `start`.
    fn read_exactly(&mut self, count: u64, start: u64, out: &mut Vec<u8>) -> Result<(), InputError> {
        let length = out.len() as u64;
        let got = self.input.append(count, out)?;
        self.offset += got;
        if got == count {
            return Ok(());
        }
        let want = length.checked_add(count).map_or_else(|| "more".to_owned(), |want| want.to_string());
        let problem = format!("expected a block of {want} bytes, the file ends after {}", out.len());
        Err(self.damaged(start, problem))
    }

    fn damaged(&self, offset: u64, problem: String) -> InputError {
        InputError::Rlp { path: self.input.path().to_owned(), offset, problem }
    }
}

impl Iterator for RlpBlocks {
    type Item = Result<ChainBlock, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = self.read_next();
        self.ended = !matches!(block, Ok(Some(_)));
        block.transpose()
    }
}

impl std::fmt::Debug for RlpBlocks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.input.path();
        formatter.debug_struct("RlpBlocks").field("path", &path).field("offset", &self.offset).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Reads a file of these bytes and returns each block's length or the error.
    fn read(bytes: &[u8]) -> Vec<Result<usize, String>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("chain.rlp");
        fs::write(&path, bytes).unwrap();
        let show = |error: InputError| error.to_string().replace(&path.display().to_string(), "!");
        RlpBlocks::open(&path)
            .unwrap()
            .map(|block| block.map(|block| block.rlp.len()).map_err(show))
            .collect()
    }

    #[test]
    fn lists_are_split_whatever_their_length() {
        let mut long = vec![0xf8, 60];
        long.resize(62, 7);
        let bytes = [&[0xc0][..], &[0xc2, 1, 2], &long, &[0xc1, 9]].concat();
        assert_eq!(read(&bytes), [Ok(1), Ok(3), Ok(62), Ok(2)]);
        assert_eq!(read(&[]), []);
    }

    #[test]
    fn damage_is_told_with_its_offset() {
        let last = |bytes: &[u8]| read(bytes).pop().unwrap().unwrap_err();
        assert_eq!(last(&[0xc0, 0x00]), "!: offset 1: expected an RLP list (a block), found byte 0x00");
        assert_eq!(last(&[0xc0, 0xc3, 1]), "!: offset 1: expected a block of 4 bytes, the file ends after 2");
        let huge = "!: offset 0: expected a block of more bytes, the file ends after 10";
        assert_eq!(last(&[0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1]), huge);
    }
}
