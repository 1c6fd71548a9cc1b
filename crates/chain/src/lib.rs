//! Decides whether a block belongs to a chain.
//!
//! A block is judged in three steps, cheapest first, and each step is a function of values:
//!
//! 1. [`rules`]: the header, field by field, against its parent and the rules of its fork ([`validate_header`]);
//! 2. [`body`]: transactions, ommers and withdrawals against the header ([`validate_body`], [`validate_ommers`]);
//! 3. [`output`]: what execution gave against the header ([`validate_output`]).
//!
//! [`Tree`] keeps the accepted blocks with their post-states, hands out the right parent for 1 and 2, and chooses the
//! head. Execution itself happens between [`Tree::prepare`] and [`Tree::accept`].
//!
//! On top of that, [`Host`] grows a chain on disk:
//!
//! 4. [`execute`]: a block on the state after its parent, which is a [`view`] of the store and of what is not written;
//! 5. [`prove`]: its roots, incrementally, and 3;
//! 6. [`canonical`]: batches of blocks into the store, branches, finality; [`notification`] and [`subscription`]: telling
//!    others;
//! 7. [`pipeline`]: all of it for many blocks, stages side by side.
//!
//! What this crate does not do: it verifies no proof of work (mix hash and nonce before the merge are not looked at),
//! compares no time of a block with a clock, and leaves to execution what execution decides (nonces, balances, fees,
//! intrinsic gas, blob and authorization lists, EIP-7825's gas cap). It reads no environment and no network, and files
//! only through the store.

pub mod body;
pub mod canonical;
mod eip779;
pub mod error;
pub mod execute;
#[cfg(feature = "fault-injection")]
pub mod fault;
pub mod host;
pub mod notification;
pub mod ommers;
pub mod output;
pub mod pipeline;
pub mod prove;
pub mod root;
pub mod rules;
pub mod subscription;
mod system_contracts;
pub mod tree;
pub mod view;

pub use body::validate_body;
pub use canonical::{Batch, Commit, read_back};
pub use error::{ChainError, ConsensusError, ExecuteError};
pub use execute::{Contradiction, Executed, Executor};
pub use host::{Host, HostSettings, Keep};
pub use notification::{Execution, Notification, NotifiedBlock};
pub use ommers::{Ancestor, validate_ommers};
pub use output::{CodePresence, ExecutionOutput, IntermediateRoots, PostState, validate_output};
pub use pipeline::{Checked, Failure, Imported, Observer, Stage, StageTimes};
pub use root::state_root;
pub use rules::{HeaderContext, validate_header};
pub use subscription::{Finished, Subscription};
pub use tree::{Ancestry, ImportError, Parent, Place, STATE_DEPTH, Tree};
