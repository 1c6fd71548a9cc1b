//! Decides whether a block belongs to a chain.
//!
//! A block is judged in three steps, cheapest first, and each step is a function of values:
//!
//! 1. [`rules`]: the header, field by field, against its parent and the rules of its fork ([`validate_header`]);
//! 2. [`body`]: transactions, ommers and withdrawals against the header ([`validate_body`], [`validate_ommers`]);
//! 3. [`output`]: what execution gave against the header ([`validate_output`]).
//!
//! [`Tree`] keeps the accepted blocks with their post-states, hands out the right parent for 1 and 2, and chooses the
//! head. Execution itself happens between [`Tree::prepare`] and [`Tree::accept`] and is the caller's.
//!
//! What this crate does not do: it verifies no proof of work (mix hash and nonce before the merge are not looked at),
//! compares no time with a clock, and leaves to execution what execution decides (nonces, balances, fees, intrinsic
//! gas, blob and authorization lists, EIP-7825's gas cap). It reads no file, no environment and no network.

pub mod body;
pub mod error;
pub mod ommers;
pub mod output;
pub mod root;
pub mod rules;
mod system_contracts;
pub mod tree;

pub use body::validate_body;
pub use error::ConsensusError;
pub use ommers::{Ancestor, validate_ommers};
pub use output::{ExecutionOutput, IntermediateRoots, validate_output};
pub use root::state_root;
pub use rules::{HeaderContext, validate_header};
pub use tree::{ImportError, Parent, STATE_DEPTH, Tree};
