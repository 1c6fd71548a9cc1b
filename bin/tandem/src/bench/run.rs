//! Times blocks: the whole job in one function.

use eyre::Result;
use tandem_compare::{Expectation, Output, StateRoot, Terms};
use tandem_corpus::Case;

use super::{contest::Contest, memory, outcome::Outcome};
use crate::{
    exit::Exit,
    replay::missing::Parent,
    valid::{self, Sources, Visitor},
};

/// Times the valid blocks of the sources, one after the other, measures the memory of some, and tells the figures.
pub(crate) fn run(
    sources: &Sources<'_>,
    limit: Option<u64>,
    contest: Contest,
    outcome: Outcome,
    peaks: Vec<String>,
) -> Result<Exit> {
    let mut timing = Timing { contest, outcome, limit };
    valid::walk(sources, &mut timing)?;
    for alone in peaks {
        let bytes = memory::measure(&alone)?;
        timing.outcome.measured(alone, bytes);
    }
    timing.outcome.finish()
}

/// A run under way.
struct Timing {
    contest: Contest,
    outcome: Outcome,
    /// How many blocks are timed at most.
    limit: Option<u64>,
}

impl Visitor for Timing {
    fn visit<S: Parent>(&mut self, case: &Case<S>, expectation: Expectation) -> Result<Option<Output>> {
        // Equal bundles have equal roots, and the header's root is for `replay` to check.
        let terms = Terms { expectation, state_root: StateRoot::Unchecked };
        match self.contest.hold(case, &terms) {
            Ok((output, times)) => {
                self.outcome.timed(case, &output, &times)?;
                Ok(Some(output))
            }
            Err(refusal) => {
                self.outcome.refused(case, refusal);
                Ok(None)
            }
        }
    }

    fn unusable(&mut self, error: &str) {
        self.outcome.unusable(error);
    }

    fn not_run(&mut self, source: &str, reason: &str) {
        self.outcome.not_run(source, reason);
    }

    fn is_over(&self) -> bool {
        self.outcome.is_over(self.limit)
    }
}
