//! Are two executions of a block equal?
pub mod engine;
pub mod error;
pub mod output;
pub mod place;
pub mod reference;
pub mod trace;
pub mod world;
