//! Names the strategies and seams that can be asked for.

use clap::ValueEnum;
use tandem_compare::parallel::Seam;
use tandem_executor::Strategy;

/// How the block that is checked executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum StrategyArg {
    /// In parallel, however short the block
    #[default]
    Parallel,
    /// One transaction after the other, by the same executor
    Sequential,
    /// In parallel where the block is long enough for it to pay
    Auto,
}

/// How the executor is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeamArg {
    /// Once for the whole block
    #[default]
    Block,
    /// Once for each transaction, as reth's live engine does
    Transaction,
}

impl StrategyArg {
    /// Returns the strategy's name on the command line and in evidence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Parallel => "parallel",
            Self::Sequential => "sequential",
            Self::Auto => "auto",
        }
    }
}

impl SeamArg {
    /// Returns the seam's name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Transaction => "transaction",
        }
    }
}

impl From<StrategyArg> for Strategy {
    fn from(strategy: StrategyArg) -> Self {
        match strategy {
            StrategyArg::Parallel => Self::Parallel,
            StrategyArg::Sequential => Self::Sequential,
            StrategyArg::Auto => Self::Auto,
        }
    }
}

impl From<SeamArg> for Seam {
    fn from(seam: SeamArg) -> Self {
        match seam {
            SeamArg::Block => Self::Block,
            SeamArg::Transaction => Self::Transaction,
        }
    }
}
