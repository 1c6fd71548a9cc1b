//! Splits an e2store file into its entries.

use std::path::Path;

use crate::{error::InputError, file::Input};

/// Bytes before a value: type (2), length (4), zero (2), little-endian.
const HEAD_BYTES: u64 = 8;

/// One entry.
pub(super) struct Entry {
    /// The type.
    pub(super) kind: u16,
    /// The value.
    pub(super) value: Vec<u8>,
    /// Where the entry begins in the uncompressed file.
    pub(super) offset: u64,
}

/// Yields the entries of a file; holds one of them in memory.
pub(super) struct Entries {
    input: Input,
    offset: u64,
}

impl Entries {
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        Ok(Self { input: Input::open(path)?, offset: 0 })
    }

    pub(super) fn path(&self) -> &Path {
        self.input.path()
    }

    /// Returns where the next entry begins.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads an entry; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, InputError> {
        let offset = self.offset;
        let mut head = Vec::new();
        let got = self.input.append(HEAD_BYTES, &mut head)?;
        if got == 0 {
            return Ok(None);
        }
        let Ok([k0, k1, l0, l1, l2, l3, r0, r1]) = <[u8; HEAD_BYTES as usize]>::try_from(head) else {
            let problem =
                format!("expected an entry's head of {HEAD_BYTES} bytes, the file ends after {got}");
            return Err(self.damaged(offset, problem));
        };
        let kind = u16::from_le_bytes([k0, k1]);
        if (r0, r1) != (0, 0) {
            let problem = format!("expected two zero bytes in the head of an entry of type {kind:#x}");
            return Err(self.damaged(offset, problem));
        }
        let length = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        let mut value = Vec::new();
        let got = self.input.append(length, &mut value)?;
        if got < length {
            let problem = format!(
                "expected an entry of type {kind:#x} and {length} bytes, the file ends after {got} of them"
            );
            return Err(self.damaged(offset, problem));
        }
        self.offset = offset + HEAD_BYTES + length;
        Ok(Some(Entry { kind, value, offset }))
    }

    pub(super) fn damaged(&self, offset: u64, problem: String) -> InputError {
        InputError::Rlp { path: self.path().to_owned(), offset, problem }
    }
}
