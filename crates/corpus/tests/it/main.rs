//! Sources read from real data.

mod mainnet;
mod support;
