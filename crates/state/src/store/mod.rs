//! Keeps a chain on disk: flat state, trie nodes, change sets, blocks and receipts.
//!
//! State is kept by hashed keys alone. [`Store::state`] and [`Store::trie`] open what the head left; views of earlier
//! blocks are the head's under a layer of older values from the change sets, views of later ones are built by the
//! caller with `over`. [`Store::commit`] writes blocks, [`Store::unwind`] takes them back; each is one write that
//! happens whole or not at all, and is on disk when the call returns.
//!
//! A directory holds: `store` (schema and genesis), `acknowledged` (what was acknowledged), `lock`, and `db`, which is the
//! engine's. Everything in `db` carries checksums, which are checked when it is read.

mod blocks;
mod changes;
mod code_cache;
mod commit;
mod create;
mod engine;
#[cfg(feature = "fault-injection")]
mod fault;
mod flat;
mod guard;
mod identity;
mod journals;
mod keys;
mod node_cache;
mod open;
mod recompute;
mod trie_view;
mod unwind;
mod values;
mod view;

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use alloy_consensus::{BlockBody, EthereumReceipt, EthereumTxEnvelope, Header, TxEip4844, TxType};
use alloy_primitives::{B256, U256};
use parking_lot::Mutex;

pub use commit::WriteSize;
pub use create::GenesisAccount;
#[cfg(feature = "fault-injection")]
pub use fault::Fault;
pub use trie_view::TrieView;
pub use view::StateView;

use crate::{error::StateError, trie::TrieUpdate, update::StateUpdate};
use code_cache::CodeCache;
use engine::{Engine, WriteSet};
use guard::{Acknowledged, Guard};
use identity::Hold;
use journals::Journals;
use node_cache::TrieCaches;
use values::StoredHead;

/// A block's transactions, ommers and withdrawals.
pub type Body = BlockBody<EthereumTxEnvelope<TxEip4844>>;

/// A transaction's receipt, without its bloom; the type reth uses.
pub type Receipt = EthereumReceipt<TxType>;

/// A block by number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockId {
    /// The block's number.
    pub number: u64,
    /// Keccak hash of its header.
    pub hash: B256,
}

/// How a store works. None of it changes what is stored, but `history_blocks`.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Bytes of memory for what was read from disk lately.
    pub cache_bytes: u64,
    /// Bytes of memory for trie nodes that were used lately, over `cache_bytes`.
    pub node_cache_bytes: u64,
    /// How many blocks below the head states can be opened and unwound to.
    pub history_blocks: u64,
    /// Threads that compute the tries of earlier blocks.
    pub threads: NonZeroUsize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            node_cache_bytes: 128 << 20,
            history_blocks: 1024,
            threads: NonZeroUsize::MIN,
        }
    }
}

/// A block with all that its execution left.
#[derive(Clone, Debug)]
pub struct ExecutedBlock {
    /// Keccak hash of the header; the caller answers for it.
    pub hash: B256,
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Body,
    /// The receipts of all transactions.
    pub receipts: Vec<Receipt>,
    /// The sum of difficulties from genesis to this block.
    pub total_difficulty: U256,
    /// What it changes in the state.
    pub update: Arc<StateUpdate>,
    /// What it changes in the tries; its root must be the header's.
    pub trie: Arc<TrieUpdate>,
}

/// A chain on disk. All methods may be called by many threads; writes wait for each other, reads for nothing.
pub struct Store {
    dir: PathBuf,
    config: StoreConfig,
    engine: Engine,
    codes: Arc<CodeCache>,
    trie_caches: Arc<TrieCaches>,
    writer: Mutex<Writer>,
    _hold: Hold,
}

/// What writes need, one at a time.
struct Writer {
    head: StoredHead,
    guard: Guard,
    journals: Journals,
    /// Whether an earlier write failed. What is on disk is then not known before it is opened anew.
    halted: bool,
    /// The lowest block whose state somebody needs, however deep history is kept.
    needed_state: u64,
    #[cfg(feature = "fault-injection")]
    fault: Option<fault::Pending>,
}

