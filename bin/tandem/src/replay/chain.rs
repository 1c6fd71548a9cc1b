//! Walks a chain block by block.

use eyre::Result;
use tandem_chain::state_root;
use tandem_corpus::{Chain, PostState};

use super::{
    block,
    findings::{Findings, Flow},
    import::Import,
    judged::Judged,
    portion::{Portion, Share},
    twins::Twins,
};

/// Walks a chain to its end, its share of the run, or the wish to stop.
pub(crate) fn walk(
    mut chain: Chain,
    twins: &mut Twins,
    portion: &mut Portion,
    findings: &mut dyn Findings,
) -> Result<()> {
    let mut import = match Import::begin(&chain) {
        Ok(import) => import,
        Err(error) => {
            findings.unusable(&error);
            return Ok(());
        }
    };
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
            (Ok(block), Share::Mine) => waiting = block::judge(&mut import, &block, twins, findings),
            (Ok(block), _) => import.advance(&block),
        }
    }
    if let Some(mut judged) = waiting {
        // Where a block was not accepted, that was told, and the head is not the expected one for that reason.
        if is_whole && import.not_applied.is_none() && !import.has_gap {
            check_end(&chain, &import, &mut judged);
        }
        findings.judged(judged)?;
    }
    if let Some(not_applied) = import.not_applied {
        findings.not_run(&chain.source, not_applied.reason());
    }
    Ok(())
}

/// Compares the head with what the source says it is.
fn check_end(chain: &Chain, import: &Import, last: &mut Judged) {
    let head = import.tree.head();
    if let Some(expected) = chain.last_hash.filter(|expected| *expected != head) {
        last.fail_expectation(&format!("head {head} after the last block"), &format!("head {expected}"));
    }
    let expected = match &chain.post_state {
        Some(PostState::Accounts(state)) => state_root(state),
        Some(PostState::Root(root)) => *root,
        None => return,
    };
    let found = import.tree.header(&head).map(|header| header.state_root).unwrap_or_default();
    if found != expected {
        last.fail_expectation(
            &format!("state root {found} after the last block"),
            &format!("state root {expected}"),
        );
    }
}
