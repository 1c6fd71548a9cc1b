//! What `tandem bench` does with a block.
//!
//! [`run`] walks the sources and takes every valid block; [`contest`] executes it in turn by all contenders and keeps
//! their times; [`outcome`] carries the figures to standard output and to a file.

pub(crate) mod contest;
pub(crate) mod outcome;
pub(crate) mod run;
