//! What a block's transactions depend on, and how much parallelism that leaves.
//!
//! 1. [`observe`] executes a block in order and returns, for each transaction, an [`Access`]: the locations whose value
//!    it needed, as far as they are not what they were before the block, and the locations that it changed.
//! 2. [`Graph`] joins accesses to dependencies: a transaction depends on the last one before it that changed what it
//!    needed; for balances, whose changes add up, on all of them.
//! 3. [`Paths`] are what follows from the graph and from what each transaction costs, in gas or in time: the critical path,
//!    the groups that share nothing, and the shortest time on a number of threads. [`Hot`] is what the dependencies are
//!    about, and a [`Partition`] what fixed parts, such as one for each sender, would give instead.
//!
//! A dependency is what validation by value would find if everything before the block were known and nothing else: an
//! account that is only credited, a balance that suffices anyway and a slot that has its old value again are none. So
//! the critical path is a bound for executors that guess no values. (The executor of this project guesses one: that the
//! nonces of a sender's transactions follow one another.)
//!
//! This crate measures no time and renders nothing.

pub mod access;
pub mod graph;
pub mod hot;
pub mod observe;
pub mod partition;
pub mod paths;

pub use access::{Access, Location};
pub use graph::{Dependency, Graph};
pub use hot::{Hot, HotLocation};
pub use observe::{ObserveError, observe};
pub use partition::Partition;
pub use paths::Paths;
