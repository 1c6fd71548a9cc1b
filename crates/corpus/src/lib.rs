//! Blocks to execute, from files and from seeds.

pub mod absent_reads;
mod account;
pub mod block;
mod case;
pub mod chain;
pub mod chain_spec;
pub mod decode;
mod encode;
pub mod error;
mod file;
mod fixture;
pub mod generate;
mod members;
mod quantity;
mod rpc_block;
pub mod source;
pub mod state;
#[cfg(test)]
mod testing;
pub mod witness;

pub use absent_reads::AbsentReads;
pub use block::{Block, Case, Transaction};
pub use chain::{
    Chain, ChainBlock, ChainBlocks, Era1Blocks, GenesisFile, PostState, RlpBlocks, genesis_header,
    open_blocks,
};
pub use chain_spec::{BlobSchedule, ChainSpec, NetworkError};
pub use decode::{BlockDecodeError, SignatureError, decode_block, decode_unrecovered, recover_sender};
pub use encode::encode_block;
pub use error::InputError;
pub use generate::{Fork, Generate, GenerateError, GenerateOptions, Workload, generate};
pub use source::{Item, NotRun, Sources, open};
pub use state::{Absent, MissingState, PlainAccount, PlainState};
pub use witness::Witness;
