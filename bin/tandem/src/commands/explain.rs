//! `tandem explain`: replays a divergence and says where it begins.

use std::{num::NonZero, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use eyre::{Result, WrapErr};
use tandem_compare::{CarriedState, Evidence, Parallel, ParentState, StateRoot};
use tandem_corpus::{Absent, Case};
use tandem_executor::WorkerPool;

use crate::{
    args::{SeamArg, Threads},
    exit::Exit,
    explain::{
        json::json,
        reproduce::{Found, Tries, reproduce},
        text::text,
    },
    replay::evidence::LIMITS,
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
    /// After that, execute on one thread with virtual workers in so many orders at most, which happen again
    #[arg(long, default_value = "100", value_name = "K")]
    schedules: u64,
    /// If they differ, write evidence that is as small as it gets into a directory, with the order that showed it
    #[arg(long, value_name = "DIR")]
    shrink_to: Option<PathBuf>,
    /// Form of the explanation on standard output
    #[arg(long, value_enum, default_value_t)]
    format: ExplainFormat,
}

/// Form of an explanation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// Lines for people
    #[default]
    Table,
    /// One object
    Json,
    /// The same on one line
    Jsonl,
}

impl Explain {
    /// Runs the subcommand.
    pub(crate) fn run(&self) -> Result<Exit> {
        let evidence = Evidence::read(&self.evidence)?;
        let named = || format!("{}", self.evidence.display());
        let found = match evidence.witness_case() {
            Some(case) => {
                self.explain(&evidence, &case.wrap_err_with(named)?, StateRoot::Header(&CarriedState))?
            }
            None => {
                let case = evidence.case().wrap_err_with(named)?;
                self.explain(&evidence, &case, state_root(&case))?
            }
        };
        Ok(if found.explanation.is_reproduced() { Exit::Diverged } else { Exit::Matched })
    }

    fn explain<S: ParentState>(
        &self,
        evidence: &Evidence,
        case: &Case<S>,
        state_root: StateRoot<'_, S>,
    ) -> Result<Found> {
        let parallel = self.parallel(evidence)?;
        let tries = Tries { attempts: self.attempts, schedules: self.schedules };
        let found = reproduce(evidence, case, state_root, &parallel, tries);
        terminal::print(&match self.format {
            ExplainFormat::Table => text(evidence, case, &found),
            ExplainFormat::Json => format!("{:#}\n", json(evidence, case, &found)),
            ExplainFormat::Jsonl => format!("{}\n", json(evidence, case, &found)),
        })?;
        if let Some(directory) = self.shrink_to.as_ref().filter(|_| found.explanation.is_reproduced()) {
            let shown = Evidence {
                schedule: found.schedule,
                divergence: found.explanation.first.clone(),
                ..evidence.clone()
            };
            let smaller = shown.shrunken(&parallel.with_schedule(found.schedule.map(Into::into)), LIMITS)?;
            let path = smaller.write(directory)?;
            terminal::note(&format!("evidence: {}", path.display()));
        }
        Ok(found)
    }

    fn parallel(&self, evidence: &Evidence) -> Result<Parallel> {
        let recorded = NonZero::new(evidence.run.threads).unwrap_or(NonZero::<usize>::MIN);
        let threads = self.threads.map_or(recorded, Threads::count);
        let pool = WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
        Ok(evidence.parallel(Arc::new(pool), self.seam.into()))
    }
}

/// Returns what the root of a state that is held as it is can be compared with.
fn state_root(case: &Case) -> StateRoot<'static> {
    match case.state.absent {
        Absent::Empty => StateRoot::Header(&CarriedState),
        Absent::Unknown | Absent::Presumed => StateRoot::Agreement(&CarriedState),
    }
}
