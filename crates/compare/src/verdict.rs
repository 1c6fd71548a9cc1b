//! Names what a comparison comes to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Both executions agree, and the header with them where it is checked.
    Match,
    /// There is at least one difference.
    Diverged,
    /// The sequential execution or a state root could not be had: nothing is known about the block.
    Inconclusive {
        /// Why.
        reason: String,
    },
}

impl Verdict {
    /// Returns the word for it in records.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Diverged => "diverged",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
