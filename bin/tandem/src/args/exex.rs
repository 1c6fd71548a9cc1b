//! Names the modes of the validator and what follows from a divergence.

use clap::ValueEnum;
use tandem_exex::{Mode, Policy};

/// Whether a second execution validates every imported block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExexArg {
    /// Blocks execute in parallel, and sequentially behind that
    Live,
    /// Blocks execute sequentially, and in parallel behind that
    Shadow,
    /// Blocks execute once
    #[default]
    Off,
}

/// What follows from a divergence that the validator found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyArg {
    /// Keep evidence and go on
    #[default]
    Report,
    /// Keep evidence, and execute blocks sequentially from then on
    Fallback,
    /// Keep evidence and end
    Halt,
}

impl ExexArg {
    /// Returns the validator's mode, if there is to be one.
    pub(crate) const fn mode(self) -> Option<Mode> {
        match self {
            Self::Live => Some(Mode::Live),
            Self::Shadow => Some(Mode::Shadow),
            Self::Off => None,
        }
    }
}

impl From<PolicyArg> for Policy {
    fn from(policy: PolicyArg) -> Self {
        match policy {
            PolicyArg::Report => Self::Report,
            PolicyArg::Fallback => Self::Fallback,
            PolicyArg::Halt => Self::Halt,
        }
    }
}
