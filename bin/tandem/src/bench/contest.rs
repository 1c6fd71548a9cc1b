//! Times one block: sequential execution and every parallel one, in turn, in this process.

use std::{
    num::NonZero,
    sync::Arc,
    time::{Duration, Instant},
};

use eyre::{Result, WrapErr};
use tandem_compare::{
    Engine, ExecuteError, Execution, Observe, Output, Reference, Terms, Verdict,
    parallel::{Parallel, Seam},
};
use tandem_corpus::Case;
use tandem_executor::{Strategy, WorkerPool};

use crate::replay::{
    missing::Parent,
    twins::{Examined, Twins},
};

/// All who execute a block in turn.
#[derive(Debug)]
pub(crate) struct Contest {
    contenders: Vec<Contender>,
    iterations: NonZero<usize>,
}

/// A parallel executor with its own pool; pools that are not executing are parked.
#[derive(Debug)]
struct Contender {
    threads: NonZero<usize>,
    parallel: Parallel,
    twins: Twins,
}

/// What one block took: each list has one time an iteration.
#[derive(Debug)]
pub(crate) struct Times {
    /// Unmodified alloy-evm.
    pub(crate) sequential: Vec<Duration>,
    /// By number of threads, in the order of the contest.
    pub(crate) parallel: Vec<(NonZero<usize>, Vec<Duration>)>,
    /// Bloom, receipts root and the other hashes over the output: the step after execution.
    pub(crate) digest: Vec<Duration>,
}

/// Why a block has no figures.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The executions differ from each other or from the header.
    Diverged(Box<Examined>),
    /// One of the timed executions failed, although the warm-up did not.
    Failed(ExecuteError),
    /// Its input lacks something, as one line.
    Unusable(String),
    /// Both executions agree that it has no output, so there is nothing to time.
    NoOutput,
}

impl Contest {
    /// Starts a pool for every number of threads.
    pub(crate) fn new(
        threads: &[NonZero<usize>],
        strategy: Strategy,
        seam: Seam,
        iterations: NonZero<usize>,
    ) -> Result<Self> {
        let contender = |&threads: &NonZero<usize>| {
            let pool =
                WorkerPool::new(threads).wrap_err_with(|| format!("cannot start {threads} threads"))?;
            let parallel = Parallel::new(Arc::new(pool), strategy, seam);
            Ok(Contender { threads, twins: Twins::new(parallel.clone(), NonZero::<usize>::MIN), parallel })
        };
        Ok(Self { contenders: threads.iter().map(contender).collect::<Result<_>>()?, iterations })
    }

    /// Returns the numbers of threads, in the order of the contest.
    pub(crate) fn threads(&self) -> Vec<NonZero<usize>> {
        self.contenders.iter().map(|contender| contender.threads).collect()
    }

    /// Warms up, comparing every contender's output, and then times; returns the output with the times.
    pub(crate) fn hold<S: Parent>(
        &mut self,
        case: &Case<S>,
        terms: &Terms<'_, S>,
    ) -> Result<(Output, Times), Refusal> {
        let output = self.warm_up(case, terms)?;
        let times = self.time(case, &output)?;
        Ok((output, times))
    }

    fn warm_up<S: Parent>(&mut self, case: &Case<S>, terms: &Terms<'_, S>) -> Result<Output, Refusal> {
        let mut output = None;
        for contender in &mut self.contenders {
            let examined = contender.twins.examine(case, terms);
            if let Some(error) = S::input_error(case, &examined) {
                return Err(Refusal::Unusable(error));
            }
            if examined.comparison.verdict != Verdict::Match {
                return Err(Refusal::Diverged(Box::new(examined)));
            }
            output = examined.sequential.result.ok();
        }
        output.ok_or(Refusal::NoOutput)
    }

    /// Executes in turn. Nothing runs between two executions but dropping what the first one made.
    fn time<S: Parent>(&self, case: &Case<S>, output: &Output) -> Result<Times, Refusal> {
        let count = self.iterations.get();
        let mut sequential = Vec::with_capacity(count);
        let mut parallel: Vec<_> =
            self.threads().into_iter().map(|threads| (threads, Vec::with_capacity(count))).collect();
        for iteration in 0..count {
            for turn in turns(iteration, self.contenders.len() + 1) {
                match turn.checked_sub(1) {
                    None => {
                        sequential.push(taken(Reference::default().execute(case, Observe::Output))?);
                    }
                    Some(at) => {
                        let execution = self.contenders[at].parallel.execute(case, Observe::Output);
                        parallel[at].1.push(taken(execution)?);
                    }
                }
            }
        }
        let digest = (0..count).map(|_| digest_time(output)).collect();
        Ok(Times { sequential, parallel, digest })
    }
}

/// Returns the order of one iteration: who goes first moves on, and every other time the order is reversed, so that
/// nobody always follows the same.
fn turns(iteration: usize, count: usize) -> Vec<usize> {
    let mut turns: Vec<_> = (0..count).map(|at| (at + iteration / 2) % count).collect();
    if !iteration.is_multiple_of(2) {
        turns.reverse();
    }
    turns
}

/// Takes the time of an execution; its output is dropped here, outside of it.
fn taken(execution: Execution) -> Result<Duration, Refusal> {
    execution.result.map(|_| execution.duration).map_err(Refusal::Failed)
}

fn digest_time(output: &Output) -> Duration {
    let started = Instant::now();
    let digest = std::hint::black_box(output).digest();
    let time = started.elapsed();
    std::hint::black_box(digest);
    time
}

#[cfg(test)]
mod tests {
    use super::turns;

    #[test]
    fn everybody_goes_first_and_last_equally_often() {
        for count in 2..5 {
            let orders: Vec<_> = (0..2 * count).map(|iteration| turns(iteration, count)).collect();
            for contender in 0..count {
                let firsts = orders.iter().filter(|order| order[0] == contender).count();
                let lasts = orders.iter().filter(|order| order[count - 1] == contender).count();
                assert_eq!((firsts, lasts), (2, 2), "{contender} of {count}");
            }
        }
    }
}
