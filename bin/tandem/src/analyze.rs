//! What `tandem analyze` does with a block.
//!
//! [`run`] takes every valid block of the sources; [`block`](mod@block) finds out what its transactions depend on and
//! what that leaves.

pub(crate) mod block;
mod draw;
mod hot;
mod partitions;
pub(crate) mod run;
