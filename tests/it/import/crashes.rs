//! Kills and full disks: nothing that was acknowledged is lost, and the next import goes on.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use tandem_state::{BlockId, Store};
use tandem_tests::program::run;

use super::{
    chain::{IMPORT, checked_head, contents, generated, hashes, import, store},
    running::{committed, drain, spawn, wait_for},
};

/// What a chain's imports said is on disk; once the chain is whole it is imported again, into a new directory.
struct Acknowledged {
    hashes: Vec<B256>,
    /// The last block.
    number: u64,
}

impl Acknowledged {
    fn begin(directory: &Path) -> Self {
        Self { hashes: hashes(directory), number: 0 }
    }

    fn add(&mut self, number: Option<u64>) {
        self.number = self.number.max(number.unwrap_or_default());
    }

    /// Reads all that is on disk: the store is at a block of the chain, its roots are right, nothing is lost.
    fn check(&mut self, directory: &Path) {
        let (head, acknowledged) = (checked_head(directory), self.number);
        assert!(head.number >= acknowledged, "head {} on disk, {acknowledged} acknowledged", head.number);
        if head.number > 0 {
            assert_eq!(head.hash, self.hashes[head.number as usize - 1]);
        }
        if head.number as usize == self.hashes.len() {
            fs::remove_dir_all(directory.join("data")).unwrap();
            self.number = 0;
        }
    }

    /// Imports what is left.
    fn finish(&self, directory: &Path) {
        assert_eq!(import(directory, &[]).status, Some(0));
        let last = BlockId { number: self.hashes.len() as u64, hash: *self.hashes.last().unwrap() };
        assert_eq!(checked_head(directory), last);
    }
}

/// Some kills; [`hundred_kills`] has more.
#[test]
fn kills_lose_nothing_that_was_acknowledged() {
    kills(5, "mixed:60:60", 11);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-tests --test it -- --ignored hundred_kills"]
fn hundred_kills() {
    kills(100, "mixed:600:60", 12);
}

/// Kills imports at random moments; after each the store is at a block, its roots are right, nothing is lost.
///
/// When a chain is whole it is imported again, into a new directory.
fn kills(count: usize, workload: &str, mut random: u64) {
    let scratch = generated(workload);
    let directory = scratch.path();
    let (mut killed, mut acknowledged) = (0, Acknowledged::begin(directory));
    while killed < count {
        let mut child = spawn(directory, &[]);
        let moment = Duration::from_micros(mixed(&mut random) % 700_000);
        let started = Instant::now();
        let seen = wait_for(&mut child, |_| started.elapsed() >= moment);
        let lived = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        let rest = drain(&mut child);
        child.wait().unwrap();
        killed += usize::from(lived);
        acknowledged.add(seen);
        acknowledged.add(rest);

        if !Store::exists(&directory.join("data")) {
            assert_eq!(acknowledged.number, 0, "the store is gone");
            continue;
        }
        acknowledged.check(directory);
    }
    acknowledged.finish(directory);
}

/// Some full disks; [`hundred_full_disks`] has more.
#[test]
fn full_disks_lose_nothing_that_was_acknowledged() {
    full_disks(4, "mixed:60:60", 21);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-tests --test it -- --ignored hundred_full_disks"]
fn hundred_full_disks() {
    full_disks(100, "mixed:300:60", 22);
}

/// Imports while files cannot grow beyond a random length, so that a write fails somewhere in its middle; after each the
/// store is at a block, its roots are right, nothing is lost, and the next import goes on from there.
fn full_disks(count: usize, workload: &str, mut random: u64) {
    let scratch = generated(workload);
    let directory = scratch.path();
    fs::write(directory.join("nothing.rlp"), []).unwrap();
    let program = tandem_tests::program::path();
    let (mut refused, mut acknowledged) = (0, Acknowledged::begin(directory));
    while refused < count {
        if !Store::exists(&directory.join("data")) {
            let arguments = ["import", "--datadir", "data", "--genesis", "chain/genesis.json", "nothing.rlp"];
            assert_eq!(run(directory, arguments).status, Some(0));
        }
        // To open the store cuts its journal to what is written.
        drop(store(directory));
        let room = (mixed(&mut random) % 2_000_000) / 512;
        let journals = contents(&directory.join("data/db")).into_iter();
        let journals = journals.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "jnl"));
        let longest = journals.map(|(_, bytes)| bytes.len() as u64).max().unwrap();
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec {} {} -v --log-format text",
            longest / 512 + room,
            program.display(),
            IMPORT.join(" ")
        );
        let ended = Command::new("sh").args(["-c", &script]).current_dir(directory).output().unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        acknowledged.add(stderr.lines().filter_map(committed).next_back());
        if ended.status.code() != Some(0) {
            refused += 1;
            assert_eq!(ended.status.code(), Some(2), "{stderr}");
            assert!(stderr.contains("error: "), "{stderr}");
        }
        acknowledged.check(directory);
    }
    acknowledged.finish(directory);
}

/// A pinned stream (splitmix64), so that a run can be repeated as far as the machine lets it.
fn mixed(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*random ^ (*random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}
