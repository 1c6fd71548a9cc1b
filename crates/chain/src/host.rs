//! Grows a chain on disk: block by block here, many blocks at once in [`pipeline`](crate::pipeline).

use std::{num::NonZero, sync::Arc};

use alloy_primitives::{B256, map::B256Map};
use tandem_corpus::{Block, ChainSpec};
use tandem_state::{ExecutedBlock, StateError, StateUpdate, Store};

use crate::{
    canonical::{Batch, Canonical, Commit, Proven},
    error::{ChainError, ExecuteError},
    execute::{Contradiction, Executed, Executor},
    notification::Execution,
    ommers::GENERATIONS,
    prove::prove,
    subscription::{Subscription, connect},
    tree::{Ancestry, ImportError, Parent, Place, Tree},
    view::{Base, Handle, Layer, View, id},
};

/// How a host works.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// What executes blocks.
    pub executor: Executor,
    /// Threads that compute a state root, or recover a block's senders.
    pub threads: NonZero<usize>,
    /// What is kept of executions.
    pub keep: Keep,
    /// How much is written at once by [`pipeline`](crate::pipeline); [`Host::import`] writes every block by itself.
    pub batch: Batch,
}

/// What is kept of the execution of a block until whoever subscribed has seen it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// What the store takes.
    #[default]
    Stored,
    /// All of it, for subscribers who compare executions.
    Executions,
}

/// A chain on disk.
///
/// The tree has the recent blocks of all branches and the rules, the canonical chain is what the store has. A block
/// that is not on the canonical chain is kept in memory only: after a restart it must come again.
#[derive(Debug)]
pub struct Host {
    pub(crate) store: Arc<Store>,
    pub(crate) tree: Tree<Handle>,
    pub(crate) canonical: Canonical,
    pub(crate) settings: HostSettings,
    /// What parallel executions of blocks gave that are to come again.
    pub(crate) distrusted: Distrusted,
}

/// Blocks that execute sequentially when they come again, and why.
pub(crate) type Distrusted = B256Map<Box<Contradiction>>;

/// A block that was executed; its roots are not known yet.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) block: Block,
    pub(crate) executed: Executed,
    pub(crate) total_difficulty: alloy_primitives::U256,
    pub(crate) parent: View,
    pub(crate) layer: Arc<Layer>,
    pub(crate) contradiction: Option<Box<Contradiction>>,
}

impl Host {
    /// Opens the chain of a store and goes on at its head.
    pub fn open(store: Arc<Store>, spec: Arc<ChainSpec>, settings: HostSettings) -> Result<Self, StateError> {
        let canonical = Canonical::open(Arc::clone(&store), settings.batch)?;
        let tree = tree(&store, spec)?;
        Ok(Self { store, tree, canonical, settings, distrusted: Distrusted::default() })
    }

    /// Returns the store.
    pub const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Returns the accepted blocks.
    pub const fn tree(&self) -> &Tree<Handle> {
        &self.tree
    }

    /// Validates a block, executes it and adds it; where it becomes the head, it is on disk when this returns.
    ///
    /// A block that is known changes nothing.
    pub fn import(&mut self, block: Block) -> Result<Place, ChainError> {
        if self.tree.header(&block.hash).is_some() {
            return Ok(if self.tree.head() == block.hash { Place::Head } else { Place::Side });
        }
        let parent = self.tree.prepare(&block)?;
        let contradiction = self.distrusted.remove(&block.hash);
        let executor = &self.settings.executor;
        let candidate = execute(self.tree.spec(), &self.store, executor, parent, block, contradiction)?;
        let (block, view) = (candidate.block.clone(), candidate.view());
        let mut proven = check(self.tree.spec(), candidate, &self.settings)?;
        // The tree and the store move together: what the store refuses, the tree does not have.
        let before = self.tree.clone();
        proven.place = self.tree.accept_with(&block, Handle::View(view))?;
        let place = proven.place;
        let written = self.canonical.add(proven).and_then(|added| match added {
            Some(commit) => Ok(Some(commit)),
            None => self.canonical.flush(),
        });
        match written {
            Ok(Some(commit)) => self.settle(&commit.base)?,
            Ok(None) => {}
            Err(error) => {
                self.tree = before;
                self.canonical.discard();
                return Err(error);
            }
        }
        Ok(place)
    }

