//! Names what executes a block, so that `compare` knows no executor.

use tandem_corpus::Case;

use crate::output::Execution;

/// How much of an execution is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// The output; nothing slows execution.
    Output,
    /// The output and every state-hook call.
    Commits,
}

/// An execution of blocks.
///
/// Implementations execute the case as given and report what they get: they catch nothing, repair nothing, and give
/// the same result for [`Observe::Output`] and [`Observe::Commits`]. Closures are engines.
pub trait Engine {
    /// Executes one block on its parent state.
    fn execute(&self, case: &Case, observe: Observe) -> Execution;
}

impl<F: Fn(&Case, Observe) -> Execution> Engine for F {
    fn execute(&self, case: &Case, observe: Observe) -> Execution {
        self(case, observe)
    }
}
