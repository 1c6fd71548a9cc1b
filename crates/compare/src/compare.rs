//! Compares two executions of a block with each other and with the block's header.

use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bytes};
use tandem_corpus::{Case, PlainState};

use crate::{
    checks::{Check, Checks},
    differ::{self, Differences, summary::Summary},
    difference::{Difference, Value},
    error::{ErrorForm, ExecuteError},
    output::{Execution, Output},
    root::{RootError, RootSource},
    subject::Subject,
    verdict::Verdict,
};

/// What the block is known to be, which decides what counts as a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A valid block: an error is a difference even if both executions give it, and the header must match.
    Valid,
    /// A block that its chain rejects: the executions must agree; that they or the header reject it is the
    /// [`Comparison::rejection`], and whether anything rejected it is for the caller to judge.
    Invalid,
    /// Nothing is known, or the header is not trusted: the executions must agree, the header is not looked at.
    Agreement,
}

/// Where the state root comes from, and what it is compared with.
pub enum StateRoot<'a, S = PlainState> {
    /// No state root.
    Unchecked,
    /// The executions' roots must agree with each other; for states that are a part of the world.
    Agreement(&'a dyn RootSource<S>),
    /// They must agree with the header too, where the expectation looks at it.
    Header(&'a dyn RootSource<S>),
    /// The same, and one execution's root is known already: whoever executed computed it, in a way of their own. The
    /// source is asked for the other's only.
    Claimed(Claim, &'a dyn RootSource<S>),
}

/// A state root that comes with an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// With the sequential one.
    Sequential(B256),
    /// With the parallel one.
    Parallel(B256),
}

/// The terms of a comparison.
pub struct Terms<'a, S = PlainState> {
    /// What the block is known to be.
    pub expectation: Expectation,
    /// Where the state root comes from.
    pub state_root: StateRoot<'a, S>,
}

impl<S> Clone for StateRoot<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for StateRoot<'_, S> {}

impl<S> Clone for Terms<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Terms<'_, S> {}

/// Two executions' roots of one kind, beside the header's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roots {
    /// The sequential execution's root.
    pub sequential: Option<B256>,
    /// The parallel execution's root.
    pub parallel: Option<B256>,
    /// The header's root.
    pub header: B256,
    /// Whether the executions' roots were compared with the header's.
    pub header_checked: bool,
}

/// The outcome of comparing two executions of one block.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What it comes to.
    pub verdict: Verdict,
    /// One word a check.
    pub checks: Checks,
    /// All differences, the first in block order first; empty unless diverged.
    pub differences: Vec<Difference>,
    /// Roots of the receipts' tries.
    pub receipts_roots: Roots,
    /// Roots of the state after the block.
    pub state_roots: Roots,
    /// Why the block is wrong, where both executions agree that it is.
    pub rejection: Option<String>,
}

impl Comparison {
    /// Returns the first difference in block order.
    ///
    /// Differences that only the finished block shows come after all whose transaction is known; observed executions
    /// ([`Observe::Commits`](crate::Observe)) let state differences have one too.
    pub fn first_difference(&self) -> Option<&Difference> {
        self.differences.first()
    }

    fn new<S>(case: &Case<S>) -> Self {
        let header = &case.block.header;
        Self {
            verdict: Verdict::Match,
            checks: Checks::default(),
            differences: Vec::new(),
            receipts_roots: Roots { header: header.receipts_root, ..Roots::default() },
            state_roots: Roots { header: header.state_root, ..Roots::default() },
            rejection: None,
        }
    }

    fn inconclusive(mut self, reason: String) -> Self {
        self.verdict = Verdict::Inconclusive { reason };
        self
    }

    fn concluded(mut self, differences: Differences) -> Self {
        self.differences = differences.into_sorted();
        self.checks = self.checks.with_differences(&self.differences);
        if !self.differences.is_empty() {
            self.verdict = Verdict::Diverged;
        }
        self
    }
}

/// Compares two executions of one case.
///
/// A world that failed under the sequential execution makes the block inconclusive: there is no twin to compare
/// with. A world that failed only under the parallel execution is a difference, because both read the same state.
pub fn compare<S>(
    case: &Case<S>,
    sequential: &Execution,
    parallel: &Execution,
    terms: &Terms<'_, S>,
) -> Comparison {
    let mut comparison = Comparison::new(case);
    if let Err(ExecuteError::World { reason }) = &sequential.result {
        return comparison.inconclusive(format!("sequential execution: {reason}"));
    }
    let mut out = Differences::default();
    if let (Some(one), Some(two)) = (&sequential.trace, &parallel.trace) {
        comparison.checks.commits = Check::Match;
        differ::trace::first(one, two).into_iter().for_each(|difference| out.push(difference));
    }
    match (&sequential.result, &parallel.result) {
        (Ok(one), Ok(two)) => match outputs(case, one, two, terms, &mut comparison, &mut out) {
            Ok(()) => comparison.concluded(out),
            Err(error) => comparison.inconclusive(error.to_string()),
        },
        (one, two) => {
            errors(case, one.as_ref().err(), two.as_ref().err(), terms, &mut comparison, &mut out);
            comparison.concluded(out)
        }
    }
}

