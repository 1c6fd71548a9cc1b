//! What `tandem analyze` does with a block.
//!
//! [`run`] takes every valid block of the sources; [`block`](mod@block) finds out what its transactions depend on and
//! what that leaves; [`predict`] says what this executor would make of it on more threads, from [`costs`] that a
//! [`stopwatch`] measured.

pub(crate) mod block;
mod costs;
mod draw;
mod hot;
mod partitions;
pub(crate) mod predict;
pub(crate) mod run;
mod stopwatch;
