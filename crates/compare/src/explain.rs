//! Executes a divergence again under observation and says where it begins.

use std::fmt;

use alloy_primitives::B256;
use tandem_corpus::Case;

use crate::{
    beginning::shortest_beginning,
    compare::{Comparison, Terms, compare},
    difference::Difference,
    engine::{Engine, Observe},
    history::{Write, last_write},
    place::{Place, TxIndex},
    subject::Layer,
    trace::Trace,
    verdict::Verdict,
};

/// Where a divergence begins, as far as executing the block again tells.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Whether it happened again.
    pub reproduction: Reproduction,
    /// Whether it shows in the steps of an execution, or only in the output of one that nobody observes.
    pub seen: Observe,
    /// The first difference in block order: found again, or else the one that was recorded.
    pub first: Option<Difference>,
    /// The hash of the transaction in which it arises.
    pub tx_hash: Option<B256>,
    /// The first account or slot that differs in that step; where the step read a stale value, that read.
    pub location: Option<Difference>,
    /// Who wrote the location last before that step, in the sequential execution.
    pub written_sequentially: Option<Write>,
    /// Who did in the parallel execution.
    pub written_in_parallel: Option<Write>,
    /// The comparison of the last two executions.
    pub comparison: Comparison,
}

/// Whether a divergence happened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reproduction {
    /// It did, on the attempt of this number, from 1.
    Reproduced {
        /// The number of the attempt.
        attempt: usize,
    },
    /// It did not in any attempt: it depends on the schedule, or on what has been mended since.
    NotReproduced {
        /// How often it was tried.
        attempts: usize,
    },
}

/// Executes a case with both engines until they differ or `attempts` (at least one) are over.
///
/// Each attempt is two parallel executions, observed and not: one that nobody observes merges its changes, and has no
/// steps. Where only that one differs, the transaction is found by executing beginnings of the block.
///
/// `recorded` is the difference that was seen when the divergence was found; it is explained from the sequential
/// trace alone where nothing differs any more.
pub fn explain<S>(
    case: &Case<S>,
    sequential: &dyn Engine<S>,
    parallel: &dyn Engine<S>,
    terms: &Terms<'_, S>,
    recorded: Option<&Difference>,
    attempts: usize,
) -> Explanation {
    let one = sequential.execute(case, Observe::Commits);
    let steps = one.trace.as_ref();
    let mut last = None;
    for attempt in 1..=attempts.max(1) {
        for seen in [Observe::Commits, Observe::Output] {
            let two = parallel.execute(case, seen);
            let comparison = compare(case, &one, &two, terms);
            if comparison.verdict != Verdict::Diverged {
                last = Some(comparison);
                continue;
            }
            let reproduction = Reproduction::Reproduced { attempt };
            return match seen {
                Observe::Commits => {
                    let first = comparison.first_difference().cloned();
                    Located { reproduction, seen, first, comparison }.explain(case, steps, two.trace.as_ref())
                }
                Observe::Output => {
                    let (first, comparison) = in_outputs(case, sequential, parallel, comparison);
                    Located { reproduction, seen, first, comparison }.explain(case, steps, None)
                }
            };
        }
    }
    let reproduction = Reproduction::NotReproduced { attempts: attempts.max(1) };
    let comparison = last.expect("there is at least one attempt");
    let first = recorded.cloned();
    Located { reproduction, seen: Observe::Commits, first, comparison }.explain(case, steps, None)
}

/// Finds the transaction of a difference that outputs show, unless the executions agree with each other.
fn in_outputs<S>(
    case: &Case<S>,
    sequential: &dyn Engine<S>,
    parallel: &dyn Engine<S>,
    comparison: Comparison,
) -> (Option<Difference>, Comparison) {
    let first = comparison.first_difference().cloned();
    if first.as_ref().is_none_or(Difference::is_from_header_only) {
        return (first, comparison);
    }
    let Some((place, comparison)) = shortest_beginning(case, sequential, parallel) else {
        return (first, comparison);
    };
    let placed = |difference: Difference| {
        let place = difference.place.or(place);
        difference.at(place)
    };
    let mut differences: Vec<_> = comparison.differences.into_iter().map(placed).collect();
    differences.sort_by_key(Difference::order);
    let comparison = Comparison { differences, ..comparison };
    (comparison.first_difference().cloned(), comparison)
}

