//! Opens the sources of a run, one after the other.

use std::path::PathBuf;

use tandem_corpus::{
    Case, Chain, GenerateOptions, generate,
    source::{self, NotRun},
};

use super::witness::Proved;
use crate::args::Generated;

/// What a source yields.
pub(crate) enum Found {
    /// One block with the state it executes on.
    Case(Box<Case>),
    /// A chain to import.
    Chain(Box<Chain>),
    /// One block with the state that a witness proves.
    Witness(Box<Proved>),
    /// Something that was recognised and is not run.
    NotRun(NotRun),
    /// Something that could not be used, as one line.
    Unusable(String),
}

/// Yields what the paths hold, in their order, and then the generated blocks.
///
/// Everything is read or generated when it is asked for.
pub(crate) fn open(
    paths: &[PathBuf],
    generated: impl IntoIterator<Item = Generated>,
    seed: u64,
) -> impl Iterator<Item = Found> {
    paths.iter().flat_map(|path| from_path(path.clone())).chain(generated.into_iter().flat_map(
        move |Generated { workload, blocks, txs }| {
            let state_root = Some(tandem_chain::state_root as fn(&_) -> _);
            let options = GenerateOptions { blocks, txs_per_block: txs, state_root, ..Default::default() };
            generate(workload, seed, options).map(|case| match case {
                Ok(case) => Found::Case(Box::new(case)),
                Err(error) => Found::Unusable(crate::terminal::chain_of(&error)),
            })
        },
    ))
}

fn from_path(path: PathBuf) -> Box<dyn Iterator<Item = Found>> {
    match source::open(path) {
        Ok(items) => Box::new(items.map(|item| match item {
            Ok(source::Item::Case(case)) => Found::Case(Box::new(case)),
            Ok(source::Item::Chain(chain)) => Found::Chain(Box::new(chain)),
            Ok(source::Item::Witness(witness)) => {
                Proved::new(*witness).map_or_else(Found::Unusable, |proved| Found::Witness(Box::new(proved)))
            }
            Ok(source::Item::NotRun(not_run)) => Found::NotRun(not_run),
            Err(error) => Found::Unusable(error.to_string()),
        })),
        Err(error) => Box::new(std::iter::once(Found::Unusable(error.to_string()))),
    }
}
