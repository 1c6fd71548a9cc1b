//! Checks one block: executes it on the other path, compares, and writes down what came out.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use revm::database::BundleState;
use tandem_compare::{
    Claim, Comparison, Engine, Evidence, ExecuteError, Execution, Expectation, Observe, Output, Parallel,
    ParentState, Provenance, Reference, RootError, Run, StateRoot, Terms, Verdict, compare,
    recording::Recording,
};
use tandem_corpus::Case;
use tandem_executor::BlockStats;
use tandem_report::{BlockRecord, record::Verdict as Word};

use crate::{
    host::{Host, HostError, HostExecution, ImportedBlock},
    record::{self, Executions},
    settings::Mode,
};

/// What was found out about a block.
#[derive(Debug)]
pub struct Checked {
    /// For the report.
    pub record: BlockRecord,
    /// What replays a divergence.
    pub evidence: Option<Box<Evidence>>,
}

/// Two executions of a block, and the root that one of them came with.
struct Twins {
    sequential: Execution,
    parallel: Execution,
    stats: BlockStats,
    claim: Option<Claim>,
}

/// Checks a block of a host.
///
/// A host that has no [`Validator`](crate::Validator) may do so by itself with the blocks that its own checks point at.
pub fn check<H: Host>(host: &H, mode: Mode, engine: &Parallel, mut block: H::Block) -> Checked {
    let case = match case(host, &block) {
        Ok(case) => case,
        Err(error) => {
            return Checked { record: unchecked(host, &block, error.to_string()), evidence: None };
        }
    };
    let twins = match block.take_failure() {
        Some(what) => failed(&case, what),
        None => execute(&case, mode, engine, block.take_execution()),
    };
    let root_source = |_: &Case<H::State>, bundle: &BundleState| {
        let root = host.state_root(&block, bundle);
        root.map_err(|error: HostError| RootError { reason: error.to_string() })
    };
    let state_root = match twins.claim {
        Some(claim) => StateRoot::Claimed(claim, &root_source),
        None => StateRoot::Header(&root_source),
    };
    let terms = Terms { expectation: Expectation::Valid, state_root };
    let comparison = compare(&case, &twins.sequential, &twins.parallel, &terms);
    let executions = Executions {
        comparison: &comparison,
        sequential: &twins.sequential,
        stats: &twins.stats,
        parallel_time: twins.parallel.duration,
    };
    let record = record::executed(&case.source, &case.spec.at(&case.block.header), &case.block, executions);
    let evidence =
        (comparison.verdict == Verdict::Diverged).then(|| Box::new(evidence(&case, engine, &comparison)));
    Checked { record, evidence }
}

fn case<H: Host>(host: &H, block: &H::Block) -> Result<Case<H::State>, HostError> {
    let state = host.parent_state(block)?;
    Ok(Case { source: block.source(), spec: host.spec(), block: block.block()?, state })
}

/// Writes the record of a block that could not be checked.
pub(crate) fn unchecked<H: Host>(host: &H, block: &H::Block, reason: String) -> BlockRecord {
    let (header, hash) = (block.header(), block.id().hash);
    let verdict = Word::Inconclusive { reason };
    let record =
        record::outline(&block.source(), &host.spec(), (hash, header), block.transaction_count(), verdict);
    BlockRecord { gas_used: header.gas_used, ..record }
}

/// Executes a block on the paths that the host did not, or of whose execution nothing is left.
fn execute<S: ParentState>(
    case: &Case<S>,
    mode: Mode,
    engine: &Parallel,
    host: Option<HostExecution>,
) -> Twins {
    match (mode, host) {
        (Mode::Live, Some(host)) => {
            let mut sequential = Reference::default().execute(case, Observe::Output);
            let (parallel, stats, root) = of_host(host, &mut sequential);
            Twins { sequential, parallel, stats, claim: root.map(Claim::Parallel) }
        }
        (Mode::Shadow, Some(host)) => {
            let (mut parallel, stats) = execute_in_parallel(case, engine);
            let (sequential, _, root) = of_host(host, &mut parallel);
            Twins { sequential, parallel, stats, claim: root.map(Claim::Sequential) }
        }
        (_, None) => {
            let sequential = Reference::default().execute(case, Observe::Output);
            let (parallel, stats) = execute_in_parallel(case, engine);
            Twins { sequential, parallel, stats, claim: None }
        }
    }
}

/// Executes a block sequentially of which the host's parallel execution ended with an error.
fn failed<S: ParentState>(case: &Case<S>, what: String) -> Twins {
    let sequential = Reference::default().execute(case, Observe::Output);
    let result = Err(ExecuteError::Invariant { what });
    let parallel = Execution { result, trace: None, duration: Duration::ZERO };
    Twins { sequential, parallel, stats: BlockStats::default(), claim: None }
}

/// Takes the host's execution as one of two; without its block access list the other's is not looked at.
fn of_host(
    host: HostExecution,
    other: &mut Execution,
) -> (Execution, BlockStats, Option<revm::primitives::B256>) {
    let HostExecution { output, state_root, stats, duration } = host;
    if let (None, Ok(Output { bal, .. })) = (&output.bal, &mut other.result) {
        *bal = None;
    }
    (Execution { result: Ok(output), trace: None, duration }, stats, state_root)
}

/// Executes a block in parallel; a panic is a broken invariant of ours and ends the block, not the validator.
fn execute_in_parallel<S: ParentState>(case: &Case<S>, engine: &Parallel) -> (Execution, BlockStats) {
    let executed = catch_unwind(AssertUnwindSafe(|| engine.execute_counted(case, Observe::Output)));
    executed.unwrap_or_else(|panic| {
        let what = format!("the parallel execution panicked: {}", message(&*panic));
        let result = Err(ExecuteError::Invariant { what });
        (Execution { result, trace: None, duration: Duration::ZERO }, BlockStats::default())
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// Executes a block that diverged both ways once more, to keep what they read and the difference that was seen.
fn evidence<S: ParentState>(case: &Case<S>, engine: &Parallel, comparison: &Comparison) -> Evidence {
    let again = Recording::of(case);
    // What they give is known already; what they read is what is asked for.
    let _sequential = Reference::default().execute(&again, Observe::Output);
    let _parallel = execute_in_parallel(&again, engine);
    let state = Arc::new(again.state.read());
    let case = Case { source: again.source, spec: again.spec, block: again.block, state };
    let difference = comparison.first_difference().cloned();
    let evidence = Evidence::new(&case, Run::default(), Provenance::default(), difference);
    Evidence { fault: engine.fault_evidence(), ..evidence }
}