    /// Makes an accepted block the head, by choice: the fork choice from the merge on.
    pub fn set_head(&mut self, hash: B256) -> Result<Commit, ChainError> {
        let commit = self.canonical.move_to(hash)?;
        self.tree.set_head(hash);
        self.settle(&commit.base)?;
        Ok(commit)
    }

    /// Makes a canonical block final: no branch may leave the chain below it.
    pub fn finalize(&mut self, number: u64) -> Result<(), ChainError> {
        Ok(self.canonical.finalize(number)?)
    }

    /// Returns the number of the final block.
    pub const fn finalized(&self) -> u64 {
        self.canonical.finalized()
    }

    /// Subscribes to what becomes of the chain; the subscriber has finished everything up to a number.
    ///
    /// When so many notifications wait, the chain waits too. A second subscriber takes the first one's place.
    pub fn subscribe(&mut self, finished: u64, capacity: usize) -> Result<Subscription, ChainError> {
        let head = self.store.head().number;
        let (publisher, subscription) = connect(Arc::clone(&self.store), finished, head, capacity);
        self.canonical.publisher = Some(publisher);
        Ok(subscription)
    }

    /// Executes a block sequentially when it comes again, and tells subscribers what its parallel execution gave.
    ///
    /// For hosts that go on after [`ChainError::Diverged`].
    pub fn distrust(&mut self, block: B256, contradiction: Box<Contradiction>) {
        self.distrusted.insert(block, contradiction);
    }

    /// Begins again at what is on disk; what was accepted and not written is forgotten.
    pub(crate) fn reload(&mut self) -> Result<(), ChainError> {
        self.canonical.discard();
        self.tree = tree(&self.store, Arc::clone(self.tree.spec()))?;
        Ok(())
    }

    /// Lets the tree read from the store what is written.
    fn settle(&mut self, base: &Arc<Base>) -> Result<(), StateError> {
        settle(&mut self.tree, &self.store, base)
    }
}

impl Candidate {
    /// Returns the state after the block.
    pub(crate) fn view(&self) -> View {
        self.parent.child(Arc::clone(&self.layer))
    }
}

/// Executes a block that keeps the rules that hold before execution.
///
/// Where the execution fails, a sequential one decides whether the block is wrong. One that contradicted the header
/// before is not done in parallel again.
pub(crate) fn execute(
    spec: &Arc<ChainSpec>,
    store: &Store,
    executor: &Executor,
    parent: Parent<Handle>,
    block: Block,
    contradiction: Option<Box<Contradiction>>,
) -> Result<Candidate, ChainError> {
    let dropped = || ImportError::StateDropped { number: block.header.number, parent: parent.hash };
    let view = parent.state.open(store)?.ok_or_else(dropped)?;
    let sequential = executor.sequential();
    let executor = if contradiction.is_some() { &sequential } else { executor };
    let executed = match executor.execute(spec, &block, view.state()) {
        Err(ExecuteError::Block(error)) => match sequential.execute(spec, &block, view.state()) {
            Ok(_) => {
                let parallel = Box::new(Contradiction { what: error.to_string(), executed: None });
                return Err(ChainError::Diverged { parallel, block: Box::new(block) });
            }
            Err(error) => return Err(error.into()),
        },
        executed => executed?,
    };
    let update = Arc::new(StateUpdate::from_bundle(&executed.bundle));
    Ok(Candidate {
        total_difficulty: parent.total_difficulty.saturating_add(block.header.difficulty),
        layer: Arc::new(Layer::new(id(block.header.number, block.hash), update)),
        parent: view,
        block,
        executed,
        contradiction,
    })
}

