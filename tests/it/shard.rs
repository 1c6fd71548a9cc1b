//! Parts of a run: each block is in exactly one, and they merge into the whole.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use tandem_corpus::Workload;
use tandem_tests::{program::run, sources::generated};

fn replay(directory: &Path, more: &[&str]) -> BTreeMap<u64, String> {
    let mut arguments = vec!["replay", "chain.json", "--generate", "mixed:5:20", "--format", "jsonl"];
    arguments.extend(more);
    let ended = run(directory, arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let record = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        // Numbers of the chain and of generated blocks overlap.
        let offset = if record["source"].as_str().unwrap().starts_with("generated") { 100 } else { 0 };
        (record["number"].as_u64().unwrap() + offset, record["state_root"]["parallel"].to_string())
    };
    ended.stdout.lines().map(record).collect()
}

#[test]
fn parts_are_disjoint_and_make_the_whole() {
    let scratch = tempfile::tempdir().unwrap();
    generated(Workload::HotCounter, 4, 5).write_blockchain_test(&scratch.path().join("chain.json"));
    let whole = replay(scratch.path(), &[]);
    assert_eq!(whole.len(), 9);

    let mut parts = BTreeMap::new();
    for shard in ["0/3", "1/3", "2/3"] {
        let dir = format!("part-{}", &shard[..1]);
        let part = replay(scratch.path(), &["--shard", shard, "--report-dir", &dir]);
        assert_eq!(part.len(), 3, "{shard}");
        let size = parts.len();
        parts.extend(part);
        assert_eq!(parts.len(), size + 3, "{shard} has a block that another part has");
    }
    assert_eq!(parts, whole);

    let merged = run(scratch.path(), ["report", "part-0", "part-1", "part-2", "--report-dir", "merged"]);
    assert_eq!(merged.status, Some(0), "{merged:?}");
    let summary = fs::read(scratch.path().join("merged/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!((summary["blocks"].as_u64(), summary["partial"].as_bool()), (Some(9), Some(false)));
}

#[test]
fn limit_ends_the_run_and_is_no_interruption() {
    let scratch = tempfile::tempdir().unwrap();
    generated(Workload::HotCounter, 4, 5).write_blockchain_test(&scratch.path().join("chain.json"));
    let limited = replay(scratch.path(), &["--limit", "3", "--report-dir", "out"]);
    assert_eq!(limited.len(), 3);
    let summary: Value =
        serde_json::from_slice(&fs::read(scratch.path().join("out/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["partial"], false);
}
