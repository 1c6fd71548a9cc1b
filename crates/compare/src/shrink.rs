//! Makes a divergence smaller: fewer transactions, and of the state only what they read.
//!
//! Delta debugging (Zeller, Hildebrandt, "Simplifying and isolating failure-inducing input", 2002) over the
//! transactions before the one in which the executions begin to differ. The same engines, case and bound on trials give
//! the same result, unless the time is up first.

use std::time::{Duration, Instant};

use alloy_primitives::B256;
use tandem_corpus::{Case, PlainState};

use crate::{
    beginning::{shortest_beginning, terms},
    compare::compare,
    difference::Difference,
    engine::{Engine, Observe, ParentState},
    evidence::{Reduction, ReductionEnd},
    place::{Place, TxIndex},
    recording::Recording,
    selection::select_raised,
    subject::Subject,
    verdict::Verdict,
};

/// Pairs of executions that all must show the same difference before anything is left out.
const STEADY: usize = 3;

/// Bounds of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pairs of executions.
    pub trials_max: usize,
    /// Time; a trial that has begun ends.
    pub time_max: Duration,
}

/// A smaller case that still shows a difference.
#[derive(Clone, Debug)]
pub struct Shrunken {
    /// The case.
    pub case: Case,
    /// The difference in it.
    pub first: Difference,
    /// What was left out.
    pub reduction: Reduction,
}

/// An engine that executes on all states that shrinking makes.
pub trait ShrinkEngine<S>: Engine<Recording<S>> + Engine<PlainState> + Engine<Recording<PlainState>> {}

impl<S, E> ShrinkEngine<S> for E where
    E: Engine<Recording<S>> + Engine<PlainState> + Engine<Recording<PlainState>>
{
}

/// Shrinks a case in which two engines differ; otherwise says why it stays as it is.
///
/// A difference that does not show every time (a race) is left alone, and so is one between both executions and the
/// header, which is the header of the whole block.
pub fn shrink<S: ParentState>(
    case: &Case<S>,
    sequential: &impl ShrinkEngine<S>,
    parallel: &impl ShrinkEngine<S>,
    limits: Limits,
) -> Result<Shrunken, Reduction> {
    let begun = Instant::now();
    let whole = |reason: &str| Reduction::Whole { reason: reason.to_owned() };
    let recorded = Recording::of(case);
    if sequential.execute(&recorded, Observe::Output).result.is_err() {
        return Err(whole("the block does not execute sequentially"));
    }
    let (observe, first) = steady(&recorded, sequential, parallel)
        .ok_or_else(|| whole("the executions do not differ every time"))?;
    let place = match observe {
        Observe::Commits => first.place,
        Observe::Output => {
            shortest_beginning(&recorded, sequential, parallel).and_then(|(place, _)| place).or(first.place)
        }
    };
    let read = on(&recorded, recorded.state.read());
    let mut search = Search { sequential, parallel, observe, limits, begun, trials: 0, target: None };
    let (kept, end) = search.transactions(&read, place);
    let selected = select_raised(&read, &kept);
    let reread = Recording::of(&selected);
    sequential.execute(&reread, observe);
    // Workers do not read the same every time.
    for _ in 0..STEADY {
        parallel.execute(&reread, observe);
    }
    let case = on(&selected, reread.state.read());
    let first = search
        .difference(&case)
        .filter(|first| search.target == Some(Target::of(first, &case)))
        .ok_or_else(|| whole("the difference does not show on the state that was read"))?;
    let (of, trials) = (recorded.block.transactions.len(), search.trials);
    let reduction = Reduction::Shrunken { transactions: kept, of, divergence: None, trials, end };
    Ok(Shrunken { case, first, reduction })
}

/// Returns a case on another state.
fn on<S>(case: &Case<S>, state: PlainState) -> Case {
    let Case { source, spec, block, .. } = case;
    Case { source: source.clone(), spec: spec.clone(), block: block.clone(), state: state.into() }
}

