//! Lets a test make a write fail.

use super::{Store, Writer};
use crate::error::StateError;

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing reaches the disk.
    Refused,
    /// Everything reaches the disk, and the caller is told that it failed.
    Unacknowledged,
}

/// A fault that waits for its write.
#[derive(Debug)]
pub(super) struct Pending {
    fault: Fault,
    writes_before: u64,
}

impl Store {
    /// Makes the write after the next `writes_before` ones fail. Every later one fails too, until the store is opened
    /// anew, as after a real failure.
    pub fn inject(&self, fault: Fault, writes_before: u64) {
        self.writer.lock().fault = Some(Pending { fault, writes_before });
    }
}

impl Store {
    /// Writes everything into table files, which otherwise wait for some tens of megabytes.
    pub fn flush_tables(&self) -> Result<(), StateError> {
        self.engine.flush_tables()
    }
}

pub(super) const fn before(writer: &Writer) -> Result<(), StateError> {
    match &writer.fault {
        Some(Pending { fault: Fault::Refused, writes_before: 0 }) => Err(StateError::Injected),
        _ => Ok(()),
    }
}

pub(super) const fn after(writer: &mut Writer) -> Result<(), StateError> {
    match &mut writer.fault {
        Some(Pending { fault: Fault::Unacknowledged, writes_before: 0 }) => Err(StateError::Injected),
        Some(pending) => {
            pending.writes_before -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}
