//! Reads the values of options.

pub(crate) mod exex;
pub(crate) mod format;
pub(crate) mod generate;
pub(crate) mod shard;
pub(crate) mod strategy;
pub(crate) mod threads;

pub(crate) use exex::{ExexArg, PolicyArg};
pub(crate) use format::Format;
pub(crate) use generate::Generated;
pub(crate) use shard::Shard;
pub(crate) use strategy::{SeamArg, StrategyArg};
pub(crate) use threads::Threads;
