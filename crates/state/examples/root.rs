//! Measures incremental state roots on a large state:
//!
//! `cargo run --release -p tandem-state --example root -- DIR ACCOUNTS SLOTS [CACHE_MIB [WARM_UP [BLOCKS [full|-]]]]`
//!
//! Creates a store of that many accounts, and one contract of that many slots, in `DIR` if there is none, and goes on
//! from its head if there is one. Computes the root of blocks that change 600 accounts and 700 slots at random, each on
//! the one before, with one thread and with two in turn, and writes each; the first `WARM_UP` do not count. Then computes
//! the root from scratch, unless told not to (`-`). What was there before a block is told, as an execution tells it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, U256, keccak256};
use tandem_state::{
    Account, AccountUpdate, ExecutedBlock, GenesisAccount, KECCAK_EMPTY, StateAccount, StateUpdate,
    StorageUpdate, Store, StoreConfig, TrieUpdate, state_root,
    store::{Body, WriteSize},
    update::hash_slot,
    update_root,
};

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CHANGED_ACCOUNTS: u64 = 600;
const CHANGED_SLOTS: u64 = 700;

/// Blocks that count, half of them for each number of threads.
const ROUNDS: u64 = 42;

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
    let plain = sorted(accounts, |number| keccak256(address(number))).map(|number| {
        let Account { nonce, balance, .. } = account(number, 1);
        GenesisAccount { address: address(number), nonce, balance, ..GenesisAccount::default() }
    });
    let storage = sorted(slots, |slot| hash_slot(U256::from(slot)));
    let storage = storage.map(|slot| (U256::from(slot), U256::from(slot + 1))).collect();
    let contract = GenesisAccount { address: contract(), nonce: 1, storage, ..GenesisAccount::default() };
    plain.chain([contract])
}

/// Numbers in the order of their hashes, in which they are loaded in a fraction of the time.
fn sorted(count: u64, hash: impl Fn(u64) -> B256) -> impl Iterator<Item = u64> {
    let mut numbers: Vec<_> = (0..count).map(|number| (hash(number), number)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|(_, number)| number)
}

/// What blocks changed so far: nonces of accounts, values of slots.
#[derive(Default)]
struct Changed {
    nonces: HashMap<u64, u64>,
    values: HashMap<u64, u64>,
}

/// A block's changes; another round changes other accounts and slots.
fn changes(round: u64, accounts: u64, slots: u64, changed: &mut Changed) -> StateUpdate {
    let pick = |kind: u64, n: u64, of: u64| {
        let word = keccak256([round.to_be_bytes(), kind.to_be_bytes(), n.to_be_bytes()].concat());
        u64::from_be_bytes(word[..8].try_into().unwrap()) % of
    };
    let mut update = StateUpdate::default();
    for number in (0..CHANGED_ACCOUNTS).map(|n| pick(0, n, accounts)).collect::<BTreeSet<_>>() {
        let before = changed.nonces.insert(number, round + 2).unwrap_or(1);
        let new = AccountUpdate::new(account(number, round + 2), StorageUpdate::default());
        let before = Some(account(number, before));
        update.accounts.insert(keccak256(address(number)), AccountUpdate { before, ..new });
    }
    let mut storage = StorageUpdate::default();
    for slot in (0..CHANGED_SLOTS).map(|n| pick(1, n, slots)).collect::<BTreeSet<_>>() {
        let value = round * 1_000_000_000 + slot + 2;
        let before = changed.values.insert(slot, value).unwrap_or(slot + 1);
        let key = hash_slot(U256::from(slot));
        storage.slots.insert(key, U256::from(value));
        storage.before.insert(key, U256::from(before));
    }
    let account = Account { nonce: 1, balance: U256::ZERO, code_hash: KECCAK_EMPTY };
    update.accounts.insert(keccak256(contract()), AccountUpdate::new(account, storage));
    update
}

/// Times in order.
struct Times(Vec<Duration>);

impl Times {
    fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }
}

impl std::fmt::Display for Times {
    /// The median, and the quarter and three quarters points.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, high] = [self.0.len() / 4, self.0.len() * 3 / 4].map(|at| self.0[at]);
        write!(f, "{:.2?} ({low:.2?} to {high:.2?})", self.median())
    }
}

