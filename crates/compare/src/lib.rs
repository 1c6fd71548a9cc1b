//! Are two executions of a block equal, and equal to the block's header?
//!
//! An [`Engine`] executes a [`Case`](tandem_corpus::Case) and returns an [`Execution`]: an [`Output`] or an error, and,
//! when asked to [`Observe`] it, a [`Trace`] of its state-hook calls. [`Reference`] is the sequential engine: alloy-evm
//! as it is. [`Parallel`] adapts `tandem-executor`; no other module here knows it.
//!
//! 1. [`compare`] takes two executions and returns a [`Comparison`]: a [`Verdict`], one word for each of the
//!    [`Checks`], and every typed [`Difference`], the first in block order first.
//! 2. [`Evidence`] is all that is needed to execute the block again; it is written when executions differ.
//! 3. [`explain`] executes both engines again under observation and finds the first transaction, account and slot
//!    that differ, and who wrote that location before. [`shrink`](fn@shrink) leaves out of the case what is not needed.
//!
//! This crate reads no environment and no clock but the one that times executions, and repairs nothing: whatever it
//! cannot compare it names.

pub mod beginning;
pub mod checks;
pub mod compare;
pub mod differ;
pub mod difference;
pub mod engine;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod history;
pub mod output;
pub mod parallel;
pub mod place;
pub mod recording;
pub mod reference;
pub mod root;
pub mod selection;
pub mod shrink;
pub mod subject;
pub mod trace;
pub mod verdict;
pub mod world;

pub use checks::{Check, Checks};
pub use compare::{Claim, Comparison, Expectation, Roots, StateRoot, Terms, compare};
pub use difference::{Difference, Value};
pub use engine::{Engine, Observe, ParentState};
pub use error::{ErrorForm, ExecuteError};
pub use evidence::{Evidence, EvidenceError, Evident, Provenance, Run, Shrinking};
pub use explain::{Explanation, Reproduction, explain};
pub use history::Write;
pub use output::{Digest, Execution, Output, Receipt};
pub use parallel::{Parallel, Seam};
pub use place::{Place, TxIndex};
pub use reference::{BuildBal, Reference};
pub use root::{CarriedState, RootError, RootSource};
pub use shrink::{Limits, Shrunken, shrink};
pub use subject::{AccountField, Layer, ReceiptField, RevertField, Side, Subject};
pub use trace::{Commit, Recorder, Trace};
pub use verdict::Verdict;
