//! Keeps accepted blocks with their post-states and chooses the head.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{
    B256, U256,
    map::{Entry, HashMap},
};
use tandem_corpus::{Block, ChainSpec, PlainState};

use crate::{
    body::validate_body,
    error::ConsensusError,
    ommers::{Ancestor, GENERATIONS, validate_ommers},
    root::state_root,
    rules::{Consensus, HeaderContext, validate_header},
};

/// How many generations below the highest block a [`Tree`] keeps states, if not told otherwise.
///
/// Two epochs of proof of stake, after which a block is final; reorgs of proof of work were shorter.
pub const STATE_DEPTH: u64 = 64;

/// How many ancestors BLOCKHASH reaches.
const BLOCK_HASH_WINDOW: u64 = 256;

/// A block that a tree does not take: because it is wrong, or because the tree cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The block breaks a rule.
    #[error(transparent)]
    Invalid(#[from] ConsensusError),
    /// The block's parent is not in the tree: never accepted, or too deep to be remembered.
    #[error("block {number} has parent {parent}, which is not known")]
    UnknownParent {
        /// The block's number.
        number: u64,
        /// The parent's hash.
        parent: B256,
    },
    /// The parent is known, its state is no longer kept.
    #[error("block {number} has parent {parent}, whose state is no longer kept")]
    StateDropped {
        /// The block's number.
        number: u64,
        /// The parent's hash.
        parent: B256,
    },
}

/// The parent of a block that may be executed.
#[derive(Clone, Debug)]
pub struct Parent<S = Arc<PlainState>> {
    /// The parent's hash.
    pub hash: B256,
    /// The parent's header.
    pub header: Header,
    /// The state after the parent, with the hashes of the 256 latest blocks.
    pub state: S,
    /// The sum of difficulties from genesis to the parent.
    pub total_difficulty: U256,
}

/// An accepted block.
#[derive(Clone, Debug)]
struct Node<S> {
    header: Header,
    ommers: Vec<B256>,
    total_difficulty: U256,
    consensus: Consensus,
    state: Option<S>,
}

/// A tree of accepted blocks, in memory; `S` is a handle on the state after a block.
///
/// Memory is bounded: of a block more than `state_depth` generations below the highest one the state is dropped, and
/// soon after the block itself (ommers reach seven generations further). The head is always kept.
#[derive(Clone, Debug)]
pub struct Tree<S = Arc<PlainState>> {
    spec: Arc<ChainSpec>,
    state_depth: u64,
    nodes: HashMap<B256, Node<S>>,
    heights: BTreeMap<u64, Vec<B256>>,
    head: B256,
}

impl Tree {
    /// Begins a tree with a block that is trusted, usually genesis, and the state after it.
    ///
    /// The header's state root must be that of the state; no other rule is applied.
    pub fn new(spec: Arc<ChainSpec>, genesis: Header, mut state: PlainState) -> Result<Self, ConsensusError> {
        let expected = state_root(&state);
        if genesis.state_root != expected {
            return Err(ConsensusError::StateRoot { got: genesis.state_root, expected });
        }
        state.block_hashes.insert(genesis.number, genesis.hash_slow());
        let total_difficulty = genesis.difficulty;
        let root = Ancestry { header: genesis, ommers: Vec::new(), total_difficulty };
        Ok(Self::begin(spec, root, Arc::new(state)))
    }

    /// Adds a block with the state after it, and chooses the head.
    ///
    /// As [`accept_with`](Self::accept_with); the hashes of the 256 latest blocks are added to the state.
    pub fn accept(&mut self, block: &Block, mut post_state: PlainState) -> Result<(), ImportError> {
        let header = &block.header;
        let (_, state) = self.parent_of(header)?;
        // Counted from the child, which executes on this state: it sees the 256 blocks before itself.
        let oldest = (header.number + 1).saturating_sub(BLOCK_HASH_WINDOW);
        post_state.block_hashes = state.block_hashes.clone().split_off(&oldest);
        post_state.block_hashes.insert(header.number, block.hash);
        self.accept_with(block, Arc::new(post_state)).map(drop)
    }
}

/// What a tree must know of a block that others descend from.
#[derive(Clone, Debug)]
pub struct Ancestry {
    /// Its header.
    pub header: Header,
    /// The hashes of its ommers.
    pub ommers: Vec<B256>,
    /// The sum of difficulties from genesis to it.
    pub total_difficulty: U256,
}

