//! What `tandem bench` does with a block.
//!
//! [`run`] takes every valid block of the sources; [`contest`] executes it in turn by all contenders and keeps
//! their times; [`memory`] measures peaks in processes of their own; [`outcome`] carries the figures to standard output
//! and to a file.

pub(crate) mod contest;
pub(crate) mod memory;
pub(crate) mod outcome;
pub(crate) mod run;
