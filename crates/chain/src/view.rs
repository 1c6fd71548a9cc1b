//! Sees the state after a block: what is on disk, and over it what recent blocks changed.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use alloy_primitives::B256;
use tandem_state::{BlockId, StateError, StateUpdate, StateView, Store, TrieUpdate, TrieView};

/// The state and the trie after a block that is on disk.
#[derive(Clone)]
pub struct Base {
    /// The block.
    pub id: BlockId,
    state: StateView,
    trie: TrieView,
}

/// What one block changed.
///
/// The tries' part comes later than the rest: a block executes while its parent's root is still being computed.
pub struct Layer {
    /// The block.
    pub id: BlockId,
    /// Its changes, hashed.
    pub update: Arc<StateUpdate>,
    trie: OnceLock<Arc<TrieUpdate>>,
}

/// The state after a block. Clones are cheap, and answer the same whatever is written meanwhile.
#[derive(Clone)]
pub struct View {
    base: Arc<Base>,
    layers: Vec<Arc<Layer>>,
    state: StateView,
}

impl Base {
    /// Takes a snapshot of the store at its head.
    pub fn head(store: &Store) -> Result<Self, StateError> {
        Self::at(store, store.head())
    }

    /// Goes back to a canonical block whose state the store can still give.
    pub fn at(store: &Store, id: BlockId) -> Result<Self, StateError> {
        Ok(Self { id, state: store.state_at(id.number)?, trie: store.trie_at(id.number)? })
    }
}

impl Layer {
    /// Holds what a block changed, for now without its tries.
    pub const fn new(id: BlockId, update: Arc<StateUpdate>) -> Self {
        Self { id, update, trie: OnceLock::new() }
    }

    /// Adds what it changed in the tries; once.
    pub fn set_trie(&self, trie: Arc<TrieUpdate>) {
        let is_first = self.trie.set(trie).is_ok();
        debug_assert!(is_first, "the root of block {} was computed twice", self.id.number);
    }

    /// Returns what it changed in the tries, if that is known.
    pub fn trie(&self) -> Option<&Arc<TrieUpdate>> {
        self.trie.get()
    }
}

impl View {
    /// Sees a block on disk.
    pub fn new(base: Arc<Base>) -> Self {
        Self { state: base.state.clone(), layers: Vec::new(), base }
    }

    /// Sees one block further.
    pub fn child(&self, layer: Arc<Layer>) -> Self {
        let state = self.state.over(layer.id, Arc::clone(&layer.update));
        let mut layers = self.layers.clone();
        layers.push(layer);
        Self { base: Arc::clone(&self.base), layers, state }
    }

    /// Sees the same from a later base, if that is on the way here.
    pub fn rebased(&self, base: &Arc<Base>) -> Self {
        let Some(at) = self.layers.iter().position(|layer| layer.id == base.id) else { return self.clone() };
        let layers = &self.layers[at + 1..];
        layers.iter().cloned().fold(Self::new(Arc::clone(base)), |view, layer| view.child(layer))
    }

    /// Returns the block.
    pub fn id(&self) -> BlockId {
        self.layers.last().map_or(self.base.id, |layer| layer.id)
    }

    /// Returns the state, for the executor.
    pub const fn state(&self) -> &StateView {
        &self.state
    }

    /// Returns the tries, if all blocks on the way have theirs.
    pub fn trie(&self) -> Option<TrieView> {
        let mut tries = self.layers.iter().map(|layer| layer.trie());
        tries.try_fold(self.base.trie.clone(), |view, update| Some(view.over(Arc::clone(update?))))
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("block", &self.id()).field("base", &self.base.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("block", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("block", &self.id).finish_non_exhaustive()
    }
}

/// A state that a block may be executed on.
#[derive(Clone, Debug)]
pub enum Handle {
    /// It is at hand.
    View(View),
    /// The store has it.
    Stored(BlockId),
}

impl Handle {
    /// Opens the state; none where the block has left the chain on disk, whose states the store has.
    pub fn open(&self, store: &Store) -> Result<Option<View>, StateError> {
        match self {
            Self::View(view) => Ok(Some(view.clone())),
            Self::Stored(id) => {
                let base = Base::at(store, *id);
                // Asked after opening: what is canonical now was canonical then, unless it left and came back.
                if store.canonical_hash(id.number)? != Some(id.hash) {
                    return Ok(None);
                }
                Ok(Some(View::new(Arc::new(base?))))
            }
        }
    }
}

/// Names a block.
pub(crate) const fn id(number: u64, hash: B256) -> BlockId {
    BlockId { number, hash }
}
