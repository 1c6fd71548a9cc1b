//! Walks sources and visits their valid blocks, for what is not about verdicts.

use std::path::PathBuf;

use eyre::Result;
use tandem_compare::{Expectation, Output};
use tandem_corpus::{Case, Chain};

use crate::{
    args::Generated,
    replay::{
        after,
        import::Import,
        items::{self, Found},
        missing::Parent,
    },
};

/// Where blocks come from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    /// Files and directories.
    pub(crate) paths: &'a [PathBuf],
    /// Blocks to generate after them.
    pub(crate) generated: &'a [Generated],
    /// Seed of generated blocks.
    pub(crate) seed: u64,
}

/// What is done with blocks.
pub(crate) trait Visitor {
    /// Takes a block; returns its sequential output, without which a chain has no further blocks.
    fn visit<S: Parent>(&mut self, case: &Case<S>, expectation: Expectation) -> Result<Option<Output>>;
    /// Takes an input that could not be used, as one line.
    fn unusable(&mut self, error: &str);
    /// Takes something that was recognised and is not run, and why.
    fn not_run(&mut self, source: &str, reason: &str);
    /// Says whether to take no further block.
    fn is_over(&self) -> bool;
}

/// Opens the sources and visits their valid blocks, one after the other.
pub(crate) fn walk(sources: &Sources<'_>, visitor: &mut impl Visitor) -> Result<()> {
    for found in items::open(sources.paths, sources.generated.iter().copied(), sources.seed) {
        match found {
            Found::Case(case) => {
                visitor.visit(&case, Expectation::Valid)?;
            }
            Found::Witness(proved) => {
                visitor.visit(&proved.case, Expectation::Valid)?;
            }
            Found::Chain(chain) => walk_chain(*chain, visitor)?,
            Found::NotRun(not_run) => visitor.not_run(&not_run.source, &not_run.reason),
            Found::Unusable(error) => visitor.unusable(&error),
        }
        if visitor.is_over() {
            break;
        }
    }
    Ok(())
}

/// Visits the valid blocks of a chain, each on what was accepted before it.
fn walk_chain(mut chain: Chain, visitor: &mut impl Visitor) -> Result<()> {
    let mut import = match Import::begin(&chain) {
        Ok(import) => import,
        Err(error) => {
            visitor.unusable(&error);
            return Ok(());
        }
    };
    for item in chain.blocks.by_ref() {
        if visitor.is_over() {
            break;
        }
        match item {
            Err(error) => visitor.unusable(&error.to_string()),
            Ok(item) => {
                let Some((case, expectation)) = import.next_case(&item) else { continue };
                let output = visitor.visit(&case, expectation)?;
                import.accept(&case.block, output.map(|output| after::post_state(&case, &output)));
            }
        }
    }
    Ok(())
}
