//! Times blocks: the whole job in one function.

use std::path::PathBuf;

use eyre::Result;
use tandem_compare::{Expectation, Output, StateRoot, Terms};
use tandem_corpus::{Case, Chain};

use super::{contest::Contest, outcome::Outcome};
use crate::{
    args::Generated,
    exit::Exit,
    replay::{
        after,
        import::Import,
        items::{self, Found},
        missing::Parent,
    },
};

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    /// The sources.
    pub(crate) paths: &'a [PathBuf],
    /// Blocks to generate after them.
    pub(crate) generated: &'a [Generated],
    /// Seed of generated blocks.
    pub(crate) seed: u64,
    /// How many blocks are timed at most.
    pub(crate) limit: Option<u64>,
}

/// Opens the sources, times their valid blocks one after the other, and tells the figures.
pub(crate) fn run(work: &Work<'_>, contest: &mut Contest, mut outcome: Outcome) -> Result<Exit> {
    for found in items::open(work.paths, work.generated.iter().copied(), work.seed) {
        match found {
            Found::Case(case) => {
                time(contest, &case, Expectation::Valid, &mut outcome)?;
            }
            Found::Witness(proved) => {
                time(contest, &proved.case, Expectation::Valid, &mut outcome)?;
            }
            Found::Chain(chain) => walk(*chain, contest, work.limit, &mut outcome)?,
            Found::NotRun(not_run) => outcome.not_run(&not_run.source, &not_run.reason),
            Found::Unusable(error) => outcome.unusable(&error),
        }
        if outcome.is_over(work.limit) {
            break;
        }
    }
    outcome.finish()
}

/// Times the valid blocks of a chain, each on what was accepted before it.
fn walk(mut chain: Chain, contest: &mut Contest, limit: Option<u64>, outcome: &mut Outcome) -> Result<()> {
    let mut import = match Import::begin(&chain) {
        Ok(import) => import,
        Err(error) => {
            outcome.unusable(&error);
            return Ok(());
        }
    };
    for item in chain.blocks.by_ref() {
        if outcome.is_over(limit) {
            break;
        }
        match item {
            Err(error) => outcome.unusable(&error.to_string()),
            Ok(item) => {
                let Some((case, expectation)) = import.next_case(&item) else { continue };
                let output = time(contest, &case, expectation, outcome)?;
                import.accept(&case.block, output.map(|output| after::post_state(&case, &output)));
            }
        }
    }
    Ok(())
}

/// Times a block; returns its output, if it has figures.
fn time<S: Parent>(
    contest: &mut Contest,
    case: &Case<S>,
    expectation: Expectation,
    outcome: &mut Outcome,
) -> Result<Option<Output>> {
    // Equal bundles have equal roots, and the header's root is for `replay` to check.
    let terms = Terms { expectation, state_root: StateRoot::Unchecked };
    match contest.hold(case, &terms) {
        Ok((output, times)) => {
            outcome.timed(case, &output, &times)?;
            Ok(Some(output))
        }
        Err(refusal) => {
            outcome.refused(case, refusal);
            Ok(None)
        }
    }
}
