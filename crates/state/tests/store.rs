//! Writes, reads, unwinds and reopens stores, and compares them with chains in memory.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use proptest::{collection::vec, prelude::*};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    database::{AccountStatus, BundleState},
    state::AccountInfo,
};
use tandem_state::{
    Account, AccountUpdate, BlockId, KECCAK_EMPTY, StateError, StateUpdate, StorageBase, Store, StoreConfig,
    TrieView, update::hash_slot,
};

use chain::{Chain, Event, Events, check_state, config, events, genesis, genesis_accounts, is_shared};

#[path = "support/chain.rs"]
mod chain;

fn set(number: u8, slots: &[(u8, u8)]) -> Events {
    BTreeMap::from([(number, Event::Set { nonce: 1, slots: slots.to_vec() })])
}

fn some_blocks(count: u8) -> Vec<Events> {
    (0..count)
        .map(|n| {
            let mut events = set(n % 7, &[(n % 16, n + 1), (n % 5, 0)]);
            events.insert(
                10 + n % 3,
                if n % 3 == 0 { Event::Remove } else { Event::Recreate { slots: vec![(n % 16, 9)] } },
            );
            events
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Commits in batches of any size, unwinds, goes on along another branch, and reopens in between.
    #[test]
    fn store_equals_the_chain_in_memory(
        first in vec(vec(events(), 1..4), 1..4), depth in 0usize..6, second in vec(events(), 0..4),
        in_one in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut chain = Chain::create(dir.path());
        chain.check();
        for batch in &first {
            chain.commit(batch);
        }
        chain.check();
        let keep = chain.blocks.len() - depth.min(chain.blocks.len() - 1);
        let gone = chain.blocks.split_off(keep);
        if in_one {
            chain.reorg(&second);
        } else {
            chain.store.unwind(chain.head().number).unwrap();
        }
        chain.check();
        for (header, _) in gone {
            let (hash, header_number) = (header.hash_slow(), header.number);
            prop_assert_eq!(chain.store.header(hash).unwrap(), Some(header));
            // The other branch may begin with the same block.
            let is_back = chain.store.canonical_hash(header_number).unwrap() == Some(hash);
            prop_assert_eq!(chain.store.receipts(hash).unwrap().is_some(), is_back);
        }
        if !in_one {
            chain.commit(&second);
        }
        let Chain { store, blocks } = chain;
        drop(store);
        let store = Store::open(dir.path(), config(), Chain::genesis_hash()).unwrap();
        Chain { store, blocks }.check();
    }
}

#[test]
fn views_stay_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::create(dir.path());
    let before = (chain.store.state(), chain.store.trie().unwrap());
    chain.commit(&some_blocks(5));
    check_state(&before.0, &before.1, &chain.blocks[0].1);
    chain.store.unwind(2).unwrap();
    check_state(&before.0, &before.1, &chain.blocks[0].1);
    is_shared::<TrieView>();
    fn executor_can_share<T: DatabaseRef<Error = StateError> + Send + Sync + 'static>() {}
    executor_can_share::<tandem_state::StateView>();
}

/// Blocks that are not written yet are read through layers, and those read as when they are written.
#[test]
fn layers_read_like_written_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::create(dir.path());
    chain.commit(&some_blocks(3));
    let (mut view, mut trie) = (chain.store.state(), chain.store.trie().unwrap());
    let blocks = chain.extend(&some_blocks(9)[3..]);
    for (at, block) in blocks.iter().enumerate() {
        let id = BlockId { number: block.header.number, hash: block.hash };
        view = view.over(id, Arc::clone(&block.update));
        trie = trie.over(Arc::clone(&block.trie));
        check_state(&view, &trie, &chain.blocks[4 + at].1);
        assert_eq!(view.block_hash(id.number).unwrap(), id.hash);
        assert_eq!(view.block_hash(2).unwrap(), chain.blocks[2].0.hash_slow());
    }
    chain.store.commit(&blocks).unwrap();
    chain.check();
}

