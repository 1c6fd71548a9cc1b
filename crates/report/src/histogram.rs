//! How parallel the blocks are.

/// Lower bounds of the classes. A block without dependent transactions may have a parallelism in the hundreds.
const LOWER_BOUNDS: [f64; 10] = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0];

/// Counts blocks by parallelism.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParallelismHistogram {
    counts: [u64; LOWER_BOUNDS.len()],
}

impl ParallelismHistogram {
    pub(crate) fn add(&mut self, parallelism: f64) {
        // Rounding may put a serial block just below 1.
        let class = LOWER_BOUNDS.iter().rposition(|lower| parallelism >= *lower).unwrap_or(0);
        self.counts[class] += 1;
    }

    pub(crate) fn blocks(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Label and count of each class, from serial to most parallel.
    pub(crate) fn classes(&self) -> Vec<(String, u64)> {
        let uppers = LOWER_BOUNDS.iter().skip(1).map(Some).chain([None]);
        LOWER_BOUNDS
            .iter()
            .zip(uppers)
            .zip(self.counts)
            .map(|((lower, upper), count)| {
                let label = match upper {
                    Some(upper) => format!("{lower}–{upper}×"),
                    None => format!("{lower}× up"),
                };
                (label, count)
            })
            .collect()
    }
}
