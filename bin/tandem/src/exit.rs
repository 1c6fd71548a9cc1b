//! Names the exit statuses.

use std::process::ExitCode;

/// How the program ends. Where several apply, the one that comes first here is the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// At least one block diverged.
    Diverged,
    /// Arguments or an input could not be used.
    Unusable,
    /// Ctrl-C, or the system asked to stop; what was done is reported.
    Interrupted,
    /// Nothing diverged, something could not be checked.
    Inconclusive,
    /// Every block matched.
    Matched,
}

impl Exit {
    /// Returns the status that the operating system gets.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Matched => 0,
            Self::Diverged => 1,
            Self::Unusable => 2,
            Self::Inconclusive => 3,
            // What shells make of a program that SIGINT ended.
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn a_divergence_outranks_everything_and_a_match_nothing() {
        let order = [Exit::Diverged, Exit::Unusable, Exit::Interrupted, Exit::Inconclusive, Exit::Matched];
        assert!(order.is_sorted());
        assert_eq!(order.map(Exit::status), [1, 2, 130, 3, 0]);
    }
}