#[test]
fn history_is_kept_as_deep_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::create_with(dir.path(), StoreConfig { history_blocks: 4, ..config() });
    for block in some_blocks(9) {
        chain.commit(&[block]);
    }
    chain.commit(&some_blocks(7));
    assert_eq!(chain.store.oldest_state(), 12);
    chain.check();
    match chain.store.unwind(11) {
        Err(StateError::NoState { number: 11, oldest: 12, newest: 16 }) => {}
        other => panic!("{other:?}"),
    }
    chain.store.unwind(12).unwrap();
    chain.blocks.truncate(13);
    chain.check();
}

#[test]
fn history_that_is_needed_is_kept_however_deep() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::create_with(dir.path(), StoreConfig { history_blocks: 2, ..config() });
    chain.store.keep_from(3);
    chain.commit(&some_blocks(9));
    assert_eq!(chain.store.oldest_state(), 3);
    chain.check();
    chain.store.keep_from(6);
    chain.commit(&some_blocks(1));
    assert_eq!(chain.store.oldest_state(), 6);
    chain.check();
}

#[test]
fn only_what_follows_the_head_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    let mut chain = Chain::create(dir.path());
    let blocks = chain.extend(&some_blocks(2));
    assert!(matches!(
        chain.store.commit(&blocks[1..]),
        Err(StateError::NotNext { number: 2, head_number: 0, .. })
    ));
    let mut wrong = blocks.clone();
    wrong[0].header.state_root = B256::ZERO;
    assert!(matches!(chain.store.commit(&wrong), Err(StateError::StateRoot { number: 1, .. })));
    chain.store.commit(&blocks).unwrap();
    chain.check();
}

#[test]
fn a_store_is_created_once_and_opened_for_its_chain_only() {
    let dir = tempfile::tempdir().unwrap();
    let genesis_hash = Chain::genesis_hash();
    assert!(matches!(Store::open(dir.path(), config(), genesis_hash), Err(StateError::NoStore { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "opening changed an empty directory");

    let chain = Chain::create(dir.path());
    assert!(matches!(Store::open(dir.path(), config(), genesis_hash), Err(StateError::InUse { .. })));
    drop(chain);
    let other = B256::repeat_byte(1);
    match Store::open(dir.path(), config(), other) {
        Err(StateError::OtherGenesis { got, expected, .. }) => {
            assert_eq!((got, expected), (genesis_hash, other))
        }
        result => panic!("{result:?}"),
    }
    let (header, world) = genesis();
    let again = Store::create(dir.path(), config(), &header, genesis_accounts(&world));
    assert!(matches!(again, Err(StateError::Occupied { .. })));
    Store::open(dir.path(), config(), genesis_hash).unwrap();
}

#[test]
fn a_newer_schema_is_refused_before_anything_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    drop(Chain::create(dir.path()));
    let content = format!("tandem store\nschema 4\ngenesis {}\nmore\n", Chain::genesis_hash());
    let checksum = alloy_primitives::hex::encode(&keccak256(&content)[..8]);
    fs::write(dir.path().join("store"), format!("{content}checksum {checksum}\n")).unwrap();
    let before = contents(dir.path());
    match Store::open(dir.path(), config(), Chain::genesis_hash()) {
        Err(StateError::Schema { got: 4, expected: 3, .. }) => {}
        result => panic!("{result:?}"),
    }
    assert_eq!(contents(dir.path()), before);
}

#[test]
fn a_wrong_genesis_state_leaves_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let (header, mut world) = genesis();
    world.pop_first();
    let created = Store::create(dir.path(), config(), &header, genesis_accounts(&world));
    assert!(matches!(created, Err(StateError::StateRoot { number: 0, .. })));
    assert!(!Store::exists(dir.path()));
    drop(Chain::create(dir.path()));
}

#[test]
fn a_stranger_s_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("letter"), "dear").unwrap();
    let (header, world) = genesis();
    match Store::create(dir.path(), config(), &header, genesis_accounts(&world)) {
        Err(StateError::Occupied { found, .. }) => assert_eq!(found, "letter"),
        result => panic!("{result:?}"),
    }
}

