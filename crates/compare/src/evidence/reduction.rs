//! Writes down what was left out of evidence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::difference::Difference;

/// What came of making evidence smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reduction {
    /// Transactions and state were left out, and the difference is still there. The header is the whole block's.
    Shrunken {
        /// Where the transactions that are left were in the whole block.
        transactions: Vec<usize>,
        /// How many there were.
        of: usize,
        /// The difference as it was recorded of the whole block.
        #[serde(default)]
        divergence: Option<Box<Difference>>,
        /// Pairs of executions it took.
        trials: usize,
        /// Why no more was left out.
        end: ReductionEnd,
    },
    /// Nothing was left out.
    Whole {
        /// Why.
        reason: String,
    },
}

/// Why no more was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionEnd {
    /// Without any one transaction more the difference is gone.
    Smallest,
    /// There were enough trials.
    Trials,
    /// The time was up.
    Time,
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shrunken { transactions, of, divergence, end, .. } => {
                write!(f, "shrunken to {} of {of} transactions", transactions.len())?;
                match end {
                    ReductionEnd::Smallest => {}
                    ReductionEnd::Trials => f.write_str(", ended after enough trials")?,
                    ReductionEnd::Time => f.write_str(", ended for want of time")?,
                }
                match divergence {
                    Some(divergence) => write!(f, "; of the whole block: {divergence}"),
                    None => Ok(()),
                }
            }
            Self::Whole { reason } => write!(f, "not shrunken: {reason}"),
        }
    }
}