/// What is known of a divergence before it is told where its location was written.
struct Located {
    reproduction: Reproduction,
    seen: Observe,
    first: Option<Difference>,
    comparison: Comparison,
}

impl Located {
    fn explain<S>(self, case: &Case<S>, sequential: Option<&Trace>, parallel: Option<&Trace>) -> Explanation {
        let Self { reproduction, seen, first, comparison } = self;
        let location = first.as_ref().and_then(|first| location(first, &comparison));
        let place = first.as_ref().and_then(|first| first.place);
        // Steps have the same number of calls in both traces up to the first difference.
        let before = sequential.map_or(0, |trace| calls_before(trace, place));
        let last = |trace: Option<&Trace>| {
            last_write(
                trace?.commits.get(..before).or_else(|| Some(&trace?.commits[..]))?,
                &location.as_ref()?.subject,
            )
        };
        let hash_of = |place: Option<Place>| {
            let TxIndex(index) = place?.tx_index()?;
            case.block.transactions.get(index).map(|transaction| *transaction.tx_hash())
        };
        // Only the sequential engine is sure to say which step a call belongs to.
        let told = |write: Write| {
            let place = write.place.or_else(|| sequential.and_then(|trace| trace.place(write.call)));
            Write { place, tx_hash: hash_of(place), ..write }
        };
        let written_sequentially = last(sequential).map(told);
        let written_in_parallel = last(parallel).map(told);
        let tx_hash = hash_of(place);
        Explanation {
            reproduction,
            seen,
            first,
            tx_hash,
            location,
            written_sequentially,
            written_in_parallel,
            comparison,
        }
    }
}

/// Returns the first difference of the same step that names an account.
fn location(first: &Difference, comparison: &Comparison) -> Option<Difference> {
    let same_step = |difference: &&Difference| difference.place == first.place;
    let named = |layer: Option<Layer>| {
        comparison.differences.iter().filter(same_step).find(|difference| {
            difference.subject.address().is_some() && (layer.is_none() || difference.subject.layer() == layer)
        })
    };
    let own = first.subject.address().is_some().then_some(first);
    named(Some(Layer::Commit)).or(own).or_else(|| named(None)).cloned()
}

/// Counts the calls of all steps before one; all calls where the step is not known.
fn calls_before(trace: &Trace, place: Option<Place>) -> usize {
    let Some(place) = place else { return trace.commits.len() };
    trace.commits.iter().take_while(|commit| commit.place < Some(place)).count()
}

impl Explanation {
    /// Whether the divergence happened again.
    pub const fn is_reproduced(&self) -> bool {
        matches!(self.reproduction, Reproduction::Reproduced { .. })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reproduction {
            Reproduction::Reproduced { attempt: 1 } => writeln!(f, "reproduced at once")?,
            Reproduction::Reproduced { attempt } => writeln!(f, "reproduced on attempt {attempt}")?,
            Reproduction::NotReproduced { attempts } => {
                writeln!(f, "not reproduced in {attempts} attempts; what was recorded:")?;
            }
        }
        let Some(first) = &self.first else { return writeln!(f, "no difference") };
        writeln!(f, "first difference: {first}")?;
        if self.seen == Observe::Output {
            writeln!(
                f,
                "it shows only where changes are merged; this is the shortest beginning of the block that differs"
            )?;
        }
        if let Some(hash) = self.tx_hash {
            writeln!(f, "transaction hash: {hash}")?;
        }
        let Some(location) = &self.location else { return Ok(()) };
        if location != first {
            writeln!(f, "first location: {location}")?;
        }
        let parallel = (self.seen == Observe::Commits && self.is_reproduced())
            .then_some(("parallel", &self.written_in_parallel));
        for (name, write) in [("sequential", &self.written_sequentially)].into_iter().chain(parallel) {
            match write {
                Some(write) => writeln!(f, "last written before ({name}): {write}")?,
                None => writeln!(f, "last written before ({name}): not in this block")?,
            }
        }
        Ok(())
    }
}
