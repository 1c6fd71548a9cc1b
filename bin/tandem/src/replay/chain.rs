//! Walks a chain block by block: decode, prepare, execute both ways, judge, accept.

use alloy_primitives::keccak256;
use eyre::Result;
use tandem_chain::{ImportError, Tree, state_root};
use tandem_compare::{CarriedState, Engine, Observe, Reference, StateRoot, Terms, Verdict};
use tandem_corpus::{Block, Case, Chain, ChainBlock, InputError, PlainState, PostState, decode_block};
use tandem_report::{BlockRecord, Verdict as Word};

use super::{
    after,
    expectation::{self, Expected},
    judged::Judged,
    portion::{Portion, Share},
    record,
    twins::Twins,
};

/// Whether a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It does.
    On,
    /// It ends before the next block.
    End,
}

/// Where a walk's findings go.
pub(crate) trait Findings {
    /// Takes a block's record.
    fn judged(&mut self, judged: Judged) -> Result<Flow>;
    /// Takes an input that could not be used, as one line.
    fn unusable(&mut self, error: &str);
    /// Takes a source of which something was left out on purpose, and why.
    fn not_run(&mut self, source: &str, reason: &str);
    /// Says whether to go on to the next block.
    fn flow(&self) -> Flow;
}

/// Walks a chain to its end, its share of the run, or the wish to stop.
pub(crate) fn walk(
    mut chain: Chain,
    twins: &mut Twins,
    portion: &mut Portion,
    findings: &mut dyn Findings,
) -> Result<()> {
    let mut walk = match Walk::begin(&chain) {
        Ok(walk) => walk,
        Err(error) => return Ok(findings.unusable(&error)),
    };
    if !walk.applies {
        findings.not_run(&chain.source, expectation::OTHER_REVISION);
    }
    // The last block's record waits for the end of the chain, which may show that it is not the expected one.
    let mut waiting: Option<Judged> = None;
    let mut is_whole = true;
    for block in chain.blocks.by_ref() {
        let share = if findings.flow() == Flow::End { Share::Beyond } else { portion.take() };
        if share == Share::Beyond {
            is_whole = false;
            break;
        }
        if let Some(judged) = waiting.take() {
            findings.judged(judged)?;
        }
        match (block, share) {
            (Err(error), _) => findings.unusable(&error.to_string()),
            (Ok(block), Share::Mine) => waiting = walk.judge(&block, twins, findings),
            (Ok(block), _) => walk.advance(&block),
        }
    }
    if let Some(mut judged) = waiting {
        if is_whole && walk.applies {
            walk.check_end(&chain, &mut judged);
        }
        findings.judged(judged)?;
    }
    Ok(())
}

/// A chain under way.
struct Walk {
    source: String,
    tree: Tree,
    applies: bool,
    /// Whether a block of this chain was not accepted, so that its children have no parent.
    has_gap: bool,
}

/// A block that may be executed, and the rule it breaks if what is expected of it is not applied.
struct Prepared {
    case: Case,
    rejection: Option<String>,
}

impl Walk {
    fn begin(chain: &Chain) -> Result<Self, String> {
        let genesis = chain.genesis_header(state_root(&chain.state)).map_err(|error| error.to_string())?;
        let tree = Tree::new(chain.spec.clone(), genesis, (*chain.state).clone())
            .map_err(|error| format!("{}: genesis: {error}", chain.source))?;
        Ok(Self { source: chain.source.clone(), tree, applies: expectation::applies(chain), has_gap: false })
    }

    /// Judges a block and accepts it if it is valid; nothing where its input cannot be used.
    fn judge(&mut self, item: &ChainBlock, twins: &mut Twins, findings: &mut dyn Findings) -> Option<Judged> {
        let expected = Expected::of(item, self.applies);
        let block = match decode_block(&item.rlp, self.tree.spec()) {
            Ok(block) => block,
            Err(source) if item.expected_exception.is_some() => {
                tracing::debug!(place = item.place, rejection = %source, "undecodable, as expected");
                return Some(Judged::new(self.undecodable(item)));
            }
            Err(source) => {
                self.has_gap = true;
                findings.unusable(&InputError::Block { place: item.place.clone(), source }.to_string());
                return None;
            }
        };
        match self.prepare(&block, &expected) {
            Ok(prepared) => Some(self.execute(&block, prepared, &expected, twins)),
            Err(ImportError::Invalid(rule)) => {
                Some(self.rejected(self.unexecuted(&block), &block, &rule.to_string(), &expected))
            }
            Err(error) => self.without_parent(item, &block, &error, &expected, findings),
        }
    }

    /// Applies the rules that hold before execution and finds the parent state.
    fn prepare(&self, block: &Block, expected: &Expected) -> Result<Prepared, ImportError> {
        let (state, rejection) = match (self.tree.prepare(block), expected) {
            (Ok(parent), _) => (parent.state, None),
            (Err(ImportError::Invalid(rule)), Expected::NotApplied) => {
                match self.tree.state(&block.header.parent_hash) {
                    Some(state) => (state.clone(), Some(rule.to_string())),
                    None => return Err(rule.into()),
                }
            }
            (Err(error), _) => return Err(error),
        };
        let case = Case {
            source: self.source.clone(),
            spec: self.tree.spec().at(&block.header),
            block: block.clone(),
            state,
        };
        Ok(Prepared { case, rejection })
    }

