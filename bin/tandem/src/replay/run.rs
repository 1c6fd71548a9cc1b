//! Replays blocks: the whole job in one function.

use std::path::PathBuf;

use eyre::Result;
use tandem_report::RunInfo;

use super::{
    case, chain,
    findings::{Findings, Flow},
    items::{self, Found},
    portion::{Portion, Share},
    results::Results,
    twins::Twins,
    witness,
};
use crate::{
    args::{Generated, Shard},
    exit::Exit,
};

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    /// The sources.
    pub(crate) paths: &'a [PathBuf],
    /// Blocks to generate after them.
    pub(crate) generated: Option<Generated>,
    /// Seed of generated blocks.
    pub(crate) seed: u64,
    /// Which part of the run to do.
    pub(crate) shard: Shard,
    /// How many blocks the run has at most.
    pub(crate) limit: Option<u64>,
}

/// Opens the sources and takes them block by block: execute both ways, compare, record, report.
///
/// One block is executed at a time, because others beside it would change its times.
pub(crate) fn run(work: &Work<'_>, twins: &mut Twins, mut results: Results, info: RunInfo) -> Result<Exit> {
    let mut portion = Portion::new(work.shard, work.limit);
    for found in items::open(work.paths, work.generated, work.seed) {
        match found {
            Found::Case(block) => {
                if portion.take() == Share::Mine {
                    results.judged(case::judge(&block, twins))?;
                }
            }
            Found::Witness(proved) => {
                if portion.take() == Share::Mine {
                    results.judged(witness::judge(&proved, twins))?;
                }
            }
            Found::Chain(blocks) => chain::walk(*blocks, twins, &mut portion, &mut results)?,
            Found::NotRun(not_run) => results.not_run(&not_run.source, &not_run.reason),
            Found::Unusable(error) => results.unusable(&error),
        }
        if portion.is_over() || results.flow() == Flow::End {
            break;
        }
    }
    let has_ended = portion.is_over() || results.flow() == Flow::On;
    results.set_part(portion.part(has_ended));
    results.finish(info)
}