/// Returns how a difference shows every time, and the difference.
fn steady<S>(
    case: &Case<S>,
    sequential: &dyn Engine<S>,
    parallel: &dyn Engine<S>,
) -> Option<(Observe, Difference)> {
    [Observe::Commits, Observe::Output].into_iter().find_map(|observe| {
        let one = sequential.execute(case, observe);
        let mut differences = (0..STEADY).map(|_| {
            let comparison = compare(case, &one, &parallel.execute(case, observe), &terms());
            comparison.first_difference().cloned()
        });
        let first = differences.next()??;
        let is_same = |other: Option<Difference>| other.is_some_and(|other| other.subject == first.subject);
        differences.all(is_same).then_some((observe, first))
    })
}

/// What a difference is about, whichever transactions are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    tx: Option<B256>,
    subject: Subject,
}

impl Target {
    fn of(difference: &Difference, case: &Case) -> Self {
        let tx = difference.tx().and_then(|TxIndex(index)| case.block.transactions.get(index));
        let subject = match difference.subject {
            Subject::Receipt(_, field) => Subject::Receipt(TxIndex(0), field),
            subject => subject,
        };
        Self { tx: tx.map(|tx| *tx.tx_hash()), subject }
    }
}

/// A search for a smaller case.
struct Search<'a> {
    sequential: &'a dyn Engine,
    parallel: &'a dyn Engine,
    observe: Observe,
    limits: Limits,
    begun: Instant,
    trials: usize,
    target: Option<Target>,
}

impl Search<'_> {
    /// Returns the transactions that are needed, and why no more are left out.
    fn transactions(&mut self, case: &Case, place: Option<Place>) -> (Vec<usize>, ReductionEnd) {
        let mut kept: Vec<usize> = (0..case.block.transactions.len()).collect();
        let beginning = match place.and_then(Place::tx_index) {
            Some(TxIndex(last)) => (0..=last).collect(),
            None => kept.clone(),
        };
        let begun = select_raised(case, &beginning);
        // What differs must stay the same. Outputs of a whole block show what follows from it too, and maybe that first.
        let is_begun = match self.observe {
            Observe::Commits => self.settle(case) && self.is_shown(&begun),
            Observe::Output => self.settle(&begun),
        };
        if is_begun {
            kept = beginning;
        } else if self.target.is_none() && !self.settle(case) {
            return (kept, ReductionEnd::Smallest);
        }
        let end = self.leave_out(case, &mut kept);
        (kept, end)
    }

    /// Leaves out chunks of ever fewer transactions, as long as the difference stays.
    fn leave_out(&mut self, case: &Case, kept: &mut Vec<usize>) -> ReductionEnd {
        let mut size = kept.len().div_ceil(2);
        while size > 0 {
            let (mut at, count) = (0, kept.len());
            while at < kept.len() {
                if let Some(end) = self.end() {
                    return end;
                }
                let end = kept.len().min(at + size);
                let rest = [&kept[..at], &kept[end..]].concat();
                if self.is_shown(&select_raised(case, &rest)) {
                    *kept = rest;
                } else {
                    at = end;
                }
            }
            // Single ones are tried until none can go.
            size = if size == 1 && kept.len() < count { 1 } else { size / 2 };
        }
        ReductionEnd::Smallest
    }

    fn end(&self) -> Option<ReductionEnd> {
        if self.trials >= self.limits.trials_max {
            Some(ReductionEnd::Trials)
        } else if self.begun.elapsed() >= self.limits.time_max {
            Some(ReductionEnd::Time)
        } else {
            None
        }
    }

    /// Fixes what must stay: what differs in a case.
    fn settle(&mut self, case: &Case) -> bool {
        self.target = self.difference(case).map(|difference| Target::of(&difference, case));
        self.target.is_some()
    }

    fn is_shown(&mut self, case: &Case) -> bool {
        self.difference(case).map(|difference| Target::of(&difference, case)) == self.target
    }

    /// Returns the first difference in a case that executes sequentially.
    fn difference(&mut self, case: &Case) -> Option<Difference> {
        self.trials += 1;
        let one = self.sequential.execute(case, self.observe);
        one.result.as_ref().ok()?;
        let two = self.parallel.execute(case, self.observe);
        let comparison = compare(case, &one, &two, &terms());
        (comparison.verdict == Verdict::Diverged).then(|| comparison.first_difference().cloned())?
    }
}
