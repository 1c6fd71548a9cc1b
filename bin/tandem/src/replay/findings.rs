//! Names where findings go, so that judging knows neither files nor terminals.

use eyre::Result;

use super::judged::Judged;

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It does.
    On,
    /// It ends before the next block.
    End,
}

/// Where findings go.
pub(crate) trait Findings {
    /// Takes a block's record.
    fn judged(&mut self, judged: Judged) -> Result<()>;
    /// Takes an input that could not be used, as one line.
    fn unusable(&mut self, error: &str);
    /// Takes a source of which something was left out on purpose, and why.
    fn not_run(&mut self, source: &str, reason: &str);
    /// Says whether to go on to the next block.
    fn flow(&self) -> Flow;
}
