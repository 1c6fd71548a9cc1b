//! What `tandem replay` does with a block, step by step.
//!
//! [`items`] opens the sources; [`portion`] says which blocks belong to this run; [`twins`] executes a block both ways
//! and compares; [`case`] and [`chain`] judge what came out by what the source expects; with [`after`] for the
//! rules that hold after execution; [`record`] writes it down;
//! [`results`] carries records to the report and to standard output.

pub(crate) mod after;
pub(crate) mod case;
pub(crate) mod chain;
pub(crate) mod evidence;
pub(crate) mod expectation;
pub(crate) mod intermediate;
pub(crate) mod items;
pub(crate) mod judged;
pub(crate) mod missing;
pub(crate) mod portion;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod twins;
