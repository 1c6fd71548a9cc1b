//! Opens a store that was created before.

use std::{path::Path, sync::Arc};

use alloy_primitives::B256;
use parking_lot::Mutex;

use super::{
    CodeCache, Store, StoreConfig, TrieCaches, Writer,
    engine::{Engine, Snapshot, Table},
    guard::Guard,
    identity,
    journals::Journals,
    keys,
    values::{self, StoredHead},
};
use crate::error::StateError;

/// What is known of the writes.
pub(super) struct Ledger {
    pub(super) head: StoredHead,
    pub(super) guard: Guard,
    pub(super) journals: Journals,
}

/// The engine's directory within the store's.
pub(super) const DATABASE: &str = "db";

impl Store {
    /// Returns whether a directory holds a store, of whatever chain and schema.
    pub fn exists(dir: &Path) -> bool {
        identity::exists(dir)
    }

    /// Opens the store of the chain with this genesis block.
    ///
    /// What was acknowledged before a crash is there; what was not may be, whole. Anything else that is wrong is an
    /// error, before anything is written.
    pub fn open(dir: &Path, config: StoreConfig, genesis: B256) -> Result<Self, StateError> {
        if !Self::exists(dir) {
            return Err(StateError::NoStore { dir: dir.to_owned() });
        }
        let hold = identity::hold(dir)?;
        identity::check(dir, genesis)?;
        let guard = Guard::open(dir)?;
        let acknowledged = guard.read()?;
        let database = dir.join(DATABASE);
        let mut journals = Journals::verify(&database, &acknowledged.journals)?;
        journals.cut_foreign(acknowledged.sequence)?;
        let engine = open_engine(&database, &config, &journals)?;
        let head = read_head(&engine.snapshot())?;
        if head.write_count < acknowledged.count {
            let (expected, got) = (acknowledged.count, head.write_count);
            let reason = format!("{expected} writes were acknowledged, {got} are there");
            return Err(StateError::Damaged { path: database, reason });
        }
        journals.advance()?;
        let ledger = Ledger { head, guard, journals };
        Ok(Self::assemble(dir, config, engine, ledger, hold))
    }

    pub(super) fn assemble(
        dir: &Path,
        config: StoreConfig,
        engine: Engine,
        Ledger { head, guard, journals }: Ledger,
        hold: identity::Hold,
    ) -> Self {
        let writer = Writer {
            head,
            guard,
            journals,
            halted: false,
            needed_state: u64::MAX,
            #[cfg(feature = "fault-injection")]
            fault: None,
        };
        let codes = Arc::new(CodeCache::default());
        let trie_caches = Arc::new(TrieCaches::new(config.node_cache_bytes));
        Self {
            dir: dir.to_owned(),
            config,
            engine,
            codes,
            trie_caches,
            writer: Mutex::new(writer),
            _hold: hold,
        }
    }
}

/// Opens the database; if it cannot be read, without what was not acknowledged.
///
/// Everything that was acknowledged is there, so that what cannot be read may be a write that a crash cut short. If it
/// is not, the journal is as it was after the error.
fn open_engine(database: &Path, config: &StoreConfig, journals: &Journals) -> Result<Engine, StateError> {
    let error = match Engine::open(database, config) {
        Err(error @ (StateError::UnfinishedJournal { .. } | StateError::Damaged { .. })) => error,
        opened => return opened,
    };
    let Some(tail) = journals.cut()? else { return Err(error) };
    let opened = Engine::open(database, config);
    if opened.is_err() {
        tail.restore()?;
    }
    opened
}

pub(super) fn read_head(snapshot: &Snapshot) -> Result<StoredHead, StateError> {
    let value = snapshot.get(Table::Meta, keys::HEAD)?.ok_or_else(|| snapshot.damaged("it has no head"))?;
    values::decode_exact(&value).ok_or_else(|| snapshot.damaged("its head cannot be decoded"))
}
