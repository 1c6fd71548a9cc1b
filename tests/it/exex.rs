//! `tandem import --exex`: every imported block is validated by a second execution, across reorgs, kills and restarts.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use tandem_corpus::GenesisFile;
use tandem_state::{Store, StoreConfig};
use tandem_tests::{
    data,
    program::{Ended, command, run},
};

/// A chain in a scratch directory, in `chain`.
fn generated(arguments: &[&str]) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    let written = run(scratch.path(), ["generate", "--out", "chain", "--seed", "5"].iter().chain(arguments));
    assert_eq!(written.status, Some(0), "{written:?}");
    scratch
}

fn arguments<'a>(genesis: &'a str, chain: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let import =
        ["import", chain, "--genesis", genesis, "--datadir", "data", "--report-dir", "report", "--threads=2"];
    import.iter().chain(more).copied().collect()
}

fn import(directory: &Path, more: &[&str]) -> Ended {
    run(directory, arguments("chain/genesis.json", "chain/chain.rlp", more))
}

/// The complete lines of a report, and whether the last one is cut.
fn records(directory: &Path) -> (Vec<Value>, bool) {
    let text = fs::read_to_string(directory.join("report/blocks.jsonl")).unwrap_or_default();
    let (whole, rest) = text.split_at(text.rfind('\n').map_or(0, |end| end + 1));
    (whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), !rest.is_empty())
}

/// The records that stand, by the block's hash: neither repeated, nor followed by one that says that the block left.
fn standing(records: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut standing = BTreeMap::<_, Vec<_>>::new();
    for record in records {
        let of = standing.entry(record["hash"].as_str().unwrap()).or_default();
        if record["reverted"] == true {
            of.clear();
        } else if record["repeated"] != true {
            of.push(record);
        }
    }
    standing.retain(|_, records| !records.is_empty());
    standing
}

/// The hashes of the chain on disk, by number from 1 on.
fn canonical(directory: &Path, genesis: &Path) -> Vec<String> {
    let GenesisFile { header, state, .. } = GenesisFile::read(genesis).unwrap();
    let header = alloy_consensus::Header { state_root: tandem_chain::state_root(&state), ..header };
    let store = Store::open(&directory.join("data"), StoreConfig::default(), header.hash_slow()).unwrap();
    (1..=store.head().number)
        .map(|number| store.canonical_hash(number).unwrap().unwrap().to_string())
        .collect()
}

/// Every block on disk has exactly one record that stands, and it matches; no other block has one. Returns how many.
fn assert_validated(directory: &Path, genesis: &Path) -> usize {
    let (records, is_cut) = records(directory);
    assert!(!is_cut);
    let standing = standing(&records);
    let canonical = canonical(directory, genesis);
    for hash in &canonical {
        let of = standing.get(hash.as_str()).map_or(&[][..], Vec::as_slice);
        let [record] = of else { panic!("block {hash} has {} records: {of:?}", of.len()) };
        assert_eq!(record["verdict"], "match", "{record}");
        for check in ["receipts_root", "gas_used", "logs_bloom", "bundle", "state_root"] {
            assert_eq!(record["checks"][check], "match", "{check} of {record}");
        }
        assert_eq!(record["state_root"]["sequential"], record["state_root"]["header"]);
        assert_eq!(record["state_root"]["parallel"], record["state_root"]["header"]);
        assert_eq!(record["state_root"]["header_checked"], true);
    }
    assert_eq!(standing.len(), canonical.len(), "blocks that are not on disk have records that stand");
    canonical.len()
}

fn assert_refused(ended: &Ended, expected: &[&str]) {
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let errors = ended.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{}", ended.stderr);
    for part in expected {
        assert!(ended.stderr.contains(part), "expected {part:?} in {}", ended.stderr);
    }
}

#[test]
fn imported_blocks_are_validated_live_and_in_the_shadow() {
    let scratch = generated(&["mixed:6:20"]);
    let directory = scratch.path();
    for (mode, strategy) in [("live", "parallel"), ("shadow", "parallel"), ("live", "sequential")] {
        let ended = import(directory, &["--exex", mode, "--strategy", strategy]);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("6 matched, 0 diverged, 0 inconclusive"), "{}", ended.stdout);
        assert_eq!(assert_validated(directory, &directory.join("chain/genesis.json")), 6);
        let (records, _) = records(directory);
        assert!(records.iter().all(|record| record["strategy"] == strategy), "{records:?}");
        // Nothing is left to do, and nothing is done again.
        assert_eq!(import(directory, &["--exex", mode]).status, Some(0));
        assert_eq!(self::records(directory).0, records);
        fs::remove_dir_all(directory.join("data")).unwrap();
        fs::remove_dir_all(directory.join("report")).unwrap();
    }
}

