//! Opens sources of blocks and tells them apart by looking at them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    block::Case,
    chain::{Chain, is_blocks},
    error::InputError,
    file::plain_name,
    witness::Witness,
};

mod tests_file;

use tests_file::TestsFile;

/// What a source yields.
#[derive(Debug)]
pub enum Item {
    /// One block with the state it executes on.
    Case(Case),
    /// A chain to import: a blockchain test, or a genesis with its blocks.
    Chain(Chain),
    /// One block with the part of its parent's state that executing it needs.
    Witness(Box<Witness>),
    /// Something that was recognised and is not run.
    NotRun(NotRun),
}

/// Something that was recognised and is not run, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRun {
    /// A file, or a file and the test in it.
    pub source: String,
    /// Why it is not run.
    pub reason: String,
}

/// Yields the items of a path, in sorted order; an item that is bad is an error, and the next one follows.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    /// Files and directories to look at, the next one last.
    pending: Vec<PathBuf>,
    /// The file of blockchain tests that is being read.
    file: Option<TestsFile>,
    /// Whether anything was yielded that tells what the root is.
    recognised: bool,
}

/// Opens a file, a directory or a tree of directories.
///
/// A directory with `block.json` or `pre_state.json` is a case, or a witness if it has `witness.json` too; one with
/// `genesis.json`, `*.rlp` or `*.era1` is a chain, any other is a tree. A `*.json` file is a witness if it says so, and
/// else searched for blockchain tests. Files may be compressed. Fails where the path itself cannot be looked at;
/// everything else is told in turn.
pub fn open(path: impl AsRef<Path>) -> Result<Sources, InputError> {
    let root = path.as_ref().to_owned();
    if root.to_string_lossy().contains("://") {
        return Err(InputError::NotSupported { path: root, kind: "rpc" });
    }
    fs::metadata(&root).map_err(|source| InputError::Read { path: root.clone(), source })?;
    Ok(Sources { pending: vec![root.clone()], root, file: None, recognised: false })
}

impl Iterator for Sources {
    type Item = Result<Item, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.file.as_mut().and_then(Iterator::next) {
                return Some(self.told(item));
            }
            self.file = None;
            let Some(path) = self.pending.pop() else { return self.end() };
            if let Some(item) = self.look_at(path) {
                return Some(self.told(item));
            }
        }
    }
}

impl Sources {
    /// Looks at a file or directory; nothing to yield means that it was opened and its items follow.
    fn look_at(&mut self, path: PathBuf) -> Option<Result<Item, InputError>> {
        if path != self.root && plain_name(&path).starts_with('.') {
            return Some(Ok(not_run(path, "hidden: its name begins with a dot")));
        }
        let is_directory = match fs::metadata(&path) {
            Ok(metadata) => metadata.is_dir(),
            Err(source) => return Some(Err(InputError::Read { path, source })),
        };
        let result = if is_directory { self.directory(path) } else { self.file(path) };
        result.transpose()
    }

    fn directory(&mut self, path: PathBuf) -> Result<Option<Item>, InputError> {
        let entries = entries(&path)?;
        let names: Vec<String> = entries.iter().map(|entry| plain_name(entry)).collect();
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        if has("witness.json") && (has("block.json") || has("block.rlp")) {
            return Witness::read_directory(&path).map(|witness| Some(Item::Witness(witness.into())));
        }
        if has("block.json") || has("pre_state.json") {
            return Case::read(&path).map(|case| Some(Item::Case(case)));
        }
        let files: Vec<PathBuf> = entries.iter().filter(|entry| is_blocks(entry)).cloned().collect();
        if has("genesis.json") || !files.is_empty() {
            return Chain::read(&path, files).map(|chain| Some(Item::Chain(chain)));
        }
        if entries.is_empty() {
            return Err(InputError::EmptyDirectory { path });
        }
        self.pending.extend(entries.into_iter().rev());
        Ok(None)
    }

    fn file(&mut self, path: PathBuf) -> Result<Option<Item>, InputError> {
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        match plain_name(&path).as_str() {
            "block.json" | "pre_state.json" => Case::read(&directory).map(|case| Some(Item::Case(case))),
            "genesis.json" => {
                let files = entries(&directory)?.into_iter().filter(|entry| is_blocks(entry)).collect();
                Chain::read(&directory, files).map(|chain| Some(Item::Chain(chain)))
            }
            _ if is_blocks(&path) => {
                Chain::read(&directory, vec![path]).map(|chain| Some(Item::Chain(chain)))
            }
            name if name.ends_with(".json") => {
                self.file = Some(TestsFile::open(&path)?);
                Ok(None)
            }
            _ => Ok(Some(not_run(path, "not a source: its name ends in none of .json, .rlp, .era1"))),
        }
    }

    /// Notes that something was recognised; where the root itself is no source, that is an error.
    fn told(&mut self, item: Result<Item, InputError>) -> Result<Item, InputError> {
        match item {
            Ok(Item::NotRun(NotRun { source, reason })) if Path::new(&source) == self.root => {
                self.recognised = true;
                Err(InputError::NotASource { path: self.root.clone(), found: reason })
            }
            Ok(item @ Item::NotRun(_)) => Ok(item),
            other => {
                self.recognised = true;
                other
            }
        }
    }

    /// Ends; a tree in which nothing was recognised is an error.
    fn end(&mut self) -> Option<Result<Item, InputError>> {
        if std::mem::replace(&mut self.recognised, true) {
            return None;
        }
        let found = "nothing in the tree that is a source".to_owned();
        Some(Err(InputError::NotASource { path: self.root.clone(), found }))
    }
}

fn not_run(path: PathBuf, reason: &str) -> Item {
    Item::NotRun(NotRun { source: path.display().to_string(), reason: reason.to_owned() })
}

/// Returns what is in a directory, sorted by name.
fn entries(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let failed = |source| InputError::Read { path: path.to_owned(), source };
    let read = fs::read_dir(path).map_err(failed)?;
    let mut entries = read.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests;
