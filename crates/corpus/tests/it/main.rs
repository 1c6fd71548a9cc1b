//! Sources read from real data.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod chains;
mod genesis;
mod mainnet;
mod support;
