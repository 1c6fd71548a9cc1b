//! Shows how far a run is: one line on standard error, only if that is a terminal.

use std::{
    fmt,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tandem_report::Tally;

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

    /// Shows the totals so far.
    pub(crate) fn show(&self, tally: &Tally) {
        if !self.bar.is_hidden() {
            self.bar.set_message(Rates { tally, elapsed: self.started.elapsed() }.to_string());
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
struct Rates<'a> {
    tally: &'a Tally,
    elapsed: Duration,
}

impl fmt::Display for Rates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, elapsed } = self;
        let seconds = elapsed.as_secs_f64().max(f64::EPSILON);
        let blocks_s = tally.blocks() as f64 / seconds;
        let mgas_s = tally.gas_used() as f64 / 1e6 / seconds;
        write!(
            f,
            "{} blocks ({blocks_s:.0} blocks/s, {mgas_s:.0} Mgas/s): {} matched, {} diverged, {} inconclusive",
            tally.blocks(),
            tally.matched(),
            tally.diverged(),
            tally.inconclusive()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_rates_and_verdicts() {
        let line = Rates { tally: &Tally::default(), elapsed: Duration::from_secs(2) }.to_string();
        assert_eq!(line, "0 blocks (0 blocks/s, 0 Mgas/s): 0 matched, 0 diverged, 0 inconclusive");
    }
}
