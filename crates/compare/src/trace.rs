//! Records state-hook calls in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use revm::{database_interface::OnStateHook, state::EvmState};

use crate::place::Place;

/// One state-hook call.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The step that committed, where the engine says it.
    pub place: Option<Place>,
    /// What was committed: all that the step loaded, changed or not.
    pub state: EvmState,
}

/// The state-hook calls of one execution, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The calls.
    pub commits: Vec<Commit>,
}

impl Trace {
    /// Returns the step of the call at an index.
    pub fn place(&self, index: usize) -> Option<Place> {
        self.commits.get(index).and_then(|commit| commit.place)
    }
}

/// Collects the calls of one execution.
///
/// Hand [`Recorder::hook`] to `State::set_state_hook`, say with [`Recorder::enter`] which step comes next if that is
/// known, and take the trace when execution has ended. The lock is never contended: hooks are called by the thread
/// that commits.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    place: Option<Place>,
    commits: Vec<Commit>,
}

impl Recorder {
    /// Creates an empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a hook that adds to this recorder.
    pub fn hook(&self) -> Box<dyn OnStateHook> {
        let recorder = self.clone();
        Box::new(move |state: EvmState| {
            let mut inner = recorder.lock();
            let place = inner.place;
            inner.commits.push(Commit { place, state });
        })
    }

    /// Names the step to which the calls from now on belong.
    pub fn enter(&self, place: Place) {
        self.lock().place = Some(place);
    }

    /// Takes what was recorded.
    pub fn take(&self) -> Trace {
        Trace { commits: std::mem::take(&mut self.lock().commits) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while pushing leaves the list whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
