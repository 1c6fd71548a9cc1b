//! Validates every block that a host imports, by a second execution on the path that the host did not take.
//!
//! A [`Host`] is what a chain adapts to this crate: states before blocks, state roots by a computation of their own, and
//! [`ImportedBlock`]s with what its own execution gave ([`HostExecution`]). It starts a [`Validator`] and tells it what
//! becomes of its canonical chain, in [`Notification`]s. The validator takes them one block after the other:
//!
//! 1. the block waits in a bounded queue; where there is no room, its number waits and it is read back from the host
//!    later ([`Bounds`], [`Overflow`]);
//! 2. it is executed sequentially by alloy-evm as it is ([`Mode::Live`]), or in parallel ([`Mode::Shadow`]), and compared
//!    with what the host's execution gave, down to state roots of two computations, and with the header;
//! 3. its record goes to a [`Sink`], with evidence where something differs. A block that could not be checked has a record
//!    that says so. A block that leaves the chain has another record, marked `reverted`; none is erased;
//! 4. what follows from a divergence is the [`Policy`]'s: the host asks [`Control`] before each block;
//! 5. the host is told which block is finished.
//!
//! Records say where a restart goes on ([`Settings::report_dir`]): each canonical block has one record that is not marked.
//! A block that is told of again, because the host lost it, is checked again and its record marked `repeated`.
//!
//! This crate knows no host, reads no environment and prints nothing. It records metrics whose names begin with `tandem_`
//! through the `metrics` facade, and events through `tracing`.

mod alert;
mod check;
mod contradiction;
mod control;
mod error;
mod feed;
mod host;
mod journal;
mod meters;
mod notification;
pub mod record;
mod settings;
mod sink;
mod standing;
mod trial;
mod validator;
mod worker;

pub use alert::AlertCommand;
pub use check::{Checked, check};
pub use contradiction::{Contradiction, Contradictions};
pub use control::Control;
pub use error::ExexError;
pub use host::{Host, HostError, HostExecution, ImportedBlock};
pub use notification::Notification;
pub use settings::{Bounds, Mode, Overflow, Policy, Settings};
pub use sink::{ReportSink, Sink};
pub use standing::Standing;
pub use trial::{End, Trial};
pub use validator::Validator;