#[test]
fn markers_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let chain = Chain::create(dir.path());
    assert_eq!(chain.store.marker("finalized").unwrap(), None);
    chain.store.set_marker("finalized", b"17").unwrap();
    drop(chain);
    let store = Store::open(dir.path(), config(), Chain::genesis_hash()).unwrap();
    assert_eq!(store.marker("finalized").unwrap().as_deref(), Some(&b"17"[..]));
}

/// A bundle means for a store what it means for a state in memory.
#[test]
fn bundles_are_hashed_as_revm_left_them() {
    let [kept, gone, remade] = [1, 2, 3].map(Address::repeat_byte);
    let info = |nonce| AccountInfo { nonce, ..AccountInfo::default() };
    let slot =
        |value| BTreeMap::from([(U256::from(1), (U256::from(5), U256::from(value)))]).into_iter().collect();
    let code = Bytecode::new_legacy(Bytes::from_static(&[0x60, 0]));
    let bundle = BundleState::new(
        [
            (kept, Some(info(1)), Some(info(2)), slot(0)),
            (gone, Some(info(1)), None, Default::default()),
            (remade, Some(info(7)), Some(info(1)), slot(6)),
        ],
        Vec::<Vec<(Address, Option<Option<AccountInfo>>, Vec<(U256, U256)>)>>::new(),
        [(code.hash_slow(), code.clone())],
    );
    let mut bundle = bundle;
    bundle.state.get_mut(&remade).unwrap().status = AccountStatus::DestroyedChanged;
    let update = StateUpdate::from_bundle(&bundle);
    let account = |nonce| Some(Account { nonce, balance: U256::ZERO, code_hash: KECCAK_EMPTY });
    let hashed = hash_slot(U256::from(1));

    let change = &update.accounts[&keccak256(kept)];
    assert_eq!((change.account, change.storage.base), (account(2), StorageBase::Kept));
    assert_eq!(change.storage.slots[&hashed], U256::ZERO);
    assert_eq!(update.accounts[&keccak256(gone)], AccountUpdate::removed());
    let change = &update.accounts[&keccak256(remade)];
    assert_eq!((change.account, change.storage.base), (account(1), StorageBase::Wiped));
    assert_eq!(change.storage.slots[&hashed], U256::from(6));
    assert_eq!(update.codes[&code.hash_slow()], code);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(dir)
        .into_iter()
        .map(|path| (path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect()
}

fn restore(dir: &Path, contents: &BTreeMap<PathBuf, Vec<u8>>) {
    fs::remove_dir_all(dir).unwrap();
    for (path, bytes) in contents {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Flips bytes of every kind of file, at several places: the store either says so, or answers as before.
#[test]
fn flipped_bytes_are_found_and_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("store");
    let mut chain = Chain::create(&home);
    for block in some_blocks(4) {
        chain.commit(&[block]);
    }
    let Chain { store, blocks } = chain;
    drop(store);
    let whole = contents(&home);
    let mut found = 0;
    // All tables have the same files; one stands for the others.
    let one_table = |path: &Path| !path.starts_with("db/keyspaces") || path.starts_with("db/keyspaces/2");
    for (path, bytes) in whole.iter().filter(|(path, bytes)| !bytes.is_empty() && one_table(path)) {
        for part in 0..5 {
            let at = (bytes.len() - 1) * part / 4;
            restore(&home, &whole);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x15;
            fs::write(home.join(path), damaged).unwrap();
            let opened = Store::open(&home, config(), Chain::genesis_hash());
            match opened.and_then(|store| store.check().map(|()| store)) {
                Ok(store) => Chain { store, blocks: blocks.clone() }.check(),
                Err(StateError::Damaged { .. }) => found += 1,
                Err(error) => panic!("{} byte {at}: {error}", path.display()),
            }
        }
    }
    assert!(found > 10, "found {found}");
}