    /// Executes a block both ways, applies the rules that hold after execution, and accepts it or not.
    fn execute(
        &mut self,
        block: &Block,
        Prepared { case, rejection }: Prepared,
        expected: &Expected,
        twins: &mut Twins,
    ) -> Judged {
        let state_root = StateRoot::Header(&CarriedState);
        let examined = twins.examine(&case, &Terms { expectation: expected.expectation(), state_root });
        let record = record::executed(&self.source, &case.spec, block, &examined);
        let agree = examined.comparison.verdict == Verdict::Match;
        if !agree || *expected == Expected::NotApplied {
            tracing::debug!(block = block.header.number, ?rejection, ?expected, agree, "executed");
            let judged = Judged::executed(record, &case, examined.comparison.first_difference());
            // To go on after a divergence, the sequential execution is taken for right.
            let output = examined.sequential.result.ok();
            self.accept(block, output.map(|output| after::post_state(&case, &output)));
            return judged;
        }
        let validated = after::validated(&case, &examined);
        let mut judged = match (&validated, expected) {
            (Err(rejection), _) => self.rejected(record, block, rejection, expected),
            (Ok(_), Expected::Invalid(exception)) => {
                let mut judged = Judged::new(record);
                judged.fail_expectation("accepted", &format!("rejection, {exception}"));
                judged
            }
            (Ok(_), _) => Judged::new(record),
        };
        if judged.record.verdict == Word::Match && *expected == Expected::Valid {
            self.accept(block, validated.ok());
        }
        judged.keep_case(&case, None);
        judged
    }

    fn accept(&mut self, block: &Block, post_state: Option<PlainState>) {
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
    fn advance(&mut self, item: &ChainBlock) {
        let expected = Expected::of(item, self.applies);
        if matches!(expected, Expected::Invalid(_)) {
            return;
        }
        let prepared = decode_block(&item.rlp, self.tree.spec())
            .ok()
            .and_then(|block| self.prepare(&block, &expected).ok());
        match prepared {
            Some(Prepared { case, .. }) => {
                let output = Reference::default().execute(&case, Observe::Output).result.ok();
                self.accept(&case.block, output.map(|output| after::post_state(&case, &output)));
            }
            None => self.has_gap = true,
        }
    }

    /// Judges a block that is rejected, whether before execution or by both executions.
    fn rejected(
        &mut self,
        record: BlockRecord,
        block: &Block,
        rejection: &str,
        expected: &Expected,
    ) -> Judged {
        tracing::debug!(block = block.header.number, rejection, ?expected, "rejected");
        let mut judged = Judged::new(record);
        if *expected == Expected::Valid {
            self.has_gap = true;
            judged.fail_expectation(&format!("rejected, {rejection}"), "a valid block");
        }
        judged
    }

    /// Judges a block whose parent is not in the tree.
    fn without_parent(
        &mut self,
        item: &ChainBlock,
        block: &Block,
        error: &ImportError,
        expected: &Expected,
        findings: &mut dyn Findings,
    ) -> Option<Judged> {
        let record = self.unexecuted(block);
        if item.expected_exception.is_some() {
            return Some(self.rejected(record, block, &error.to_string(), expected));
        }
        if self.has_gap {
            return Some(Judged::new(BlockRecord {
                verdict: Word::Inconclusive { reason: format!("{error}, because it was not accepted") },
                ..record
            }));
        }
        self.has_gap = true;
        let error = InputError::UnknownParent {
            place: item.place.clone(),
            hash: block.hash,
            parent: block.header.parent_hash,
        };
        findings.unusable(&error.to_string());
        None
    }

    fn unexecuted(&self, block: &Block) -> BlockRecord {
        record::unexecuted(&self.source, &self.tree.spec().at(&block.header), block, Word::Match)
    }

    /// Starts the record of bytes that are no block; it has the number that the block would have after the head.
    fn undecodable(&self, item: &ChainBlock) -> BlockRecord {
        let head = self.tree.head();
        let mut header = self.tree.header(&head).cloned().unwrap_or_default();
        header.number += 1;
        header.parent_hash = head;
        let hash = item.hash.unwrap_or_else(|| keccak256(&item.rlp));
        let block =
            Block { hash, header, transactions: Vec::new().into(), ommers: Vec::new(), withdrawals: None };
        let record = self.unexecuted(&block);
        BlockRecord { state_root: Default::default(), receipts_root: Default::default(), ..record }
    }

    /// Compares the head with what the source says it is.
    fn check_end(&self, chain: &Chain, judged: &mut Judged) {
        let head = self.tree.head();
        if let Some(expected) = chain.last_hash.filter(|expected| *expected != head) {
            judged
                .fail_expectation(&format!("head {head} after the last block"), &format!("head {expected}"));
        }
        let expected = match &chain.post_state {
            Some(PostState::Accounts(state)) => state_root(state),
            Some(PostState::Root(root)) => *root,
            None => return,
        };
        let found = self.tree.header(&head).map(|header| header.state_root).unwrap_or_default();
        if found != expected {
            judged.fail_expectation(
                &format!("state root {found} after the last block"),
                &format!("state root {expected}"),
            );
        }
    }
}