impl Store {
    /// Returns the head: the last block that was committed, or genesis.
    pub fn head(&self) -> BlockId {
        self.writer.lock().head.block()
    }

    /// Opens the state after the head.
    pub fn state(&self) -> StateView {
        StateView::new(self.engine.snapshot(), Arc::clone(&self.codes))
    }

    /// Opens the tries of the state after the head.
    pub fn trie(&self) -> Result<TrieView, StateError> {
        let snapshot = self.engine.snapshot();
        let head = open::read_head(&snapshot)?;
        let header = blocks::header(&snapshot, head.hash)?.ok_or(StateError::NoBlock(head.hash))?;
        Ok(TrieView::new(snapshot, Arc::clone(&self.trie_caches), header.state_root))
    }

    /// Opens the state after a canonical block that is not deeper than history is kept. Costs what changed since.
    pub fn state_at(&self, number: u64) -> Result<StateView, StateError> {
        let view = self.state();
        let past = changes::past(&view.snapshot, number)?;
        Ok(past.map_or_else(|| view.clone(), |past| view.over(past.block, Arc::new(past.update))))
    }

    /// Opens the tries of the state after a canonical block that is not deeper than history is kept.
    ///
    /// They are computed from those of the head and what changed since; the root must come out as in the header.
    pub fn trie_at(&self, number: u64) -> Result<TrieView, StateError> {
        let trie = self.trie()?;
        let Some(past) = changes::past(trie.snapshot(), number)? else { return Ok(trie) };
        let update = past.tries(&trie, self.config.threads)?;
        Ok(trie.over(Arc::new(update)))
    }

    /// Returns the oldest block whose state can be opened.
    pub fn oldest_state(&self) -> u64 {
        self.writer.lock().head.oldest_state
    }

    /// Says that states from a block on are needed, and keeps them even if they are deeper than history is kept.
    pub fn keep_from(&self, number: u64) {
        self.writer.lock().needed_state = number;
    }

    /// Returns a small value that the host keeps here, if it was ever set.
    pub fn marker(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let value = self.engine.snapshot().get(engine::Table::Meta, &keys::marker(name))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Sets a small value that the host keeps here. It is on disk when this returns.
    pub fn set_marker(&self, name: &str, value: &[u8]) -> Result<(), StateError> {
        let mut writes = WriteSet::default();
        writes.put(engine::Table::Meta, keys::marker(name), value);
        let mut writer = self.writer.lock();
        let head = writer.head;
        self.write(&mut writer, head, writes).map(drop)
    }

    /// Returns the bytes that the store takes on disk.
    pub fn disk_bytes(&self) -> Result<u64, StateError> {
        self.engine.disk_bytes()
    }

    /// Writes a set and the head it leads to; acknowledges it.
    fn write(
        &self,
        writer: &mut Writer,
        head: StoredHead,
        mut writes: WriteSet,
    ) -> Result<WriteSize, StateError> {
        if writer.halted {
            return Err(StateError::Halted { dir: self.dir.clone() });
        }
        let head = StoredHead { write_count: writer.head.write_count + 1, ..head };
        writes.put(engine::Table::Meta, keys::HEAD, values::encode(&head));
        let size = WriteSize { keys: writes.len(), bytes: writes.bytes() };
        // Until all of it has succeeded it has failed: nothing may be built on a write whose outcome is not known.
        writer.halted = true;
        #[cfg(feature = "fault-injection")]
        fault::before(writer)?;
        self.engine.write(writes)?;
        #[cfg(feature = "fault-injection")]
        fault::after(writer)?;
        let (sequence, journals) = (self.engine.sequence(), writer.journals.advance()?);
        writer.guard.acknowledge(&Acknowledged { count: head.write_count, sequence, journals })?;
        writer.head = head;
        writer.halted = false;
        Ok(size)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.dir).field("config", &self.config).finish_non_exhaustive()
    }
}
