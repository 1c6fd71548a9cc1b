//! Whole-system tests; each file is one thing that users rely on.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

mod analyze;
mod bad_input;
mod bench;
mod data;
mod defaults;
mod era1;
mod exex;
mod expectation;
mod explain;
mod formats;
mod generate;
mod help;
mod import;
mod injections;
mod interrupt;
mod report;
mod shard;
mod store_witness;
mod witness;
