//! Executes a divergence again under observation and says where it begins.

use std::fmt;

use alloy_primitives::B256;
use tandem_corpus::Case;

use crate::{
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

/// Executes a case with both engines, observed, until they differ or `attempts` (at least one) are over.
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
    let mut attempt = 1;
    loop {
        let two = parallel.execute(case, Observe::Commits);
        let comparison = compare(case, &one, &two, terms);
        let diverged = comparison.verdict == Verdict::Diverged;
        if !diverged && attempt < attempts {
            attempt += 1;
            continue;
        }
        let (one, two) = (one.trace.as_ref(), two.trace.as_ref());
        return if diverged {
            let first = comparison.first_difference().cloned();
            located(case, Reproduction::Reproduced { attempt }, first, comparison, one, two)
        } else {
            let reproduction = Reproduction::NotReproduced { attempts: attempt };
            located(case, reproduction, recorded.cloned(), comparison, one, None)
        };
    }
}

fn located<S>(
    case: &Case<S>,
    reproduction: Reproduction,
    first: Option<Difference>,
    comparison: Comparison,
    sequential: Option<&Trace>,
    parallel: Option<&Trace>,
) -> Explanation {
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
    let written_sequentially = last(sequential);
    let written_in_parallel = last(parallel).map(|write| Write {
        place: write.place.or_else(|| sequential.and_then(|trace| trace.place(write.call))),
        ..write
    });
    let tx_hash = place
        .and_then(Place::tx_index)
        .and_then(|TxIndex(index)| case.block.transactions.get(index))
        .map(|transaction| *transaction.tx_hash());
    Explanation {
        reproduction,
        first,
        tx_hash,
        location,
        written_sequentially,
        written_in_parallel,
        comparison,
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
        if let Some(hash) = self.tx_hash {
            writeln!(f, "transaction hash: {hash}")?;
        }
        let Some(location) = &self.location else { return Ok(()) };
        if location != first {
            writeln!(f, "first location: {location}")?;
        }
        for (name, write) in
            [("sequential", &self.written_sequentially), ("parallel", &self.written_in_parallel)]
        {
            match write {
                Some(write) => writeln!(f, "last written before ({name}): {write}")?,
                None => writeln!(f, "last written before ({name}): not in this block")?,
            }
        }
        Ok(())
    }
}
