//! Wraps the database engine: tables, snapshots and atomic writes. The only file that names it.

use std::{
    collections::BTreeMap,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable, Slice,
    config::{CompressionPolicy, PinningPolicy, RestartIntervalPolicy},
};

use super::StoreConfig;
use crate::error::StateError;

/// The tables of a store. Keys are described where they are made, in `keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    /// Names to small values: head, commit count, markers.
    Meta,
    /// Hashed address to account.
    Accounts,
    /// Hashed address and hashed slot to value.
    Slots,
    /// Trie owner and path to a node's RLP.
    Nodes,
    /// Code hash to code.
    Codes,
    /// Block hash to total difficulty and header.
    Headers,
    /// Block hash to body.
    Bodies,
    /// Block hash to receipts, of canonical blocks.
    Receipts,
    /// Block number to the hash of the canonical block.
    Canonical,
    /// Block number and key to the value before that block.
    Changes,
}

impl Table {
    pub(super) const ALL: [Self; 10] = [
        Self::Meta,
        Self::Accounts,
        Self::Slots,
        Self::Nodes,
        Self::Codes,
        Self::Headers,
        Self::Bodies,
        Self::Receipts,
        Self::Canonical,
        Self::Changes,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Accounts => "accounts",
            Self::Slots => "slots",
            Self::Nodes => "nodes",
            Self::Codes => "codes",
            Self::Headers => "headers",
            Self::Bodies => "bodies",
            Self::Receipts => "receipts",
            Self::Canonical => "canonical",
            Self::Changes => "changes",
        }
    }

    /// Hashes do not compress; tables read at random keep their indexes and filters in memory.
    fn options(self) -> KeyspaceCreateOptions {
        let options = KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        match self {
            Self::Codes | Self::Bodies | Self::Receipts | Self::Headers => options,
            _ => options
                .data_block_compression_policy(CompressionPolicy::disabled())
                .index_block_pinning_policy(PinningPolicy::all(true))
                .filter_block_pinning_policy(PinningPolicy::all(true))
                .index_block_partitioning_policy(PinningPolicy::all(false))
                .filter_block_partitioning_policy(PinningPolicy::all(false))
                .data_block_restart_interval_policy(RestartIntervalPolicy::all(4)),
        }
    }
}

/// Bytes of recent writes that a table keeps in memory before they go to a file of their own.
const MEMTABLE_BYTES: u64 = 32 << 20;

/// Bytes of journal after which tables are written out; opening replays at most so much.
const JOURNAL_BYTES: u64 = 128 << 20;

/// Bytes with which the engine begins a write in a journal: a tag, how many items follow, and the write's number.
pub(super) const WRITE_START_BYTES: usize = 13;

/// Numbers that the engine may take for itself between two writes; a few, in fact.
const SEQUENCE_GAP_MAX: u64 = 1 << 32;

/// Tells whether a write begins here that was made when `sequence` was the engine's next number.
///
/// The engine's checksum of a write leaves its number out. With a lower one, the write would lie under what was
/// written before; with one that is far too high, no further number would be left.
pub(super) fn begins_write(start: &[u8; WRITE_START_BYTES], sequence: u64) -> bool {
    const TAG: u8 = 1;
    let [tag, _, _, _, _, number @ ..] = *start;
    let number = u64::from_le_bytes(number);
    tag == TAG && number >= sequence && number - sequence < SEQUENCE_GAP_MAX
}

/// An open database.
pub(super) struct Engine {
    dir: PathBuf,
    database: Database,
    tables: Arc<[Keyspace; Table::ALL.len()]>,
}

/// The database as it was at one moment.
#[derive(Clone)]
pub(super) struct Snapshot {
    dir: Arc<Path>,
    tables: Arc<[Keyspace; Table::ALL.len()]>,
    snapshot: fjall::Snapshot,
}

/// Keys to write together: a value to set, nothing to remove. Later writes of a key replace earlier ones.
#[derive(Debug, Default)]
pub(super) struct WriteSet(BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>);

impl Engine {
    pub(super) fn open(dir: &Path, config: &StoreConfig) -> Result<Self, StateError> {
        // The engine panics on some damages of its own files.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_files(dir, config)));
        opened.unwrap_or_else(|_| Err(damaged(dir, "the database cannot be read")))
    }

