//! Names what executes a block, so that `compare` knows no executor, and what it executes on.

use std::{error::Error, fmt::Debug};

use revm::DatabaseRef;
use tandem_corpus::{Case, PlainState};

use crate::output::Execution;

/// A state before a block that both executions read, workers from their own threads.
///
/// Implemented for every revm [`DatabaseRef`] that can be shared and whose errors can be kept.
pub trait ParentState:
    DatabaseRef<Error: Error + Clone + Send + Sync + 'static> + Debug + Send + Sync + 'static
{
}

impl<S> ParentState for S where
    S: DatabaseRef<Error: Error + Clone + Send + Sync + 'static> + Debug + Send + Sync + 'static
{
}

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
pub trait Engine<S = PlainState> {
    /// Executes one block on its parent state.
    fn execute(&self, case: &Case<S>, observe: Observe) -> Execution;
}

impl<S, F: Fn(&Case<S>, Observe) -> Execution> Engine<S> for F {
    fn execute(&self, case: &Case<S>, observe: Observe) -> Execution {
        self(case, observe)
    }
}
