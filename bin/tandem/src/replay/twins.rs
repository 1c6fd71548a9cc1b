//! Executes a block sequentially and in parallel, and compares.

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tandem_compare::{
    Comparison, Engine, ExecuteError, Execution, Observe, ParentState, Reference, Terms, Verdict, compare,
    parallel::Parallel,
};
use tandem_corpus::{Block, Case, ChainSpec};
use tandem_executor::BlockStats;
use tandem_exex::record::{self, Executions};
use tandem_report::{AnalysisBlock, BlockRecord, parallelism_of};

use crate::analyze::block::analyze;

/// The two executions of every block.
#[derive(Debug)]
pub(crate) struct Twins {
    parallel: Parallel,
    repeat: NonZero<usize>,
    parallel_first: bool,
    /// Numbers of threads to analyze blocks for; none if they are not analyzed.
    analyzed_for: Vec<NonZero<usize>>,
}

/// What executing a block both ways gave.
#[derive(Debug)]
pub(crate) struct Examined {
    /// How the executions compare. Of several parallel ones, the first that does not match, or else the last.
    pub(crate) comparison: Comparison,
    /// The sequential execution.
    pub(crate) sequential: Execution,
    /// What the parallel execution that was compared took.
    pub(crate) stats: BlockStats,
    /// Median of the parallel executions' times.
    pub(crate) parallel_time: Duration,
    /// What the block would allow, if that was asked for and it matched.
    pub(crate) figures: Option<AnalysisBlock>,
}

impl Examined {
    /// Writes it down.
    pub(crate) fn record(&self, source: &str, spec: &ChainSpec, block: &Block) -> BlockRecord {
        let Self { comparison, sequential, stats, parallel_time, figures } = self;
        let executions = Executions { comparison, sequential, stats, parallel_time: *parallel_time };
        let record = record::executed(source, spec, block, executions);
        match figures {
            None => record,
            Some(figures) => BlockRecord {
                critical_path_gas: Some(figures.critical_path_gas),
                parallelism: parallelism_of(figures.gas_used, figures.critical_path_gas),
                outlook: figures.speedup.clone(),
                ..record
            },
        }
    }
}

impl Twins {
    /// Executes every block once sequentially, and so many times in parallel.
    pub(crate) const fn new(parallel: Parallel, repeat: NonZero<usize>) -> Self {
        Self { parallel, repeat, parallel_first: false, analyzed_for: Vec::new() }
    }

    /// Analyzes every block that matched, for these numbers of threads, after it was timed: three more executions.
    pub(crate) fn analyzing(mut self, threads: Vec<NonZero<usize>>) -> Self {
        self.analyzed_for = threads;
        self
    }

    /// Executes a block both ways and compares on the terms given.
    ///
    /// Which way goes first alternates from block to block, so that neither always finds warm caches. Repetitions end
    /// at the first that does not match.
    pub(crate) fn examine<S: ParentState>(&mut self, case: &Case<S>, terms: &Terms<'_, S>) -> Examined {
        let early = self.parallel_first.then(|| self.execute_in_parallel(case));
        self.parallel_first = !self.parallel_first;
        let sequential = Reference::default().execute(case, Observe::Output);

        let (mut parallel, mut stats) = early.unwrap_or_else(|| self.execute_in_parallel(case));
        let mut times = vec![parallel.duration];
        let mut comparison = compare(case, &sequential, &parallel, terms);
        while times.len() < self.repeat.get() && comparison.verdict == Verdict::Match {
            (parallel, stats) = self.execute_in_parallel(case);
            times.push(parallel.duration);
            comparison = compare(case, &sequential, &parallel, terms);
        }
        let figures = (comparison.verdict == Verdict::Match).then(|| self.analyze(case)).flatten();
        Examined { comparison, sequential, stats, parallel_time: median(times), figures }
    }

    /// Says what a block would allow. What cannot be analyzed matched all the same, and has no figures.
    fn analyze<S: ParentState>(&self, case: &Case<S>) -> Option<AnalysisBlock> {
        if self.analyzed_for.is_empty() {
            return None;
        }
        match analyze(case, &self.analyzed_for, NonZero::<usize>::MIN, None) {
            Ok(analyzed) => Some(analyzed.figures),
            Err(error) => {
                tracing::warn!(
                    source = case.source,
                    number = case.block.header.number,
                    error,
                    "not analyzed"
                );
                None
            }
        }
    }

    /// Executes a block in parallel; a panic is a broken invariant of ours and ends the block, not the run.
    fn execute_in_parallel<S: ParentState>(&self, case: &Case<S>) -> (Execution, BlockStats) {
        let executed =
            catch_unwind(AssertUnwindSafe(|| self.parallel.execute_counted(case, Observe::Output)));
        executed.unwrap_or_else(|panic| {
            let what = format!("the parallel execution panicked: {}", message(&*panic));
            let result = Err(ExecuteError::Invariant { what });
            (Execution { result, trace: None, duration: Duration::ZERO }, BlockStats::default())
        })
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_one() {
        let times = |list: &[u64]| median(list.iter().copied().map(Duration::from_micros).collect());
        assert_eq!(times(&[9, 1, 5]), Duration::from_micros(5));
        assert_eq!(times(&[7]), Duration::from_micros(7));
    }
}
