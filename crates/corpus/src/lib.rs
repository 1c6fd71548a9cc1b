//! Blocks to execute, from files and from seeds.

pub mod block;
pub mod chain_spec;
pub mod state;

pub use block::{Block, Case, Transaction};
pub use chain_spec::{BlobSchedule, ChainSpec, NetworkError};
pub use state::{Absent, MissingState, PlainAccount, PlainState};
