//! Says how blocks are validated, and what follows.

use std::{path::PathBuf, time::Duration};

use tandem_compare::Parallel;

use crate::alert::AlertCommand;

/// Who executes how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The host executes in parallel; the validator executes sequentially behind it.
    Live,
    /// The host executes sequentially; the validator executes in parallel behind it.
    Shadow,
}

/// What follows from a divergence, besides its record and the alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: it is counted and told.
    #[default]
    Report,
    /// The host is asked to execute sequentially from then on ([`Control`](crate::Control)).
    Fallback,
    /// The host is asked to stop ([`Control`](crate::Control)); nothing more is checked.
    Halt,
}

/// What becomes of a block for which the queue has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The host waits for room: for imports of files, where every block is to be checked.
    Wait,
    /// The host waits so long at most. Then only the block's number is kept, and it is read back from the host later.
    Defer {
        /// The longest wait.
        patience: Duration,
    },
}

/// How much may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Blocks in the queue.
    pub blocks: usize,
    /// Bytes in the queue, as [`ImportedBlock::size_bytes`](crate::ImportedBlock::size_bytes) counts them. A larger block
    /// waits alone.
    pub bytes: usize,
    /// How many blocks below the head blocks are still read back and checked. What is deeper gets a record that says that
    /// it was not checked.
    pub backfill_blocks: u64,
}

impl Default for Bounds {
    /// Some hundred megabytes at most, and as far back as stores commonly have states.
    fn default() -> Self {
        Self { blocks: 64, bytes: 256 << 20, backfill_blocks: 1024 }
    }
}

/// How a validator works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who executes how.
    pub mode: Mode,
    /// What follows from a divergence.
    pub policy: Policy,
    /// How much may wait.
    pub bounds: Bounds,
    /// What becomes of a block for which there is no room.
    pub overflow: Overflow,
    /// The parallel engine, for `shadow` and for blocks that are read back.
    pub parallel: Parallel,
    /// The report's directory, which also has the validator's position. Without one a restart begins at the host's head.
    pub report_dir: Option<PathBuf>,
    /// What is run on a divergence.
    pub alert: Option<AlertCommand>,
}