    fn open_files(dir: &Path, config: &StoreConfig) -> Result<Self, StateError> {
        let failed = |error| engine_error(dir, error);
        let database = Database::builder(dir)
            .cache_size(config.cache_bytes)
            .max_journaling_size(JOURNAL_BYTES)
            .worker_threads(1)
            .open()
            .map_err(failed)?;
        let tables = Table::ALL.map(|table| database.keyspace(table.name(), || table.options()));
        let mut open = Vec::with_capacity(tables.len());
        for table in tables {
            open.push(table.map_err(failed)?);
        }
        let tables = open.try_into().map_err(|_| StateError::Invariant("a table is missing".into()))?;
        Ok(Self { dir: dir.to_owned(), database, tables: Arc::new(tables) })
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let tables = Arc::clone(&self.tables);
        Snapshot { dir: self.dir.as_path().into(), tables, snapshot: self.database.snapshot() }
    }

    /// Writes everything or nothing. It is on disk when this returns.
    pub(super) fn write(&self, writes: WriteSet) -> Result<(), StateError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for ((table, key), value) in writes.0 {
            let table = &self.tables[table as usize];
            match value {
                Some(value) => batch.insert(table, key, value),
                None => batch.remove(table, key),
            }
        }
        batch.commit().map_err(|error| engine_error(&self.dir, error))
    }

    /// Returns the number after those of all writes so far.
    pub(super) fn sequence(&self) -> u64 {
        self.database.seqno()
    }

    #[cfg(feature = "fault-injection")]
    pub(super) fn flush_tables(&self) -> Result<(), StateError> {
        let flushed = self.tables.iter().try_for_each(|table| table.rotate_memtable_and_wait());
        flushed.map_err(|error| engine_error(&self.dir, error))
    }

    pub(super) fn disk_bytes(&self) -> Result<u64, StateError> {
        self.database.disk_space().map_err(|error| engine_error(&self.dir, error))
    }
}

impl Snapshot {
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StateError> {
        self.snapshot.get(&self.tables[table as usize], key).map_err(|error| engine_error(&self.dir, error))
    }

    /// Yields all entries whose keys begin with a prefix, in the order of the keys.
    pub(super) fn prefix(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(Slice, Slice), StateError>> + use<> {
        let dir = Arc::clone(&self.dir);
        let entries = self.snapshot.prefix(&self.tables[table as usize], prefix);
        entries.map(move |entry| entry.into_inner().map_err(|error| engine_error(&dir, error)))
    }

    pub(super) fn damaged(&self, reason: impl Into<String>) -> StateError {
        damaged(&self.dir, reason)
    }
}

impl WriteSet {
    pub(super) fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.0.insert((table, key.into()), Some(value.into()));
    }

    pub(super) fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.0.insert((table, key.into()), None);
    }

    /// Takes back what was to be set under a prefix.
    pub(super) fn remove_prefix(&mut self, table: Table, prefix: &[u8]) {
        let from = (table, prefix.to_vec());
        let rows = self
            .0
            .range_mut(from..)
            .take_while(|((other, key), _)| *other == table && key.starts_with(prefix));
        rows.for_each(|(_, value)| *value = None);
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the bytes of keys and values.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|((_, key), value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum()
    }
}

fn damaged(dir: &Path, reason: impl Into<String>) -> StateError {
    StateError::Damaged { path: dir.to_owned(), reason: reason.into() }
}

/// Tells damage from other failures.
fn engine_error(dir: &Path, error: fjall::Error) -> StateError {
    use fjall::Error;
    match error {
        Error::Locked => StateError::InUse { dir: dir.to_owned() },
        Error::Poisoned => StateError::Halted { dir: dir.to_owned() },
        Error::Io(error) | Error::Storage(fjall::LsmError::Io(error)) => io_error(dir, error),
        Error::JournalRecovery(error) => {
            StateError::UnfinishedJournal { path: dir.to_owned(), reason: format!("{error:?}") }
        }
        Error::Storage(_)
        | Error::InvalidVersion(_)
        | Error::Decompress(_)
        | Error::InvalidTrailer
        | Error::InvalidTag(_)
        | Error::Unrecoverable => damaged(dir, error.to_string()),
        error => StateError::Engine { dir: dir.to_owned(), error: Arc::new(error) },
    }
}

/// A file that is not there or too short was damaged; whoever opens a store holds it alone.
fn io_error(dir: &Path, error: io::Error) -> StateError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
            damaged(dir, error.to_string())
        }
        _ => StateError::Io { path: dir.to_owned(), error: Arc::new(error) },
    }
}
