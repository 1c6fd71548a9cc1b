//! Measures incremental state roots on a large state:
//!
//! `cargo run --release -p tandem-state --example root -- DIR ACCOUNTS SLOTS [CACHE_MIB]`
//!
//! Creates a store of that many accounts, and one contract of that many slots, in `DIR` if there is none. Then computes
//! the root of blocks that change 600 accounts and 700 slots at random, with one thread and with two in turn, writes
//! one, and computes the root from scratch.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256, keccak256};
use tandem_state::{
    Account, ExecutedBlock, GenesisAccount, KECCAK_EMPTY, StateAccount, StateUpdate, Store, StoreConfig,
    state_root, store::Body, update_root,
};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CHANGED_ACCOUNTS: u64 = 600;
const CHANGED_SLOTS: u64 = 700;
const ROUNDS: u64 = 21;

/// Blocks before those that count: a node that imports has its caches full.
const WARM_UP: u64 = 200;

fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn contract() -> Address {
    Address::repeat_byte(0xcc)
}

fn account(number: u64, nonce: u64) -> Account {
    Account { nonce, balance: U256::from(number) * U256::from(1_000_000_007), code_hash: KECCAK_EMPTY }
}

fn genesis(accounts: u64, slots: u64) -> impl Iterator<Item = GenesisAccount> {
    let plain = (0..accounts).map(|number| {
        let Account { nonce, balance, .. } = account(number, 1);
        GenesisAccount { address: address(number), nonce, balance, ..GenesisAccount::default() }
    });
    let storage = (0..slots).map(|slot| (U256::from(slot), U256::from(slot + 1))).collect();
    let contract = GenesisAccount { address: contract(), nonce: 1, storage, ..GenesisAccount::default() };
    plain.chain([contract])
}

/// A block's changes; another round changes other accounts and slots.
fn changes(round: u64, accounts: u64, slots: u64) -> StateUpdate {
    let pick = |kind: u64, n: u64, of: u64| {
        let word = keccak256([round.to_be_bytes(), kind.to_be_bytes(), n.to_be_bytes()].concat());
        u64::from_be_bytes(word[..8].try_into().unwrap()) % of
    };
    let mut update = StateUpdate::default();
    for n in 0..CHANGED_ACCOUNTS {
        let number = pick(0, n, accounts);
        update.insert(address(number), account(number, round + 2), []);
    }
    let slots = (0..CHANGED_SLOTS).map(|n| (U256::from(pick(1, n, slots)), U256::from(round * 1000 + n + 1)));
    update.insert(contract(), Account { nonce: 1, balance: U256::ZERO, code_hash: KECCAK_EMPTY }, slots);
    update
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn open(dir: &Path, accounts: u64, slots: u64, config: StoreConfig) -> (Store, Header) {
    let header_file = dir.join("root.txt");
    let home = dir.join("store");
    if !Store::exists(&home) {
        let start = Instant::now();
        let root = state_root(genesis(accounts, slots).map(|account| StateAccount {
            address: account.address,
            nonce: account.nonce,
            balance: account.balance,
            code_hash: KECCAK_EMPTY,
            storage: account.storage,
        }));
        println!("root in memory, keys hashed and sorted: {:.2?}", start.elapsed());
        let start = Instant::now();
        let header = Header { state_root: root, ..Header::default() };
        drop(Store::create(&home, config.clone(), &header, genesis(accounts, slots)).unwrap());
        std::fs::write(&header_file, root.to_string()).unwrap();
        println!("created in {:.2?}", start.elapsed());
    }
    let root: B256 = std::fs::read_to_string(header_file).unwrap().parse().unwrap();
    let genesis = Header { state_root: root, ..Header::default() };
    let start = Instant::now();
    let store = Store::open(&home, config, genesis.hash_slow()).unwrap();
    println!("opened in {:.2?}, {} MiB on disk", start.elapsed(), store.disk_bytes().unwrap() >> 20);
    (store, genesis)
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let dir = PathBuf::from(&args[0]);
    let [accounts, slots] = [&args[1], &args[2]].map(|count| count.parse::<u64>().unwrap());
    let cache = args.get(3).map_or(512, |mebibytes| mebibytes.parse::<u64>().unwrap());
    let config =
        StoreConfig { cache_bytes: cache << 20, node_cache_bytes: cache << 19, ..StoreConfig::default() };
    let (store, genesis) = open(&dir, accounts, slots, config);

    let trie = store.trie().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..WARM_UP + 2 * ROUNDS {
        if round == WARM_UP {
            let [one, two] = times.map(median);
            println!("while caches fill: 1 thread: {one:.2?}; 2 threads: {two:.2?}");
            times = [Vec::new(), Vec::new()];
        }
        let update = changes(round, accounts, slots);
        let threads = NonZeroUsize::new(1 + (round % 2) as usize).unwrap();
        let start = Instant::now();
        let tries = update_root(&trie, trie.root(), &update, threads).unwrap();
        times[threads.get() - 1].push(start.elapsed());
        drop(tries);
    }
    let [one, two] = times.map(median);
    println!(
        "caches full: incremental root, 1 thread: {one:.2?}; 2 threads: {two:.2?} ({:.2}x)",
        ratio(one, two)
    );

    let update = changes(1 << 32, accounts, slots);
    let leaves = update.accounts.len() + update.accounts[&keccak256(contract())].storage.slots.len();
    let tries = update_root(&trie, trie.root(), &update, NonZeroUsize::MIN).unwrap();
    let nodes: usize = [&tries.accounts]
        .into_iter()
        .chain(tries.storages.values().map(|storage| &storage.nodes))
        .flat_map(|nodes| nodes.values().flatten().map(|node| node.len()))
        .sum();
    if store.head().number == 0 {
        let header = Header {
            number: 1,
            parent_hash: genesis.hash_slow(),
            state_root: tries.root,
            ..Header::default()
        };
        let block = ExecutedBlock {
            hash: header.hash_slow(),
            header,
            body: Body::default(),
            receipts: Vec::new(),
            total_difficulty: U256::ZERO,
            update: Arc::new(update),
            trie: Arc::new(tries),
        };
        let start = Instant::now();
        let size = store.commit(&[block]).unwrap();
        println!(
            "committed in {:.2?}: {leaves} leaves, {} keys, {} bytes",
            start.elapsed(),
            size.keys,
            size.bytes
        );
        println!(
            "bytes per changed leaf: {} in all, {} of them trie nodes",
            size.bytes / leaves,
            nodes / leaves
        );
    }
    let start = Instant::now();
    let root = store.recompute_root().unwrap();
    let full = start.elapsed();
    assert_eq!(root, store.trie().unwrap().root());
    println!("full root: {full:.2?}, {:.0} times the incremental one", ratio(full, one));
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