/// Whether an accepted block is the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is.
    Head,
    /// Another block is.
    Side,
}

impl<S: Clone> Tree<S> {
    /// Begins a tree with a block that is trusted and the state after it; no rule is applied.
    pub fn begin(spec: Arc<ChainSpec>, root: Ancestry, state: S) -> Self {
        let head = root.header.hash_slow();
        let mut tree = Self {
            spec,
            state_depth: STATE_DEPTH,
            nodes: HashMap::default(),
            heights: BTreeMap::new(),
            head,
        };
        tree.insert(head, root, Some(state));
        tree
    }

    /// Adds a trusted ancestor of the root: ommers are checked against it, and where there is a state, branches begin.
    pub fn remember(&mut self, ancestor: Ancestry, state: Option<S>) {
        self.insert(ancestor.header.hash_slow(), ancestor, state);
    }

    /// Makes an accepted block the head, by choice. False if there is no such block.
    pub fn set_head(&mut self, hash: B256) -> bool {
        let is_known = self.nodes.contains_key(&hash);
        if is_known {
            self.head = hash;
        }
        is_known
    }

    /// Replaces every state that is kept, given the block's number and hash.
    pub fn try_map_states<E>(&mut self, mut map: impl FnMut(u64, B256, &S) -> Result<S, E>) -> Result<(), E> {
        for (hash, node) in &mut self.nodes {
            if let Some(state) = &mut node.state {
                *state = map(node.header.number, *hash, state)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, hash: B256, block: Ancestry, state: Option<S>) {
        let Ancestry { header, ommers, total_difficulty } = block;
        let number = header.number;
        // Whoever has no difficulty did not earn it by work; genesis is neither and counts as work.
        let merged = header.difficulty.is_zero() && number > 0;
        let consensus = if merged { Consensus::Stake } else { Consensus::Work };
        self.nodes.insert(hash, Node { header, ommers, total_difficulty, consensus, state });
        self.heights.entry(number).or_default().push(hash);
    }

    /// Keeps states for another number of generations below the highest block; zero keeps the highest block's only.
    pub fn with_state_depth(self, state_depth: u64) -> Self {
        Self { state_depth, ..self }
    }

    /// Returns the rules of the chain.
    pub const fn spec(&self) -> &Arc<ChainSpec> {
        &self.spec
    }

    /// Returns the hash of the head.
    ///
    /// Before the merge it is the block of most total difficulty, of equal ones the first accepted; from the merge on
    /// it is the block accepted last.
    pub const fn head(&self) -> B256 {
        self.head
    }

    /// Returns the header of a block that is kept.
    pub fn header(&self, hash: &B256) -> Option<&Header> {
        self.nodes.get(hash).map(|node| &node.header)
    }

    /// Returns the sum of difficulties from genesis to a block that is kept.
    pub fn total_difficulty(&self, hash: &B256) -> Option<U256> {
        self.nodes.get(hash).map(|node| node.total_difficulty)
    }

    /// Returns the state after a block, if it is kept.
    pub fn state(&self, hash: &B256) -> Option<&S> {
        self.nodes.get(hash)?.state.as_ref()
    }

    /// Returns how many blocks are kept.
    pub fn block_count(&self) -> usize {
        self.nodes.len()
    }

    /// Validates a block as far as is possible before execution and returns the parent to execute it on.
    pub fn prepare(&self, block: &Block) -> Result<Parent<S>, ImportError> {
        let parent = self.prepare_header(block)?;
        validate_body(&self.spec, block)?;
        self.prepare_ommers(block)?;
        Ok(parent)
    }

    /// Validates a block's header and returns the parent; the body is [`validate_body`]'s part, ommers' headers are
    /// [`prepare_ommers`](Self::prepare_ommers)'.
    pub fn prepare_header(&self, block: &Block) -> Result<Parent<S>, ImportError> {
        let expected = block.header.hash_slow();
        if block.hash != expected {
            return Err(ConsensusError::BlockHash { got: block.hash, expected }.into());
        }
        let (node, state) = self.parent_of(&block.header)?;
        let parent = Parent {
            hash: block.header.parent_hash,
            header: node.header.clone(),
            state: state.clone(),
            total_difficulty: node.total_difficulty,
        };
        validate_header(&parent.context(&self.spec), &block.header)?;
        Ok(parent)
    }

    /// Validates the headers of a block's ommers.
    pub fn prepare_ommers(&self, block: &Block) -> Result<(), ImportError> {
        if !block.ommers.is_empty() {
            validate_ommers(&self.spec, block, &self.ancestors(block.header.parent_hash))?;
        }
        Ok(())
    }

    /// Adds a block with the state after it, chooses the head, and says whether it is this block.
    ///
    /// The caller has prepared the block, executed it and validated the output; nothing is validated here again. A
    /// block that is there already changes nothing, except that after the merge it becomes the head.
    pub fn accept_with(&mut self, block: &Block, post_state: S) -> Result<Place, ImportError> {
        let (parent, _) = self.parent_of(&block.header)?;
        let header = &block.header;
        let context = HeaderContext {
            spec: &self.spec,
            parent: &parent.header,
            parent_hash: header.parent_hash,
            parent_total_difficulty: parent.total_difficulty,
        };
        let consensus = context.consensus_of(header);
        let total_difficulty = parent.total_difficulty.saturating_add(header.difficulty);
        if let Entry::Vacant(entry) = self.nodes.entry(block.hash) {
            entry.insert(Node {
                header: header.clone(),
                ommers: block.ommers.iter().map(Header::hash_slow).collect(),
                total_difficulty,
                consensus,
                state: Some(post_state),
            });
            self.heights.entry(header.number).or_default().push(block.hash);
        }
        self.choose_head(block.hash, consensus, total_difficulty);
        self.forget();
        Ok(if self.head == block.hash { Place::Head } else { Place::Side })
    }

    fn parent_of(&self, header: &Header) -> Result<(&Node<S>, &S), ImportError> {
        let (number, parent) = (header.number, header.parent_hash);
        let node = self.nodes.get(&parent).ok_or(ImportError::UnknownParent { number, parent })?;
        let state = node.state.as_ref().ok_or(ImportError::StateDropped { number, parent })?;
        Ok((node, state))
    }

    /// Returns a block and its ancestors, as far back as ommers reach.
    fn ancestors(&self, mut hash: B256) -> Vec<Ancestor<'_>> {
        let mut ancestors = Vec::with_capacity(GENERATIONS);
        while ancestors.len() < GENERATIONS
            && let Some(Node { header, ommers, total_difficulty, .. }) = self.nodes.get(&hash)
        {
            ancestors.push(Ancestor { hash, header, ommers, total_difficulty: *total_difficulty });
            hash = header.parent_hash;
        }
        ancestors
    }

    fn choose_head(&mut self, hash: B256, consensus: Consensus, total_difficulty: U256) {
        let better = match (consensus, self.nodes.get(&self.head)) {
            (Consensus::Stake, _) | (_, None) => true,
            (Consensus::Work, Some(head)) => {
                head.consensus == Consensus::Work && total_difficulty > head.total_difficulty
            }
        };
        if better {
            self.head = hash;
        }
    }

    /// Drops states, and then blocks, that are too deep below the highest block.
    fn forget(&mut self) {
        let highest = self.heights.last_key_value().map_or(0, |(number, _)| *number);
        let stateful = highest.saturating_sub(self.state_depth);
        let remembered = stateful.saturating_sub(GENERATIONS as u64);

        let recent = self.heights.split_off(&remembered);
        for (number, mut hashes) in std::mem::replace(&mut self.heights, recent) {
            hashes.retain(|hash| *hash == self.head || self.nodes.remove(hash).is_none());
            if !hashes.is_empty() {
                self.heights.insert(number, hashes);
            }
        }
        for hash in self.heights.range(..stateful).flat_map(|(_, hashes)| hashes) {
            if *hash != self.head
                && let Some(node) = self.nodes.get_mut(hash)
            {
                node.state = None;
            }
        }
    }
}

impl<S> Parent<S> {
    /// Returns what a child's header is checked against.
    pub const fn context<'a>(&'a self, spec: &'a ChainSpec) -> HeaderContext<'a> {
        HeaderContext {
            spec,
            parent: &self.header,
            parent_hash: self.hash,
            parent_total_difficulty: self.total_difficulty,
        }
    }
}

#[cfg(test)]
mod tests;
