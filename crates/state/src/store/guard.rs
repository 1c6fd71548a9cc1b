//! Remembers, outside the database, how many writes were acknowledged.
//!
//! After a crash the engine drops an incomplete write at the end of its journal. It cannot tell that from a complete
//! one whose bytes were damaged later, and drops that, and all after it, too. The guard tells: it is written after
//! each write, so that it never counts one that the database does not have. It is not forced to disk; where it is lost
//! with the power, it counts too few and finds less.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use alloy_primitives::keccak256;

use crate::error::StateError;

const FILE: &str = "acknowledged";

/// Bytes of a count and its checksum.
const SLOT_BYTES: usize = 16;

/// The two slots are in sectors of their own; one of them is always whole.
const SLOT_OFFSETS: [u64; 2] = [0, 512];

/// The count of acknowledged writes.
#[derive(Debug)]
pub(super) struct Guard {
    path: PathBuf,
    file: File,
}

impl Guard {
    /// Begins to count, from zero.
    pub(super) fn create(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path);
        let guard = Self { file: file.map_err(StateError::io(&path))?, path };
        guard.acknowledge(0)?;
        guard.acknowledge(1)?;
        guard.file.sync_all().map_err(StateError::io(&guard.path))?;
        Ok(guard)
    }

    pub(super) fn open(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StateError::io(&path))?;
        Ok(Self { path, file })
    }

    /// Returns how many writes were acknowledged at least.
    pub(super) fn count(&self) -> Result<u64, StateError> {
        let counts = SLOT_OFFSETS.map(|offset| {
            let mut slot = [0; SLOT_BYTES];
            self.file.read_exact_at(&mut slot, offset).ok()?;
            let (count, checksum) = slot.split_first_chunk::<8>()?;
            (checksum == checksum_of(count)).then_some(u64::from_be_bytes(*count))
        });
        counts.into_iter().flatten().max().ok_or_else(|| StateError::Damaged {
            path: self.path.clone(),
            reason: "expected the count of acknowledged writes".into(),
        })
    }

    /// Counts a write that is on disk.
    pub(super) fn acknowledge(&self, count: u64) -> Result<(), StateError> {
        let count_bytes = count.to_be_bytes();
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&count_bytes);
        slot[8..].copy_from_slice(&checksum_of(&count_bytes));
        let offset = SLOT_OFFSETS[usize::from(count % 2 == 1)];
        self.file.write_all_at(&slot, offset).map_err(StateError::io(&self.path))
    }
}

fn checksum_of(count: &[u8; 8]) -> [u8; 8] {
    let mut checksum = [0; 8];
    checksum.copy_from_slice(&keccak256(count)[..8]);
    checksum
}