fn open(dir: &Path, accounts: u64, slots: u64, config: StoreConfig) -> Store {
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
    store
}

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let dir = PathBuf::from(&args[0]);
    let [accounts, slots] = [&args[1], &args[2]].map(|count| count.parse::<u64>().unwrap());
    let cache = args.get(3).map_or(512, |mebibytes| mebibytes.parse::<u64>().unwrap());
    let config =
        StoreConfig { cache_bytes: cache << 20, node_cache_bytes: cache << 19, ..StoreConfig::default() };
    let store = open(&dir, accounts, slots, config);

    let number = |at: usize, default| args.get(at).map_or(default, |number| number.parse::<u64>().unwrap());
    let (warm_up, rounds) = (number(4, WARM_UP), number(5, ROUNDS));
    let mut parent = store.header(store.head().hash).unwrap().unwrap();
    let mut changed = Changed::default();
    for round in 0..parent.number {
        changes(round, accounts, slots, &mut changed);
    }
    advance(&store, &mut parent, &mut changed, (accounts, slots), warm_up);
    let one = advance(&store, &mut parent, &mut changed, (accounts, slots), rounds);
    if args.get(6).is_none_or(|part| part == "full") {
        let start = Instant::now();
        assert_eq!(store.recompute_root().unwrap(), parent.state_root);
        let full = start.elapsed();
        println!("root from scratch: {full:.2?}");
        if let Some(one) = one {
            println!("that is {:.0} times the incremental one on one thread", ratio(full, one));
        }
    }
}

/// Adds blocks and says what that took; returns the median of the roots on one thread.
fn advance(
    store: &Store,
    parent: &mut Header,
    changed: &mut Changed,
    (accounts, slots): (u64, u64),
    blocks: u64,
) -> Option<Duration> {
    if blocks < 2 {
        return None;
    }
    let mut times = [Vec::new(), Vec::new()];
    let mut on_core = Vec::new();
    let mut commits = Vec::new();
    for _ in 0..blocks {
        let round = parent.number;
        let update = changes(round, accounts, slots, changed);
        let threads = NonZeroUsize::new(1 + (round % 2) as usize).unwrap();
        let trie = store.trie().unwrap();
        let (start, core) = (Instant::now(), time_on_core());
        let tries = update_root(&trie, trie.root(), &update, threads).unwrap();
        times[threads.get() - 1].push(start.elapsed());
        if threads == NonZeroUsize::MIN {
            on_core.push(time_on_core() - core);
        }
        let start = Instant::now();
        let size = commit(store, parent, update, tries);
        commits.push((start.elapsed(), size));
    }
    let [one, two] = times.map(Times::new);
    let on_core = Times::new(on_core);
    println!(
        "blocks {} to {}: median (quarter to three quarters) of roots:",
        parent.number + 1 - blocks,
        parent.number
    );
    println!(
        "  1 thread {one}, on a core {on_core}; 2 threads {two}: {:.2}x",
        ratio(one.median(), two.median())
    );
    let leaves: usize = commits.iter().map(|(_, (_, leaves, _))| leaves).sum();
    let bytes: usize = commits.iter().map(|(_, (size, ..))| size.bytes).sum();
    let node_bytes: usize = commits.iter().map(|(_, (.., bytes))| bytes).sum();
    let written = Times::new(commits.iter().map(|(time, _)| *time).collect());
    println!(
        "  commit {written}; {} leaves a block; bytes per changed leaf: {}, {} of them trie nodes",
        leaves as u64 / blocks,
        bytes / leaves,
        node_bytes / leaves
    );
    Some(one.median())
}

/// Writes a block; returns what that wrote, how many leaves changed, and the bytes of trie nodes.
fn commit(
    store: &Store,
    parent: &mut Header,
    update: StateUpdate,
    tries: TrieUpdate,
) -> (WriteSize, usize, usize) {
    let leaves = update.accounts.len() + update.accounts[&keccak256(contract())].storage.slots.len();
    let storages = tries.storages.values().map(|storage| &storage.nodes);
    let nodes = storages.chain([&tries.accounts]).flat_map(|nodes| nodes.values().flatten());
    let node_bytes = nodes.map(|node| node.len()).sum();
    let header = Header {
        number: parent.number + 1,
        parent_hash: parent.hash_slow(),
        state_root: tries.root,
        ..Header::default()
    };
    *parent = header.clone();
    let block = ExecutedBlock {
        hash: header.hash_slow(),
        header,
        body: Body::default(),
        receipts: Vec::new(),
        total_difficulty: U256::ZERO,
        update: Arc::new(update),
        trie: Arc::new(tries),
    };
    (store.commit(&[block]).unwrap(), leaves, node_bytes)
}

/// Time that this thread was on a core, whatever else ran; zero where Linux does not tell.
fn time_on_core() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
