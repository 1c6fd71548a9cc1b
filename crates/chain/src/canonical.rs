//! Keeps the canonical chain on disk: commits blocks in batches, and moves from branch to branch.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, map::HashMap};
use tandem_state::{BlockId, ExecutedBlock, StateError, StateUpdate, Store, TrieUpdate};

use crate::{
    error::ChainError,
    notification::{Execution, Notification, NotifiedBlock},
    subscription::Publisher,
    tree::{Place, STATE_DEPTH},
    view::{Base, Layer, View, id},
};

/// Marker under which the store keeps the number of the final block.
const FINALIZED: &str = "finalized";

/// How much may wait before it is written in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Blocks.
    pub blocks: usize,
    /// Accounts, slots, transactions and logs of those blocks.
    pub items: usize,
    /// Time since the first of them.
    pub time: Duration,
}

impl Batch {
    /// Writes every block by itself.
    pub const SINGLE: Self = Self { blocks: 1, items: 0, time: Duration::ZERO };
}

impl Default for Batch {
    /// Some tens of megabytes, and no more than what is done again in a second or two after a kill.
    fn default() -> Self {
        Self { blocks: 256, items: 1 << 15, time: Duration::from_secs(2) }
    }
}

/// A block whose every root matched its header, and what stands before it.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The block as the store takes it.
    pub block: Arc<ExecutedBlock>,
    /// The state before it.
    pub parent: View,
    /// Whether it is the head of the tree.
    pub place: Place,
    /// All that execution gave, where it is kept.
    pub execution: Option<Arc<Execution>>,
}

/// A block of a branch, until it is too deep for one.
#[derive(Clone, Debug)]
struct Recent {
    block: Arc<ExecutedBlock>,
    execution: Option<Arc<Execution>>,
}

/// What a commit made durable.
#[derive(Debug)]
pub struct Commit {
    /// Blocks written.
    pub blocks: usize,
    /// Transactions in them.
    pub txs: usize,
    /// Gas that they use.
    pub gas_used: u64,
    /// The head on disk from now on, as others read it.
    pub base: Arc<Base>,
}

/// The canonical chain: what is on disk, what waits to be written, and recent blocks of all branches.
#[derive(Debug)]
pub(crate) struct Canonical {
    pub(crate) store: Arc<Store>,
    batch: Batch,
    /// The head on disk.
    durable: BlockId,
    /// Blocks that continue it and are not written yet.
    waiting: Vec<Proven>,
    waiting_items: usize,
    waiting_since: Instant,
    /// Recent blocks, canonical and not, by hash.
    recent: HashMap<B256, Recent>,
    pub(crate) publisher: Option<Publisher>,
    finalized: u64,
}

impl Canonical {
    /// Goes on where the store stopped.
    pub(crate) fn open(store: Arc<Store>, batch: Batch) -> Result<Self, StateError> {
        let durable = store.head();
        let finalized = store.marker(FINALIZED)?.and_then(|bytes| bytes.as_slice().try_into().ok());
        Ok(Self {
            store,
            batch,
            durable,
            waiting: Vec::new(),
            waiting_items: 0,
            waiting_since: Instant::now(),
            recent: HashMap::default(),
            publisher: None,
            finalized: finalized.map_or(0, u64::from_be_bytes),
        })
    }

    /// Returns the number of the final block: no branch leaves the chain below it.
    pub(crate) const fn finalized(&self) -> u64 {
        self.finalized
    }

    /// Makes a canonical block final, for good.
    pub(crate) fn finalize(&mut self, number: u64) -> Result<(), StateError> {
        if number > self.finalized {
            self.store.set_marker(FINALIZED, &number.to_be_bytes())?;
            self.finalized = number;
        }
        Ok(())
    }

    /// Takes a block in; writes what waits if it is time to, or if the block is on another branch.
    pub(crate) fn add(&mut self, proven: Proven) -> Result<Option<Commit>, ChainError> {
        let continues =
            proven.place == Place::Head && proven.block.header.parent_hash == self.waiting_head().hash;
        // What continues the chain is told with its execution; should it leave and join again, it is told without.
        let execution = if continues { None } else { proven.execution.clone() };
        self.recent.insert(proven.block.hash, Recent { block: Arc::clone(&proven.block), execution });
        if proven.place == Place::Side {
            return Ok(None);
        }
        if !continues {
            let written = self.flush()?;
            let moved = self.move_to(proven.block.hash)?;
            return Ok(Some(match written {
                Some(written) => Commit {
                    blocks: written.blocks + moved.blocks,
                    txs: written.txs + moved.txs,
                    gas_used: written.gas_used + moved.gas_used,
                    base: moved.base,
                },
                None => moved,
            }));
        }
        if self.waiting.is_empty() {
            self.waiting_since = Instant::now();
        }
        self.waiting_items += items(&proven.block);
        self.waiting.push(proven);
        let is_full = self.waiting.len() >= self.batch.blocks
            || self.waiting_items >= self.batch.items
            || self.waiting_since.elapsed() >= self.batch.time;
        if is_full { self.flush() } else { Ok(None) }
    }

    /// Writes what waits, in one transaction; durable when it returns. After an error nothing of it is written.
    pub(crate) fn flush(&mut self) -> Result<Option<Commit>, ChainError> {
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let blocks: Vec<_> = self.waiting.iter().map(|proven| Arc::clone(&proven.block)).collect();
        self.store.commit(&blocks)?;
        self.durable = self.waiting_head();
        self.waiting_items = 0;
        let new = std::mem::take(&mut self.waiting).into_iter();
        let new = new
            .map(|proven| NotifiedBlock::new(proven.block, proven.execution, proven.parent.state().clone()));
        let new = new.collect();
        self.written(&blocks, Notification::Committed { new }).map(Some)
    }

