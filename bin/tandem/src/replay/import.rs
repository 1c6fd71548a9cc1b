//! Holds a chain under way: its accepted blocks, and what is known of the others.

use tandem_chain::{ImportError, Tree, state_root};
use tandem_compare::{Engine, Expectation, Observe, Reference};
use tandem_corpus::{Block, Case, Chain, ChainBlock, PlainState, decode_block};

use super::{
    after, eip779,
    expectation::{self, Expected, NotApplied},
};

/// A chain under way.
#[derive(Debug)]
pub(crate) struct Import {
    /// Where the chain came from.
    pub(crate) source: String,
    /// The accepted blocks.
    pub(crate) tree: Tree,
    /// Whether the chain is a blockchain test.
    pub(crate) is_test: bool,
    /// Whether a valid block of this chain was not accepted, so that its children have no parent.
    pub(crate) has_gap: bool,
    /// Why what the source expects of a block, and so of the chain's end, was not applied.
    pub(crate) not_applied: Option<NotApplied>,
}

/// A block that may be executed.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The block on its parent's state.
    pub(crate) case: Case,
    /// The rule that it breaks, where what is expected of it is not applied.
    pub(crate) broken_rule: Option<String>,
}

impl Import {
    /// Begins with the chain's genesis, whose state root must be that of its state.
    pub(crate) fn begin(chain: &Chain) -> Result<Self, String> {
        let genesis = chain.genesis_header(state_root(&chain.state)).map_err(|error| error.to_string())?;
        let tree = Tree::new(chain.spec.clone(), genesis, (*chain.state).clone())
            .map_err(|error| format!("{}: genesis: {error}", chain.source))?;
        Ok(Self {
            source: chain.source.clone(),
            tree,
            is_test: expectation::is_test(chain),
            has_gap: false,
            not_applied: None,
        })
    }

    /// Applies the rules that hold before execution and finds the parent state.
    pub(crate) fn prepare(&self, block: &Block, expected: &Expected) -> Result<Prepared, ImportError> {
        let (state, broken_rule) = match (self.tree.prepare(block), expected) {
            (Ok(parent), _) => (parent.state, None),
            (Err(ImportError::Invalid(rule)), Expected::NotApplied(_)) => {
                match self.tree.state(&block.header.parent_hash) {
                    Some(state) => (state.clone(), Some(rule.to_string())),
                    None => return Err(rule.into()),
                }
            }
            (Err(error), _) => return Err(error),
        };
        let spec = self.tree.spec().at(&block.header);
        let (spec, state) = eip779::before_transactions(spec, block.header.number, state);
        let case = Case { source: self.source.clone(), spec, block: block.clone(), state };
        Ok(Prepared { case, broken_rule })
    }

    /// Adds an executed block; without a state after it, its children have no parent.
    pub(crate) fn accept(&mut self, block: &Block, post_state: Option<PlainState>) {
        let Some(post_state) = post_state else {
            self.has_gap = true;
            return;
        };
        if let Err(error) = self.tree.accept(block, post_state) {
            tracing::debug!(block = block.header.number, %error, "not accepted");
            self.has_gap = true;
        }
    }

    /// Executes a block that belongs to another part of the run, only to have its state.
    pub(crate) fn advance(&mut self, item: &ChainBlock) {
        let Some((case, _)) = self.next_case(item) else { return };
        let output = Reference::default().execute(&case, Observe::Output).result.ok();
        self.accept(&case.block, output.map(|output| after::post_state(&case, &output)));
    }

    /// Returns a block that its source says is valid on its parent's state, and what its executions are held against.
    pub(crate) fn next_case(&mut self, item: &ChainBlock) -> Option<(Case, Expectation)> {
        let Ok(block) = decode_block(&item.rlp, self.tree.spec()) else {
            self.has_gap |= item.expected_exception.is_none();
            return None;
        };
        let mut expected = Expected::of(item, &block.header, self.tree.spec(), self.is_test);
        if let Expected::Invalid(_) = expected {
            return None;
        }
        let Ok(Prepared { case, .. }) = self.prepare(&block, &expected) else {
            self.has_gap = true;
            return None;
        };
        if self.is_test && expectation::has_storage_collision(&case.state) {
            expected = Expected::NotApplied(NotApplied::StorageCollision);
        }
        Some((case, expected.expectation()))
    }
}
