//! Makes evidence smaller.

use std::{
    fs,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use tandem_corpus::Case;
use tandem_executor::{Strategy, WorkerPool};

use super::{Evidence, EvidenceError, Evident, Reduction};
use crate::{
    difference::Difference,
    engine::ParentState,
    parallel::{Parallel, Seam},
    reference::Reference,
    shrink::{Limits, Shrunken, shrink},
};

/// What a run may spend on making evidence smaller: whoever writes it waits for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrinking {
    /// Bounds for one divergence.
    limits: Limits,
    /// Time that is left for all of them.
    time_left: Duration,
}

impl Shrinking {
    /// Bounds the search for each divergence, and the time for all of them.
    pub const fn new(limits: Limits, time_max: Duration) -> Self {
        Self { limits, time_left: time_max }
    }

    /// Returns the bounds for the next divergence, if there is time.
    fn next(&self) -> Option<Limits> {
        let time_max = self.limits.time_max.min(self.time_left);
        (!time_max.is_zero()).then_some(Limits { time_max, ..self.limits })
    }
}

impl Evidence {
    /// Returns an engine that executes as the evidence says: by its schedule and, where this build has such things, with
    /// its fault.
    pub fn parallel(&self, pool: Arc<WorkerPool>, seam: Seam) -> Parallel {
        let strategy = match self.run.strategy.as_str() {
            "sequential" => Strategy::Sequential,
            "auto" => Strategy::Auto,
            _ => Strategy::Parallel,
        };
        let parallel = Parallel::new(pool, strategy, seam).with_schedule(self.schedule.map(Into::into));
        #[cfg(feature = "fault-injection")]
        let parallel = Parallel { fault: self.fault, ..parallel };
        parallel
    }

    /// Returns evidence of the same difference with fewer transactions and less state, where the executions differ every
    /// time; else the same evidence. Either says what came of it.
    pub fn shrunken(self, parallel: &Parallel, limits: Limits) -> Result<Self, EvidenceError> {
        match self.witness_case() {
            Some(case) => Ok(self.shrunken_case(&case?, parallel, limits)),
            None => {
                let case = self.case()?;
                Ok(self.shrunken_case(&case, parallel, limits))
            }
        }
    }

    /// Writes the evidence into a directory, and then, where less of it shows the same, that in its place.
    ///
    /// The whole is written first, because a divergence may never happen again, and stays beside the smaller one. What
    /// the executions agree on and the header contradicts stays whole, and so does all once the time is up. Whatever goes
    /// wrong here is no error.
    pub fn write_shrunken(
        mut self,
        directory: &Path,
        shrinking: &mut Shrinking,
    ) -> Result<PathBuf, EvidenceError> {
        let is_from_header = self.divergence.as_ref().is_none_or(Difference::is_from_header_only);
        let limits = shrinking.next();
        if !is_from_header && limits.is_none() {
            let reason = "other divergences of the run took the time for that".to_owned();
            self.reduction = Some(Reduction::Whole { reason });
        }
        let path = self.write(directory)?;
        let Some(limits) = limits.filter(|_| !is_from_header) else { return Ok(path) };
        let begun = Instant::now();
        let threads = NonZero::new(self.run.threads).unwrap_or(NonZero::<usize>::MIN);
        let Ok(pool) = WorkerPool::new(threads) else { return Ok(path) };
        let parallel = self.parallel(Arc::new(pool), Seam::default());
        let whole = directory.join(self.whole_file_name());
        // The executor is what is in doubt: a panic of it is no reason to lose what is written.
        let shrunken = catch_unwind(AssertUnwindSafe(|| self.shrunken(&parallel, limits)));
        shrinking.time_left = shrinking.time_left.saturating_sub(begun.elapsed());
        if let Ok(Ok(shrunken)) = shrunken {
            if shrunken.is_shrunken() {
                fs::copy(&path, &whole).map_err(|source| EvidenceError::Io { path: whole, source })?;
            }
            shrunken.write(directory)?;
        }
        Ok(path)
    }

    fn shrunken_case<S: ParentState + Evident>(
        self,
        case: &Case<S>,
        parallel: &Parallel,
        limits: Limits,
    ) -> Self {
        match shrink(case, &Reference::default(), parallel, limits) {
            Ok(Shrunken { case, first, mut reduction }) => {
                if let Reduction::Shrunken { divergence, .. } = &mut reduction {
                    *divergence = self.divergence.map(Box::new);
                }
                Self {
                    schedule: self.schedule,
                    fault: self.fault,
                    reduction: Some(reduction),
                    ..Self::new(&case, self.run, self.provenance, Some(first))
                }
            }
            Err(reduction) => Self { reduction: Some(reduction), ..self },
        }
    }

    /// Whether transactions were left out.
    pub const fn is_shrunken(&self) -> bool {
        matches!(self.reduction, Some(Reduction::Shrunken { .. }))
    }
}