#[test]
fn reorged_chain_has_one_record_a_block_that_stands() {
    reorged("native-transfers:60:3", "8", (60, 36));
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-tests --test it -- --ignored two_hundred_reorgs"]
fn two_hundred_reorgs() {
    // Depths of 1 to 64, three times, and 1 to 8 once more.
    reorged("mixed:6500:4", "200", (6500, 3 * 65 * 32 + 36));
}

fn reorged(workload: &str, reorgs: &str, (blocks, left): (usize, usize)) {
    let scratch = generated(&[workload, "--reorgs", reorgs]);
    let directory = scratch.path();
    let ended = import(directory, &["--exex", "live"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(assert_validated(directory, &directory.join("chain/genesis.json")), blocks);
    let (records, _) = records(directory);
    let reverted: Vec<_> = records.iter().filter(|record| record["reverted"] == true).collect();
    assert_eq!(reverted.len(), left);
    // What was found out about a block that left is still said.
    assert!(reverted.iter().all(|record| record["verdict"] == "match"));
    assert_eq!(records.len(), blocks + 2 * left);
}

#[test]
fn blocks_that_leave_without_a_validator_have_a_record_that_says_so() {
    let scratch = generated(&["native-transfers:60:3", "--reorgs", "8"]);
    let directory = scratch.path();
    let genesis = directory.join("chain/genesis.json");
    assert_eq!(import(directory, &[]).status, Some(0));
    let (whole, _) = records(directory);
    let assert_standing = |records: &[Value]| {
        let canonical = canonical(directory, &genesis);
        let standing = standing(records);
        assert_eq!(standing.len(), 60);
        assert!(canonical.iter().all(|hash| standing[hash.as_str()].len() == 1));
    };
    assert_standing(&whole);
    assert_eq!(whole.iter().filter(|record| record["reverted"] == true).count(), 36);
    assert_eq!(whole.len(), 60 + 2 * 36);

    // A kill may come between a reorg and the records that say so. They are made up for, once.
    let is_kept = |record: &&Value| record["reverted"] != true || record["number"].as_u64() < Some(50);
    let text: String = whole.iter().filter(is_kept).map(|record| format!("{record}\n")).collect();
    fs::write(directory.join("report/blocks.jsonl"), &text).unwrap();
    for _ in 0..2 {
        assert_eq!(import(directory, &[]).status, Some(0));
        let (records, _) = records(directory);
        assert_standing(&records);
        assert_eq!(records.len(), whole.len());
    }
}

#[test]
fn chain_through_all_forks_is_validated() {
    let Some(chain) = data::folder("chain_through_all_forks_is_validated", "chain/all-forks") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let [genesis, blocks] = ["genesis.json", "chain.rlp"].map(|name| chain.join(name));
    let more = ["--exex", "live"];
    let ended = run(scratch.path(), arguments(genesis.to_str().unwrap(), blocks.to_str().unwrap(), &more));
    assert_eq!(ended.status, Some(0), "{}{}", ended.stderr, ended.stdout);
    assert!(assert_validated(scratch.path(), &genesis) > 0);
}

#[test]
fn what_was_imported_without_a_validator_is_validated_after_a_restart() {
    let scratch = generated(&["mixed:30:5"]);
    let directory = scratch.path();
    let whole = fs::read(directory.join("chain/chain.rlp")).unwrap();
    fs::write(directory.join("chain/chain.rlp"), &whole[..whole.len() / 3]).unwrap();
    assert_refused(&import(directory, &["--exex", "live"]), &["the file ends after"]);
    let first = records(directory).0.len();
    assert!(first > 0 && first < 30);

    // The next part is imported with a report elsewhere: as if the validator had been killed.
    fs::write(directory.join("chain/chain.rlp"), &whole[..whole.len() / 2]).unwrap();
    let aside = ["import", "chain/chain.rlp", "--genesis", "chain/genesis.json", "--datadir", "data"];
    assert_eq!(run(directory, aside).status, Some(2));
    fs::write(directory.join("chain/chain.rlp"), &whole).unwrap();
    assert_eq!(import(directory, &["--exex", "live"]).status, Some(0));
    assert_eq!(assert_validated(directory, &directory.join("chain/genesis.json")), 30);
    assert_eq!(records(directory).0.len(), 30);
}

#[test]
fn what_cannot_be_used_is_one_error_and_stays_as_it_is() {
    let scratch = generated(&["native-transfers:2:5"]);
    let directory = scratch.path();
    for bad in [["--exex", "sometimes"], ["--on-divergence", "panic"]] {
        let ended = import(directory, &bad);
        assert_eq!(ended.status, Some(2));
        assert!(ended.stderr.contains(&format!("invalid value '{}'", bad[1])), "{}", ended.stderr);
    }
    assert!(!directory.join("data").exists());
    assert_eq!(import(directory, &["--exex", "live"]).status, Some(0));

    let position = directory.join("report/position.json");
    let good = fs::read_to_string(&position).unwrap();
    let refused = |content: &str, expected: &[&str]| {
        fs::write(&position, content).unwrap();
        let before = fs::read(directory.join("report/blocks.jsonl")).unwrap();
        assert_refused(&import(directory, &["--exex", "live"]), expected);
        assert_eq!(fs::read_to_string(&position).unwrap(), content);
        assert_eq!(fs::read(directory.join("report/blocks.jsonl")).unwrap(), before);
    };
    refused(&good[..good.len() / 2], &["report/position.json", "expected the position of a validator"]);
    refused(&good.replace("\"schema\":1", "\"schema\":9"), &["report/position.json", "schema 9, expected 1"]);
    let genesis = good.split("\"genesis\":\"").nth(1).unwrap()[..66].to_owned();
    let other = format!("0x{}", "ab".repeat(32));
    refused(&good.replace(&genesis, &other), &["position.json", &other, "expected", &genesis]);
    fs::remove_file(&position).unwrap();
    assert_refused(&import(directory, &["--exex", "live"]), &["report", "position.json"]);
    fs::write(&position, &good).unwrap();
    assert_eq!(import(directory, &["--exex", "live"]).status, Some(0));
}

/// Some kills; [`hundred_kills_with_a_validator`] has more.
#[test]
fn kills_leave_no_block_without_a_record_and_none_with_two() {
    kills(4, &["native-transfers:300:6", "--reorgs", "6"], 21);
}

#[test]
#[ignore = "takes minutes: cargo test --release -p tandem-tests --test it -- --ignored hundred_kills_with"]
fn hundred_kills_with_a_validator() {
    kills(100, &["mixed:1200:20", "--reorgs", "30"], 22);
}

/// Kills imports at random moments and lets them go on; when a chain is whole it is checked and imported again.
#[expect(clippy::print_stdout, reason = "says how much was seen")]
fn kills(count: usize, generate: &[&str], mut random: u64) {
    let scratch = generated(generate);
    let directory = scratch.path();
    let genesis = directory.join("chain/genesis.json");
    let arguments = arguments("chain/genesis.json", "chain/chain.rlp", &["--exex", "live"]);
    let (mut killed, mut whole, mut longest) = (0, 0, Duration::from_millis(300));
    while killed < count {
        // A pinned stream (splitmix64), so that a run can be repeated as far as the machine lets it.
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        let moment = Duration::from_micros(mixed % longest.as_micros() as u64);
        let mut child =
            command(directory, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = Instant::now();
        let mut ended = None;
        while ended.is_none() && started.elapsed() < moment {
            std::thread::sleep(Duration::from_millis(1));
            ended = child.try_wait().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (records, _) = records(directory);
        for (hash, records) in standing(&records) {
            assert_eq!(records.len(), 1, "block {hash}: {records:?}");
        }
        match ended {
            None => {
                killed += 1;
                longest += Duration::from_millis(20);
            }
            Some(status) => {
                assert!(status.success(), "{status}");
                assert_validated(directory, &genesis);
                whole += 1;
                longest = longest.mul_f64(0.7);
                fs::remove_dir_all(directory.join("data")).unwrap();
                fs::remove_dir_all(directory.join("report")).unwrap();
            }
        }
    }
    let ended = run(directory, &arguments);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let blocks = assert_validated(directory, &genesis);
    let (records, _) = records(directory);
    let repeated = records.iter().filter(|record| record["repeated"] == true).count();
    println!(
        "{killed} kills, {whole} imports to the end between them; {blocks} blocks, {repeated} records repeated"
    );
}
