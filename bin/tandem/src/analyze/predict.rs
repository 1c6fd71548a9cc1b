//! Predicts what a block takes on more threads than this machine has cores.
//!
//! Costs are measured on two real threads, then the same code runs in virtual time ([`VirtualTime`]). Predicted is what
//! threads that do not slow each other down further would take.

use std::{num::NonZero, sync::Arc, time::Duration};

use eyre::{Result, WrapErr};
use tandem_compare::{
    Engine, Observe, ParentState, Reference,
    parallel::{Parallel, Seam},
};
use tandem_corpus::Case;
use tandem_executor::{Strategy, WorkerPool, virtual_time::VirtualTime};

use super::{
    costs::{Costs, median},
    stopwatch::Stopwatch,
};

/// Threads that costs are measured on.
const MEASURED_THREADS: NonZero<usize> = NonZero::new(2).expect("not zero");

/// Predicts blocks' times; keeps its threads from block to block.
#[derive(Debug)]
pub(crate) struct Predictor {
    measured: Parallel,
    /// By number of threads.
    virtual_pools: Vec<(NonZero<usize>, Arc<WorkerPool>)>,
    iterations: NonZero<usize>,
}

/// What was predicted of a block, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Prediction {
    /// Sequential execution's time, measured.
    pub(crate) sequential: f64,
    /// Two threads' time, measured without a watch.
    pub(crate) measured: f64,
    /// By number of threads.
    pub(crate) predicted: Vec<(NonZero<usize>, f64)>,
}

impl Predictor {
    /// Starts the threads.
    pub(crate) fn new(threads: &[NonZero<usize>], iterations: NonZero<usize>) -> Result<Self> {
        let pool = |threads: NonZero<usize>| {
            WorkerPool::new(threads).map(Arc::new).wrap_err_with(|| format!("cannot start {threads} threads"))
        };
        let virtual_pools = threads.iter().map(|&threads| Ok((threads, pool(threads)?)));
        Ok(Self {
            measured: Parallel::new(pool(MEASURED_THREADS)?, Strategy::Auto, Seam::Block),
            virtual_pools: virtual_pools.collect::<Result<_>>()?,
            iterations,
        })
    }

    /// Predicts a block's times from its transactions' sequential times; an error is one line.
    pub(crate) fn predict<S: ParentState>(
        &self,
        case: &Case<S>,
        times: &[u64],
    ) -> Result<Prediction, String> {
        let mut sequential = Vec::new();
        let mut measured = Vec::new();
        let mut samples = Vec::new();
        let mut tails = Vec::new();
        for iteration in 0..=self.iterations.get() {
            let one = time(&Reference::default(), case)?;
            let two = time(&self.measured, case)?;
            let stopwatch = Arc::new(Stopwatch::start());
            let three = time(&self.measured.clone().watched(stopwatch.clone()), case)?;
            let taken = stopwatch.take();
            if iteration == 0 {
                continue;
            }
            sequential.push(ns(one));
            measured.push(ns(two));
            if let Some((parts, over)) = taken {
                samples.extend(parts);
                tails.push(ns(three.saturating_sub(over)));
            }
        }
        let measured = median(measured);
        let predicted = if tails.is_empty() {
            // The block is not speculated on, however many threads there are.
            self.virtual_pools.iter().map(|(threads, _)| (*threads, measured)).collect()
        } else {
            let costs = Arc::new(Costs::new(times, &samples));
            let tail = median(tails);
            let run = |(threads, pool): &(NonZero<usize>, Arc<WorkerPool>)| {
                run(case, *threads, pool, &costs).map(|time| (*threads, time + tail))
            };
            self.virtual_pools.iter().map(run).collect::<Result<_, _>>()?
        };
        Ok(Prediction { sequential: median(sequential), measured, predicted })
    }
}

/// Runs a block in virtual time; returns when the frontier needed no workers any more, in nanoseconds.
fn run<S: ParentState>(
    case: &Case<S>,
    threads: NonZero<usize>,
    pool: &Arc<WorkerPool>,
    costs: &Arc<Costs>,
) -> Result<f64, String> {
    let costs = costs.clone();
    let time = Arc::new(VirtualTime::new(threads.get(), move |part, index| costs.cost(part, index)));
    let parallel = Parallel::new(pool.clone(), Strategy::Auto, Seam::Block).watched(time.clone());
    let execution = parallel.execute(case, Observe::Output);
    execution.result.map_err(|error| error.to_string())?;
    Ok(time.over().map_or(0.0, ns))
}

fn time<S: ParentState>(engine: &impl Engine<S>, case: &Case<S>) -> Result<Duration, String> {
    let execution = engine.execute(case, Observe::Output);
    execution.result.map(|_| execution.duration).map_err(|error| error.to_string())
}

fn ns(time: Duration) -> f64 {
    time.as_nanos() as f64
}
