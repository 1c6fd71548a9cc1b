//! Sources read from real data.

mod chains;
mod mainnet;
mod support;
