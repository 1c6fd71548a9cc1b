//! Damages the files of a closed store, and cuts its last write short, and opens it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tandem_state::{ExecutedBlock, StateError, Store};

use chain::{Chain, Event, Events, config};

#[path = "support/chain.rs"]
mod chain;

fn some_blocks(count: u8) -> Vec<Events> {
    let event =
        |n: u8| Event::Set { nonce: u64::from(n), slots: (0..8).map(|slot| (slot, n + slot)).collect() };
    (0..count).map(|n| (0..7).map(|account| (account, event(n))).collect()).collect()
}

fn open(dir: &Path) -> Result<Store, StateError> {
    Store::open(dir, config(), Chain::genesis_hash())
}

/// Every file of a store but the lock, with its bytes.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

/// Puts files back as they were; directories stay, empty ones too.
fn restore(dir: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    contents(dir).keys().for_each(|path| fs::remove_file(path).unwrap());
    files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
}

/// The last journal.
fn journal(dir: &Path) -> PathBuf {
    let names = fs::read_dir(dir.join("db")).unwrap().map(|entry| entry.unwrap().path());
    let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
    names.filter(|path| path.extension().is_some_and(|ext| ext == "jnl")).max_by_key(number).unwrap()
}

/// Writes blocks one by one.
fn commit_each(store: &Store, blocks: &[ExecutedBlock]) {
    for block in blocks {
        store.commit(std::slice::from_ref(block)).unwrap();
    }
}

/// A pinned stream (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// A chain of some blocks, with those that a closed store of it does not have yet.
struct Closed {
    dir: tempfile::TempDir,
    blocks: Vec<ExecutedBlock>,
    chain: Vec<(alloy_consensus::Header, chain::World)>,
}

impl Closed {
    /// Closes a store after so many blocks; its journals end where their last write does.
    fn after(committed: usize, count: u8) -> Self {
        Self::of(committed, &some_blocks(count))
    }

    fn of(committed: usize, blocks: &[Events]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::create(dir.path());
        let blocks = chain.extend(blocks);
        let Chain { store, blocks: chain } = chain;
        drop(store);
        let store = open(dir.path()).unwrap();
        commit_each(&store, &blocks[..committed]);
        drop(store);
        Self { dir, blocks, chain }
    }

    /// Opens the store, checks it, imports the rest and compares everything; returns the block it was opened at.
    fn goes_on(&self) -> usize {
        let store = open(self.dir.path()).unwrap();
        let head = usize::try_from(store.head().number).unwrap();
        store.check().unwrap();
        commit_each(&store, &self.blocks[head..]);
        Chain { store, blocks: self.chain.clone() }.check();
        head
    }
}

/// One error that names the file, and no byte is changed.
#[test]
fn a_damaged_journal_is_refused_and_left_as_it_is() {
    let closed = Closed::after(6, 8);
    let dir = closed.dir.path();
    let (path, good) = (journal(dir), contents(dir));
    let whole = &good[&path];
    let mut random = Random(1);
    for case in 0..60 {
        let mut bytes = whole.clone();
        let at = random.below(bytes.len());
        match case % 3 {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << random.below(8),
            _ => bytes[at..].fill(0),
        }
        fs::write(&path, bytes).unwrap();
        let before = contents(dir);
        match open(dir) {
            Err(StateError::Damaged { path: named, .. }) => assert_eq!(named, path, "case {case}"),
            other => panic!("case {case}, byte {at}: {other:?}"),
        }
        assert!(before == contents(dir), "case {case}, byte {at}: files changed");
    }
    restore(dir, &good);
    assert_eq!(closed.goes_on(), 6);
}

