//! Judges one block of a chain: decode, prepare, execute both ways, compare, accept or reject.

use alloy_primitives::keccak256;
use tandem_chain::ImportError;
use tandem_compare::{CarriedState, Comparison, StateRoot, Terms, Verdict};
use tandem_corpus::{Block, Case, ChainBlock, InputError, decode_block};
use tandem_exex::record;
use tandem_report::{BlockRecord, RootTriple, Verdict as Word};

use super::{
    after,
    expectation::{self, Expected, NotApplied},
    findings::Findings,
    import::{Import, Prepared},
    judged::Judged,
    twins::Twins,
};

/// Judges a block and accepts it if it is valid; nothing where its input cannot be used.
pub(crate) fn judge(
    import: &mut Import,
    item: &ChainBlock,
    twins: &mut Twins,
    findings: &mut dyn Findings,
) -> Option<Judged> {
    let block = match decode_block(&item.rlp, import.tree.spec()) {
        Ok(block) => block,
        Err(source) if item.expected_exception.is_some() => {
            tracing::debug!(place = item.place, rejection = %source, "undecodable, as expected");
            return Some(Judged::new(undecodable(import, item)));
        }
        Err(source) => {
            import.has_gap = true;
            findings.unusable(&InputError::Block { place: item.place.clone(), source }.to_string());
            return None;
        }
    };
    let expected = Expected::of(item, &block.header, import.tree.spec(), import.is_test);
    match import.prepare(&block, &expected) {
        Ok(Prepared { case, broken_rule }) => {
            tracing::debug!(number = block.header.number, ?expected, broken_rule, "prepared");
            Some(execute(import, &case, &expected, twins))
        }
        Err(ImportError::Invalid(rule)) => {
            Some(rejected(import, unexecuted(import, &block), &rule.to_string(), &expected))
        }
        Err(error) => without_parent(import, item, &block, &error, &expected, findings),
    }
}

/// Executes a block both ways, applies the rules that hold after execution, and accepts it or not.
fn execute(import: &mut Import, case: &Case, expected: &Expected, twins: &mut Twins) -> Judged {
    let state_root = StateRoot::Header(&CarriedState);
    let examined = twins.examine(case, &Terms { expectation: expected.expectation(), state_root });
    if is_storage_collision(&examined.comparison, case, import) {
        return execute(import, case, &Expected::NotApplied(NotApplied::StorageCollision), twins);
    }
    let spec = import.tree.spec().at(&case.block.header);
    let record = examined.record(&import.source, &spec, &case.block);
    let judged = match (examined.comparison.verdict == Verdict::Match, expected) {
        (true, Expected::Valid | Expected::Invalid(_)) => {
            let validated = after::validated(case, &examined);
            let mut judged = match (&validated, expected) {
                (Err(rejection), _) => rejected(import, record, rejection, expected),
                (Ok(_), Expected::Invalid(exception)) => accepted_wrongly(record, exception),
                (Ok(_), _) => Judged::new(record),
            };
            judged.keep_case(case, None);
            if let (Ok(post_state), Expected::Valid) = (validated, expected) {
                import.accept(&case.block, Some(post_state));
            }
            return judged;
        }
        (_, Expected::NotApplied(reason)) => {
            import.not_applied = Some(*reason);
            Judged::executed(record, case, examined.comparison.first_difference())
        }
        (false, _) => Judged::executed(record, case, examined.comparison.first_difference()),
    };
    if matches!(expected, Expected::Invalid(_)) {
        return judged;
    }
    // To go on, the sequential execution is taken for right.
    let output = examined.sequential.result.ok();
    import.accept(&case.block, output.map(|output| after::post_state(case, &output)));
    judged
}

/// Says whether both executions agree against the header on a state that revm has no rule for (EIP-7610).
fn is_storage_collision(comparison: &Comparison, case: &Case, import: &Import) -> bool {
    import.is_test
        && comparison.verdict == Verdict::Diverged
        && comparison.differences.iter().all(|difference| difference.is_from_header_only())
        && expectation::has_storage_collision(&case.state)
}

/// Judges a block that is rejected, whether before execution or by both executions.
fn rejected(import: &mut Import, record: BlockRecord, rejection: &str, expected: &Expected) -> Judged {
    tracing::debug!(number = record.number, rejection, ?expected, "rejected");
    let mut judged = Judged::new(record);
    if *expected == Expected::Valid {
        import.has_gap = true;
        judged.fail_expectation(&format!("rejected, {rejection}"), "a valid block");
    }
    judged
}

/// Judges a block that should have been rejected.
fn accepted_wrongly(record: BlockRecord, exception: &str) -> Judged {
    let mut judged = Judged::new(record);
    judged.fail_expectation("accepted", &format!("rejection, {exception}"));
    judged
}

/// Judges a block whose parent is not among the accepted blocks.
fn without_parent(
    import: &mut Import,
    item: &ChainBlock,
    block: &Block,
    error: &ImportError,
    expected: &Expected,
    findings: &mut dyn Findings,
) -> Option<Judged> {
    let record = unexecuted(import, block);
    if item.expected_exception.is_some() {
        return Some(rejected(import, record, &error.to_string(), expected));
    }
    if import.has_gap {
        let reason = format!("{error}, because it was not accepted");
        return Some(Judged::new(BlockRecord { verdict: Word::Inconclusive { reason }, ..record }));
    }
    import.has_gap = true;
    let place = item.place.clone();
    let error = InputError::UnknownParent { place, hash: block.hash, parent: block.header.parent_hash };
    findings.unusable(&error.to_string());
    None
}

/// Starts the record of a block that was not executed.
fn unexecuted(import: &Import, block: &Block) -> BlockRecord {
    record::unexecuted(&import.source, &import.tree.spec().at(&block.header), block, Word::Match)
}

/// Starts the record of bytes that are no block; it has the number that the block would have after the head.
fn undecodable(import: &Import, item: &ChainBlock) -> BlockRecord {
    let head = import.tree.head();
    let mut header = import.tree.header(&head).cloned().unwrap_or_default();
    header.number += 1;
    header.parent_hash = head;
    let hash = item.hash.unwrap_or_else(|| keccak256(&item.rlp));
    let transactions = Vec::new().into();
    let block = Block { hash, header, transactions, ommers: Vec::new(), withdrawals: None };
    let unknown = RootTriple::default();
    BlockRecord { state_root: unknown, receipts_root: unknown, ..unexecuted(import, &block) }
}