/// Computes the roots of an executed block and holds them against its header.
///
/// The tries of its parent are known by now. Whether it is the head is not: [`Place::Side`] stands for it.
pub(crate) fn check(
    spec: &Arc<ChainSpec>,
    candidate: Candidate,
    settings: &HostSettings,
) -> Result<Proven, ChainError> {
    let view = candidate.view();
    let Candidate { block, executed, total_difficulty, parent, layer, contradiction } = candidate;
    let what = || format!("the tries of block {}'s parent are not known", block.header.number);
    let trie = parent.trie().ok_or_else(|| ChainError::Invariant { what: what() })?;
    let rules = spec.at(&block.header);
    let states = (view.state(), &trie);
    let after = match prove(&rules, &block.header, &executed, &layer.update, states, settings.threads) {
        Ok(after) => after,
        Err(error) if error.is_about_block() => {
            return Err(diverged(spec, block, executed, &parent, settings, error)?);
        }
        Err(error) => return Err(error),
    };
    layer.set_trie(Arc::clone(&after));
    let receipts = executed.result.receipts;
    let execution = (settings.keep == Keep::Executions).then(|| {
        Arc::new(Execution {
            block: block.clone(),
            parent_trie: trie.clone(),
            requests: executed.result.requests,
            gas_used: executed.result.gas_used,
            blob_gas_used: executed.result.blob_gas_used,
            bundle: executed.bundle,
            block_access_list: executed.block_access_list,
            stats: executed.stats,
            duration: executed.duration,
            contradiction,
        })
    });
    let block = ExecutedBlock {
        hash: block.hash,
        body: body_of(&block),
        header: block.header,
        receipts,
        total_difficulty,
        update: Arc::clone(&layer.update),
        trie: after,
    };
    Ok(Proven { block: Arc::new(block), parent, place: Place::Side, execution })
}

fn body_of(block: &Block) -> tandem_state::store::Body {
    tandem_state::store::Body {
        transactions: block.transactions.iter().map(|transaction| transaction.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    }
}

/// Reads what a tree must know of the chain on disk.
fn tree(store: &Arc<Store>, spec: Arc<ChainSpec>) -> Result<Tree<Handle>, StateError> {
    let head = store.head();
    let mut tree = Tree::begin(spec, ancestry(store, head.hash)?, Handle::Stored(head));
    // Branches may leave the chain as deep as the tree keeps states; ommers reach a little further.
    let with_state = head.number.saturating_sub(crate::tree::STATE_DEPTH).max(store.oldest_state());
    let oldest = with_state.saturating_sub(GENERATIONS as u64);
    for number in (oldest..head.number).rev() {
        let hash = store.canonical_hash(number)?.ok_or(StateError::NoBlockHash(number))?;
        let state = (number >= with_state).then_some(Handle::Stored(id(number, hash)));
        tree.remember(ancestry(store, hash)?, state);
    }
    Ok(tree)
}

fn ancestry(store: &Store, hash: B256) -> Result<Ancestry, StateError> {
    let missing = || StateError::NoBlock(hash);
    let header = store.header(hash)?.ok_or_else(missing)?;
    let ommers = store.body(hash)?.ok_or_else(missing)?.ommers;
    let total_difficulty = store.total_difficulty(hash)?.ok_or_else(missing)?;
    Ok(Ancestry {
        ommers: ommers.iter().map(alloy_consensus::Header::hash_slow).collect(),
        total_difficulty,
        header,
    })
}

/// Lets the tree read from the store what is written, and from memory only what is not.
pub(crate) fn settle(tree: &mut Tree<Handle>, store: &Store, base: &Arc<Base>) -> Result<(), StateError> {
    tree.try_map_states(|number, hash, handle| {
        let Handle::View(view) = handle else { return Ok(handle.clone()) };
        if number <= base.id.number && store.canonical_hash(number)? == Some(hash) {
            return Ok(Handle::Stored(id(number, hash)));
        }
        Ok(Handle::View(view.rebased(base)))
    })
}

/// Says whether a block is wrong, or our execution of it: a sequential one decides.
///
/// Whatever the strategy is by now: it may have changed since the block was executed.
fn diverged(
    spec: &Arc<ChainSpec>,
    block: Block,
    wrong: Executed,
    parent: &View,
    settings: &HostSettings,
    error: ChainError,
) -> Result<ChainError, ChainError> {
    let executor = settings.executor.sequential();
    let Ok(executed) = executor.execute(spec, &block, parent.state()) else { return Ok(error) };
    let update = Arc::new(StateUpdate::from_bundle(&executed.bundle));
    let layer = Arc::new(Layer::new(id(block.header.number, block.hash), Arc::clone(&update)));
    let view = parent.child(layer);
    let Some(trie) = parent.trie() else { return Ok(error) };
    let states = (view.state(), &trie);
    match prove(&spec.at(&block.header), &block.header, &executed, &update, states, settings.threads) {
        Ok(_) => {
            let parallel = Box::new(Contradiction { what: error.to_string(), executed: Some(wrong) });
            Ok(ChainError::Diverged { parallel, block: Box::new(block) })
        }
        Err(other) if other.is_about_block() => Ok(error),
        Err(other) => Err(other),
    }
}
