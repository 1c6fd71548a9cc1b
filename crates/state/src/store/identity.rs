//! Says what a directory is, before a database in it is opened, and keeps others out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::Path,
    sync::Arc,
};

use alloy_primitives::{B256, hex, keccak256};

use crate::error::StateError;

/// How tables are arranged. Another arrangement is another number.
pub(super) const SCHEMA: u64 = 3;

/// The file that names schema and genesis: written last when a store is created.
const FILE: &str = "store";

/// The file whose lock the process that has the store open holds.
const LOCK: &str = "lock";

/// The hold on a store. The lock is the operating system's: it ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Hold {
    _lock: File,
}

/// Locks a directory.
pub(super) fn hold(dir: &Path) -> Result<Hold, StateError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(StateError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(Hold { _lock: file }),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StateError::Io { path, error: Arc::new(error) }),
    }
}

/// Returns whether a directory holds a whole store.
pub(super) fn exists(dir: &Path) -> bool {
    dir.join(FILE).exists()
}

/// Writes the identity of a store whose genesis state is complete.
pub(super) fn write(dir: &Path, genesis: B256) -> Result<(), StateError> {
    let path = dir.join(FILE);
    let part = dir.join("store.part");
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(text(SCHEMA, genesis).as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(dir)?.sync_all()
    });
    written.map_err(StateError::io(path))
}

/// Checks that a directory is a store of this schema and chain.
pub(super) fn check(dir: &Path, genesis: B256) -> Result<(), StateError> {
    let path = dir.join(FILE);
    if !exists(dir) {
        return Err(StateError::NoStore { dir: dir.to_owned() });
    }
    let found = fs::read(&path).map_err(StateError::io(&path))?;
    let Some((schema, got)) = parse(&found) else {
        let reason = "expected the schema and the genesis of a store, with their checksum".into();
        return Err(StateError::Damaged { path, reason });
    };
    if schema != SCHEMA {
        return Err(StateError::Schema { dir: dir.to_owned(), got: schema, expected: SCHEMA });
    }
    if got != genesis {
        return Err(StateError::OtherGenesis { dir: dir.to_owned(), got, expected: genesis });
    }
    Ok(())
}

fn text(schema: u64, genesis: B256) -> String {
    let content = format!("tandem store\nschema {schema}\ngenesis {genesis}\n");
    let checksum = keccak256(&content);
    format!("{content}checksum {}\n", hex::encode(&checksum[..8]))
}

/// Reads schema and genesis. Later schemas keep these lines; they may add others before the checksum.
fn parse(found: &[u8]) -> Option<(u64, B256)> {
    let found = std::str::from_utf8(found).ok()?;
    let at = found.rfind("checksum ")?;
    let (content, checksum) = found.split_at(at);
    if checksum != format!("checksum {}\n", hex::encode(&keccak256(content)[..8])) {
        return None;
    }
    let mut lines = content.lines();
    (lines.next()? == "tandem store").then_some(())?;
    let schema = lines.next()?.strip_prefix("schema ")?.parse().ok()?;
    let genesis = lines.next()?.strip_prefix("genesis ")?.parse().ok()?;
    Some((schema, genesis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_comes_back() {
        let genesis = B256::repeat_byte(7);
        assert_eq!(parse(text(3, genesis).as_bytes()), Some((3, genesis)));
    }

    #[test]
    fn any_changed_byte_is_found() {
        let good = text(1, B256::repeat_byte(7)).into_bytes();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(parse(&bad), None, "byte {at}");
            assert_eq!(parse(&good[..at]), None, "cut at {at}");
        }
    }
}
