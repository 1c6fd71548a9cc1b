//! Measures peak memory: each strategy in a process of its own, over the same blocks.
//!
//! Allocators keep what was freed, so that strategies that take turns in one process would share a peak.

use std::{env, fs, num::NonZero, process::Command, sync::Arc};

use eyre::{Result, WrapErr, bail, eyre};
use tandem_compare::{
    Engine, Expectation, Observe, Output, Reference,
    parallel::{Parallel, Seam},
};
use tandem_corpus::Case;
use tandem_executor::{Strategy, WorkerPool};

use crate::{
    exit::Exit,
    replay::missing::Parent,
    terminal,
    valid::{self, Sources, Visitor},
};

/// The option by which a process is told to execute with one strategy only.
const ALONE: &str = "--alone";

/// Who executes alone in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    /// Unmodified alloy-evm.
    Sequential,
    /// The parallel executor on so many threads.
    Parallel(NonZero<usize>),
}

impl std::str::FromStr for Alone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sequential" => Ok(Self::Sequential),
            _ => text.parse().map(Self::Parallel).map_err(|error| error.to_string()),
        }
    }
}

/// Executes all blocks with one strategy, and prints the peak of this process' memory, in bytes.
pub(crate) fn execute_alone(
    sources: &Sources<'_>,
    limit: Option<u64>,
    alone: Alone,
    strategy: Strategy,
    seam: Seam,
) -> Result<Exit> {
    let parallel = match alone {
        Alone::Sequential => None,
        Alone::Parallel(threads) => Some(Parallel::new(Arc::new(WorkerPool::new(threads)?), strategy, seam)),
    };
    let mut executing = Executing { parallel, limit, count: 0 };
    valid::walk(sources, &mut executing)?;
    terminal::print(&format!("{}\n", peak_bytes()?))?;
    Ok(Exit::Matched)
}

/// Executes the blocks of this command with a strategy in a process of its own; returns its peak memory, in bytes.
pub(crate) fn measure(alone: &str) -> Result<u64> {
    let program = env::current_exe().wrap_err("cannot find this program")?;
    let output = Command::new(program)
        .args(env::args_os().skip(1))
        .args([ALONE, alone])
        .output()
        .wrap_err("cannot start this program again")?;
    if !output.status.success() {
        bail!("measuring memory: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().wrap_err_with(|| format!("measuring memory: expected bytes, got {text:?}"))
}

/// A run of one strategy.
struct Executing {
    parallel: Option<Parallel>,
    limit: Option<u64>,
    count: u64,
}

impl Visitor for Executing {
    fn visit<S: Parent>(&mut self, case: &Case<S>, _: Expectation) -> Result<Option<Output>> {
        self.count += 1;
        let execution = match &self.parallel {
            Some(parallel) => parallel.execute(case, Observe::Output),
            None => Reference::default().execute(case, Observe::Output),
        };
        // What cannot be executed was told of when it was timed.
        Ok(execution.result.ok())
    }

    fn unusable(&mut self, _: &str) {}

    fn not_run(&mut self, _: &str, _: &str) {}

    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.count >= limit)
    }
}

/// Returns the most memory that this process had at a time, in bytes; Linux counts it.
fn peak_bytes() -> Result<u64> {
    let path = "/proc/self/status";
    let status = fs::read_to_string(path).wrap_err_with(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| eyre!("{path}: expected a line `VmHWM: N kB`"))
}
