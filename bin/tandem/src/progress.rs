//! Shows how far a run is: one line on standard error, only if that is a terminal.

use std::{
    fmt,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Display;

/// How often the line is drawn, at most.
const DRAWS_PER_SECOND: u8 = 10;

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    /// Starts the clock; nothing is shown with `-q`, and with `-v` the log takes the line's place.
    pub(crate) fn start(display: &Display) -> Self {
        let target = if display.quiet || display.verbose > 0 {
            ProgressDrawTarget::hidden()
        } else {
            // Hidden by itself where standard error is no terminal.
            ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND)
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        Self { bar, started: Instant::now() }
    }

    /// Shows how many blocks are done, how fast, and what became of them.
    pub(crate) fn show(&self, blocks: u64, gas_used: u64, outcome: &dyn fmt::Display) {
        if !self.bar.is_hidden() {
            let elapsed = self.started.elapsed();
            self.bar.set_message(format!("{}: {outcome}", Rates { blocks, gas_used, elapsed }));
            self.bar.tick();
        }
    }

    /// Shows a line of one's own.
    pub(crate) fn say(&self, line: &str) {
        if !self.bar.is_hidden() {
            self.bar.set_message(line.to_owned());
            self.bar.tick();
        }
    }

    /// Writes to standard error without tearing the line.
    pub(crate) fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Totals and how fast they grow.
struct Rates {
    blocks: u64,
    gas_used: u64,
    elapsed: Duration,
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs_f64().max(f64::EPSILON);
        let blocks_s = self.blocks as f64 / seconds;
        let mgas_s = self.gas_used as f64 / 1e6 / seconds;
        write!(f, "{} blocks ({blocks_s:.0} blocks/s, {mgas_s:.0} Mgas/s)", self.blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_rates() {
        let line = Rates { blocks: 3, gas_used: 8_000_000, elapsed: Duration::from_secs(2) }.to_string();
        assert_eq!(line, "3 blocks (2 blocks/s, 4 Mgas/s)");
    }
}
