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
use tandem_corpus::Case;
use tandem_executor::BlockStats;
use tandem_exex::record::Executions;

/// The two executions of every block.
#[derive(Debug)]
pub(crate) struct Twins {
    parallel: Parallel,
    repeat: NonZero<usize>,
    parallel_first: bool,
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
}

impl Examined {
    /// Returns what a record tells of it.
    pub(crate) const fn executions(&self) -> Executions<'_> {
        let Self { comparison, sequential, stats, parallel_time } = self;
        Executions { comparison, sequential, stats, parallel_time: *parallel_time }
    }
}

impl Twins {
    /// Executes every block once sequentially, and so many times in parallel.
    pub(crate) const fn new(parallel: Parallel, repeat: NonZero<usize>) -> Self {
        Self { parallel, repeat, parallel_first: false }
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
        Examined { comparison, sequential, stats, parallel_time: median(times) }
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