    /// Makes a recent block the head: blocks of the branch it is not on leave, those of its own join.
    pub(crate) fn move_to(&mut self, head: B256) -> Result<Commit, ChainError> {
        let (ancestor, joining) = self.branch(head)?;
        if ancestor.number < self.finalized {
            let (ancestor, finalized) = (ancestor.number, self.finalized);
            return Err(ChainError::Finalized { ancestor, finalized });
        }
        let leaving = ancestor.number + 1..=self.durable.number;
        let old = leaving.map(|number| notified(&self.store, number)).collect::<Result<Vec<_>, _>>()?;
        let mut view = View::new(Arc::new(Base::at(&self.store, ancestor)?));
        let mut new = Vec::with_capacity(joining.len());
        for Recent { block, execution } in &joining {
            new.push(NotifiedBlock::new(Arc::clone(block), execution.clone(), view.state().clone()));
            let id = id(block.header.number, block.hash);
            view = view.child(Arc::new(Layer::new(id, Arc::clone(&block.update))));
        }
        let joining: Vec<_> = joining.into_iter().map(|recent| recent.block).collect();
        for block in &joining {
            self.recent.entry(block.hash).and_modify(|recent| recent.execution = None);
        }
        self.store.reorg(ancestor.number, &joining)?;
        self.durable = view.id();
        let notification = match (old.is_empty(), new.is_empty()) {
            (false, true) => Notification::Reverted { old },
            (false, false) => Notification::Reorged { old, new },
            (true, _) => Notification::Committed { new },
        };
        self.written(&joining, notification)
    }

    /// Returns the head, with what is not written yet.
    pub(crate) fn waiting_head(&self) -> BlockId {
        self.waiting.last().map_or(self.durable, |proven| id(proven.block.header.number, proven.block.hash))
    }

    /// Forgets what is not written.
    pub(crate) fn discard(&mut self) {
        for proven in std::mem::take(&mut self.waiting) {
            self.recent.remove(&proven.block.hash);
        }
        self.waiting_items = 0;
    }

    /// Finds where the branch of a recent block leaves the chain on disk, and the blocks from there on.
    fn branch(&self, head: B256) -> Result<(BlockId, Vec<Recent>), ChainError> {
        let (mut joining, mut hash) = (Vec::new(), head);
        loop {
            if let Some(header) = self.store.header(hash)?
                && self.store.canonical_hash(header.number)? == Some(hash)
            {
                joining.reverse();
                return Ok((id(header.number, hash), joining));
            }
            let Some(recent) = self.recent.get(&hash) else {
                let what = format!("block {hash} of a branch is neither on disk nor in memory");
                return Err(ChainError::Invariant { what });
            };
            joining.push(recent.clone());
            hash = recent.block.header.parent_hash;
        }
    }

    /// Tells the subscriber, and forgets what nobody needs.
    fn written(
        &mut self,
        blocks: &[Arc<ExecutedBlock>],
        notification: Notification,
    ) -> Result<Commit, ChainError> {
        let base = Arc::new(Base::head(&self.store)?);
        if let Some(publisher) = &self.publisher
            && !publisher.publish(notification)
        {
            self.publisher = None;
        }
        let oldest = self.durable.number.saturating_sub(STATE_DEPTH);
        if let Some(publisher) = &self.publisher {
            self.store.keep_from(publisher.finished());
        }
        self.recent.retain(|_, recent| recent.block.header.number >= oldest);
        Ok(Commit {
            blocks: blocks.len(),
            txs: blocks.iter().map(|block| block.body.transactions.len()).sum(),
            gas_used: blocks.iter().map(|block| block.header.gas_used).sum(),
            base,
        })
    }
}

/// Counts what a block makes the store write.
fn items(block: &ExecutedBlock) -> usize {
    let slots: usize = block.update.accounts.values().map(|account| account.storage.slots.len()).sum();
    let logs: usize = block.receipts.iter().map(|receipt| receipt.logs.len()).sum();
    block.update.accounts.len() + slots + logs + block.body.transactions.len()
}

/// Reads a canonical block back from the store, with the state before it.
pub(crate) fn notified(store: &Store, number: u64) -> Result<NotifiedBlock, StateError> {
    let block = Arc::new(read_back(store, number)?);
    Ok(NotifiedBlock::new(block, None, store.state_at(number.saturating_sub(1))?))
}

/// Reads a canonical block back from the store; what it changed is not there.
pub fn read_back(store: &Store, number: u64) -> Result<ExecutedBlock, StateError> {
    let hash = store.canonical_hash(number)?.ok_or(StateError::NoBlockHash(number))?;
    let missing = || StateError::NoBlock(hash);
    Ok(ExecutedBlock {
        hash,
        header: store.header(hash)?.ok_or_else(missing)?,
        body: store.body(hash)?.ok_or_else(missing)?,
        receipts: store.receipts(hash)?.ok_or_else(missing)?,
        total_difficulty: store.total_difficulty(hash)?.ok_or_else(missing)?,
        // What it changed is in the states before and after it.
        update: Arc::new(StateUpdate::default()),
        trie: Arc::new(TrieUpdate::default()),
    })
}