/// One error that names the file, and nothing is changed: put back, it is all there.
#[test]
fn a_lost_journal_is_named_and_nothing_is_changed() {
    let closed = Closed::after(6, 8);
    let dir = closed.dir.path();
    let (path, good) = (journal(dir), contents(dir));
    fs::remove_file(&path).unwrap();
    let before = contents(dir);
    for _ in 0..2 {
        match open(dir) {
            Err(StateError::Damaged { path: named, reason }) => {
                assert_eq!(named, path);
                assert!(reason.contains("missing"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
        assert!(before == contents(dir), "files changed");
    }
    fs::write(&path, &good[&path]).unwrap();
    assert_eq!(closed.goes_on(), 6);
}

/// What a power cut leaves of a write that was not acknowledged: sectors of it, in any order.
fn torn_writes(count: usize, seed: u64) {
    let closed = Closed::after(6, 8);
    let dir = closed.dir.path();
    let (path, before) = (journal(dir), contents(dir));
    let store = open(dir).unwrap();
    store.commit(&closed.blocks[6..7]).unwrap();
    drop(store);
    let (start, whole) = (before[&path].len(), fs::read(&path).unwrap());
    assert!(whole.starts_with(&before[&path]) && whole.len() > start + 4096, "journals are appended to");

    let mut random = Random(seed);
    let mut heads = BTreeMap::new();
    for case in 0..count {
        let mut bytes = whole.clone();
        match case % 4 {
            0 => bytes.truncate(start + random.below(whole.len() - start)),
            1 => bytes[start + random.below(whole.len() - start)] ^= 1 << random.below(8),
            2 => bytes[start..].chunks_mut(512).for_each(|sector| {
                if random.below(3) == 0 {
                    sector.fill(0);
                }
            }),
            // The power cut came after the write and before the acknowledgement.
            _ => {}
        }
        restore(dir, &before);
        fs::write(&path, bytes).unwrap();
        *heads.entry((case % 4, closed.goes_on())).or_insert(0) += 1;
    }
    println!("kinds of damage and heads found, with their counts: {heads:?}");
    // A bit that only makes the write's number higher changes nothing: the write is there, whole.
    assert!(heads.keys().all(|(kind, head)| *head == 6 || *head == 7 && matches!(kind, 1 | 3)), "{heads:?}");
    assert!(heads.contains_key(&(3, 7)), "{heads:?}");
}

/// The engine's checksum of a write leaves out the first 13 bytes, which say where the write belongs: each of their bits.
///
/// The last block changes an account that no block before it did: were the write taken for an older one, it would be
/// seen there under the old head.
#[test]
fn a_write_that_does_not_say_where_it_belongs_is_not_there() {
    let mut blocks = some_blocks(6);
    blocks.push([(9, Event::Set { nonce: 1, slots: vec![(1, 2)] })].into());
    let closed = Closed::of(6, &blocks);
    let dir = closed.dir.path();
    let (path, before) = (journal(dir), contents(dir));
    let store = open(dir).unwrap();
    store.commit(&closed.blocks[6..]).unwrap();
    drop(store);
    let (start, whole) = (before[&path].len(), fs::read(&path).unwrap());
    let mut heads = BTreeMap::new();
    for bit in 0..13 * 8 {
        let mut bytes = whole.clone();
        bytes[start + bit / 8] ^= 1 << (bit % 8);
        restore(dir, &before);
        fs::write(&path, bytes).unwrap();
        *heads.entry(closed.goes_on()).or_insert(0) += 1;
    }
    assert_eq!(heads.keys().collect::<Vec<_>>(), [&6, &7], "{heads:?}");
}

#[test]
fn hundred_writes_that_were_cut_short() {
    torn_writes(100, 3);
}

/// Everything that lies in tables carries checksums: a flipped bit is an error, or lay in nothing that is ever used.
#[test]
fn flipped_bits_in_tables_are_found() {
    let closed = Closed::after(6, 6);
    let dir = closed.dir.path();
    let store = open(dir).unwrap();
    store.flush_tables().unwrap();
    drop(store);
    drop(open(dir).unwrap());
    let good = contents(dir);
    let tables: Vec<_> = good.keys().filter(|path| path.to_string_lossy().contains("/tables/")).collect();
    assert!(tables.len() >= 8, "{tables:?}");

    let mut random = Random(4);
    let (mut found, mut unused) = (0, Vec::new());
    for path in tables {
        for _ in 0..12 {
            let mut bytes = good[path].clone();
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            fs::write(path, bytes).unwrap();
            match open(dir).and_then(|store| store.check().map(|()| store)) {
                Err(StateError::Damaged { .. }) => found += 1,
                Err(other) => panic!("{}: byte {at}: {other}", path.display()),
                Ok(store) => {
                    unused.push((path.clone(), at));
                    Chain { store, blocks: closed.chain.clone() }.check();
                }
            }
            restore(dir, &good);
        }
    }
    println!("{found} flipped bits were found, {} lay where nothing is read: {unused:?}", unused.len());
    assert!(found > 10 * unused.len(), "{found} found, {} not", unused.len());
}
