//! Yields the blockchain tests of a JSON file, or the witness that it is, and says what in it is neither.

use std::path::{Path, PathBuf};

use super::{Item, NotRun, not_run};
use crate::{
    error::InputError,
    fixture::{Fixture, Fixtures},
    witness::Witness,
};

/// A JSON file that is being searched for blockchain tests.
pub(super) struct TestsFile {
    path: PathBuf,
    fixtures: Fixtures,
    /// Tests, good or bad.
    tests: usize,
    /// The first member that is no test: its name and why.
    other: Option<(String, &'static str)>,
    ended: bool,
}

impl TestsFile {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        let (path, fixtures) = (path.to_owned(), Fixtures::open(path)?);
        Ok(Self { path, fixtures, tests: 0, other: None, ended: false })
    }

    /// Tells, at the end of the file, what in it is no test: once, not once a member.
    fn end(&mut self) -> Option<Result<Item, InputError>> {
        self.ended = true;
        let path = self.path.clone();
        match (self.tests, self.other.take()) {
            (0, Some((name, reason))) => {
                Some(Ok(not_run(path, &format!("no blockchain tests: `{name}` is {reason}"))))
            }
            (0, None) => Some(Ok(not_run(path, "no blockchain tests: the JSON object is empty"))),
            (_, Some((name, reason))) => {
                let source = format!("{}: {name}", path.display());
                Some(Ok(Item::NotRun(NotRun { source, reason: reason.to_owned() })))
            }
            (_, None) => None,
        }
    }
}

impl Iterator for TestsFile {
    type Item = Result<Item, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.fixtures.next() {
                Some(Ok(Fixture::Test(chain))) => {
                    self.tests += 1;
                    return Some(Ok(Item::Chain(*chain)));
                }
                Some(Ok(Fixture::Unsupported { name, reason })) => {
                    self.tests += 1;
                    let source = format!("{}: {name}", self.path.display());
                    return Some(Ok(Item::NotRun(NotRun { source, reason })));
                }
                Some(Ok(Fixture::Witness)) => {
                    self.ended = true;
                    return Some(Witness::read(&self.path).map(|witness| Item::Witness(witness.into())));
                }
                Some(Ok(Fixture::Other { name, reason })) => {
                    self.other.get_or_insert((name, reason));
                }
                Some(Err(error)) => {
                    self.tests += 1;
                    return Some(Err(error));
                }
                None => return self.end(),
            }
        }
        None
    }
}

impl std::fmt::Debug for TestsFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TestsFile").field("path", &self.path).finish_non_exhaustive()
    }
}
