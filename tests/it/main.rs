//! Whole-system tests; each file is one thing that users rely on.

mod bad_input;
mod data;
mod defaults;
mod expectation;
mod explain;
mod formats;
mod help;
mod interrupt;
mod report;
mod shard;
