//! Blocks to execute, from files and from seeds.

pub mod absent_reads;
mod account;
pub mod block;
mod case;
pub mod chain_spec;
pub mod decode;
pub mod error;
mod file;
mod quantity;
pub mod state;

pub use absent_reads::AbsentReads;
pub use block::{Block, Case, Transaction};
pub use chain_spec::{BlobSchedule, ChainSpec, NetworkError};
pub use decode::{BlockDecodeError, SignatureError, decode_block};
pub use error::InputError;
pub use state::{Absent, MissingState, PlainAccount, PlainState};
