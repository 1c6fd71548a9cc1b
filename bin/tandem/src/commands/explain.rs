//! `tandem explain`: replays a divergence and says where it begins.

use std::{num::NonZero, path::PathBuf, sync::Arc};

use clap::Args;
use eyre::{Result, WrapErr};
use tandem_compare::{
    CarriedState, Evidence, Expectation, Explanation, Parallel, ParentState, Reference, Reproduction,
    StateRoot, Terms, explain,
};
use tandem_corpus::{Absent, Case};
use tandem_executor::{Strategy, WorkerPool};

use crate::{
    args::{SeamArg, Threads},
    exit::Exit,
    terminal,
};

/// Replays a divergence and says where it begins
///
/// Executes the block of an evidence file again, both ways and step by step, until the executions differ, and names
/// the first transaction, account and slot that do, both values, and who wrote the location before. The exit status is
/// 1 if they differ again and 0 if they do not.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The evidence file, from a report's evidence/
    evidence: PathBuf,
    /// Threads that execute the block: a number, or as many as the computer has [default: as recorded]
    #[arg(long, value_name = "N|auto")]
    threads: Option<Threads>,
    /// How the executor is called
    #[arg(long, value_enum, default_value_t)]
    seam: SeamArg,
    /// Execute in parallel so many times at most; a divergence may depend on which thread is faster
    #[arg(long, default_value = "100", value_name = "K")]
    attempts: NonZero<usize>,
}

impl Explain {
    /// Runs the subcommand.
    pub(crate) fn run(&self) -> Result<Exit> {
        let evidence = Evidence::read(&self.evidence)?;
        let explanation = match evidence.witness_case() {
            Some(case) => self.explain(&evidence, &case?, StateRoot::Header(&CarriedState))?,
            None => {
                let case = evidence.case()?;
                self.explain(&evidence, &case, state_root(&case))?
            }
        };
        Ok(match explanation.reproduction {
            Reproduction::Reproduced { .. } => Exit::Diverged,
            Reproduction::NotReproduced { .. } => Exit::Matched,
        })
    }

    fn explain<S: ParentState>(
        &self,
        evidence: &Evidence,
        case: &Case<S>,
        state_root: StateRoot<'_, S>,
    ) -> Result<Explanation> {
        let parallel = self.parallel(evidence)?;
        let recorded = evidence.divergence.as_ref();
        // Compares with the header only where the divergence was one from the header: other headers may not be right.
        let is_from_header = recorded.is_some_and(|difference| difference.header.is_some());
        let expectation = if is_from_header { Expectation::Valid } else { Expectation::Agreement };
        let terms = Terms { expectation, state_root };
        let attempts = self.attempts.get();
        let explanation = explain(case, &Reference::default(), &parallel, &terms, recorded, attempts);
        terminal::print(&text(evidence, case, &explanation))?;
        Ok(explanation)
    }

    fn parallel(&self, evidence: &Evidence) -> Result<Parallel> {
        let recorded = NonZero::new(evidence.run.threads).unwrap_or(NonZero::<usize>::MIN);
        let threads = self.threads.map_or(recorded, Threads::count);
        let pool = WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
        let strategy = match evidence.run.strategy.as_str() {
            "sequential" => Strategy::Sequential,
            "auto" => Strategy::Auto,
            _ => Strategy::Parallel,
        };
        Ok(Parallel::new(Arc::new(pool), strategy, self.seam.into()))
    }
}

/// Returns what the root of a state that is held as it is can be compared with.
fn state_root(case: &Case) -> StateRoot<'static> {
    match case.state.absent {
        Absent::Empty => StateRoot::Header(&CarriedState),
        Absent::Unknown | Absent::Presumed => StateRoot::Agreement(&CarriedState),
    }
}

fn text<S>(evidence: &Evidence, case: &Case<S>, explanation: &Explanation) -> String {
    let (block, made) = (&case.block, &evidence.provenance);
    format!(
        "block {} {} of {}\nfork {}, {} transactions, recorded with {} threads by tandem {} {}\n{explanation}",
        block.header.number,
        block.hash,
        case.source,
        case.spec.fork_name(&block.header),
        block.transactions.len(),
        evidence.run.threads,
        made.version,
        made.commit,
    )
}