fn outputs<S>(
    case: &Case<S>,
    sequential: &Output,
    parallel: &Output,
    terms: &Terms<'_, S>,
    comparison: &mut Comparison,
    out: &mut Differences,
) -> Result<(), RootError> {
    differ::outputs(sequential, parallel, out);

    let (claim_one, claim_two) = claims(terms);
    let one = summary(case, sequential, terms, claim_one)?;
    let two = summary(case, parallel, terms, claim_two)?;
    let header = header_summary(case, terms);
    let mut sums = Differences::default();
    differ::summary::compare(&one, &two, &header, &mut sums);
    for difference in sums.into_sorted() {
        if terms.expectation == Expectation::Invalid && difference.is_from_header_only() {
            comparison.rejection.get_or_insert_with(|| difference.to_string());
        } else {
            out.push(difference);
        }
    }

    let roots = |one, two, own: B256, header: Option<B256>| Roots {
        sequential: one,
        parallel: two,
        header: own,
        header_checked: header.is_some(),
    };
    let own = &case.block.header;
    comparison.receipts_roots =
        roots(one.receipts_root, two.receipts_root, own.receipts_root, header.receipts_root);
    comparison.state_roots = roots(one.state_root, two.state_root, own.state_root, header.state_root);
    comparison.checks = applicable(case, &one, comparison.checks);
    Ok(())
}

/// Marks what there is to compare as equal; differences mark it otherwise afterwards.
fn applicable<S>(case: &Case<S>, summary: &Summary, checks: Checks) -> Checks {
    let when = |applies| if applies { Check::Match } else { Check::Absent };
    let (spec, timestamp) = (&case.spec, case.block.header.timestamp);
    Checks {
        receipts_root: Check::Match,
        gas_used: Check::Match,
        blob_gas_used: when(spec.is_cancun_active_at_timestamp(timestamp)),
        logs_bloom: Check::Match,
        requests_hash: when(spec.is_prague_active_at_timestamp(timestamp)),
        bundle: Check::Match,
        state_root: when(summary.state_root.is_some()),
        bal_hash: when(summary.bal_hash.is_some()),
        ..checks
    }
}

/// Returns the roots that come with the sequential and with the parallel execution.
const fn claims<S>(terms: &Terms<'_, S>) -> (Option<B256>, Option<B256>) {
    match terms.state_root {
        StateRoot::Claimed(Claim::Sequential(root), _) => (Some(root), None),
        StateRoot::Claimed(Claim::Parallel(root), _) => (None, Some(root)),
        StateRoot::Unchecked | StateRoot::Agreement(_) | StateRoot::Header(_) => (None, None),
    }
}

fn summary<S>(
    case: &Case<S>,
    output: &Output,
    terms: &Terms<'_, S>,
    claimed: Option<B256>,
) -> Result<Summary, RootError> {
    let state_root = match (claimed, terms.state_root) {
        (Some(root), _) => Some(root),
        (None, StateRoot::Unchecked) => None,
        (None, StateRoot::Agreement(source) | StateRoot::Header(source) | StateRoot::Claimed(_, source)) => {
            Some(source.state_root(case, &output.bundle)?)
        }
    };
    Ok(Summary::of(output, &output.digest(), state_root))
}

/// What the header says and is checked for.
///
/// Receipts before Byzantium carry a state root where later ones carry a status (EIP-658), and no execution that
/// skips intermediate roots can know it, so their root is not checked.
fn header_summary<S>(case: &Case<S>, terms: &Terms<'_, S>) -> Summary {
    if terms.expectation == Expectation::Agreement {
        return Summary::default();
    }
    let header = &case.block.header;
    let has_status = case.spec.is_byzantium_active_at_block(header.number);
    Summary {
        gas_used: Some(header.gas_used),
        blob_gas_used: header.blob_gas_used,
        logs_bloom: Some(Bytes::copy_from_slice(header.logs_bloom.as_slice())),
        receipts_root: has_status.then_some(header.receipts_root),
        requests_hash: header.requests_hash,
        bal_hash: header.block_access_list_hash,
        state_root: matches!(terms.state_root, StateRoot::Header(_) | StateRoot::Claimed(..))
            .then_some(header.state_root),
    }
}

/// Compares where at least one execution has an error.
fn errors<S>(
    case: &Case<S>,
    sequential: Option<&ExecuteError>,
    parallel: Option<&ExecuteError>,
    terms: &Terms<'_, S>,
    comparison: &mut Comparison,
    out: &mut Differences,
) {
    comparison.checks.error = Check::Match;
    let form = |error: Option<&ExecuteError>| error.map(|error| error.form(&case.block));
    let (one, two) = (form(sequential), form(parallel));
    let place = [&one, &two].into_iter().flatten().filter_map(|form| form.place).min();
    let value = |form: &Option<ErrorForm>| Value::from(form.as_ref().map(ErrorForm::to_string));
    let difference = Difference::new(Subject::Error, value(&one), value(&two)).at(place);
    match (&one, &two) {
        (Some(one), Some(two)) if one.same(two) => {
            comparison.rejection = Some(one.to_string());
            let broken = matches!(sequential, Some(ExecuteError::Invariant { .. }));
            if broken || terms.expectation == Expectation::Valid {
                out.push(difference.against("a valid block".to_owned()));
            }
        }
        _ => out.push(difference),
    }
}
