//! The forms of results: JSON Lines, JSON, log lines, colours.

use serde_json::{Value, json};
use tandem_report::BlockRecord;
use tandem_tests::program::{Ended, run};

/// The keys of a record, in order; scripts rely on them.
const KEYS: [&str; 24] = [
    "schema",
    "number",
    "hash",
    "parent",
    "source",
    "fork",
    "txs",
    "gas_used",
    "strategy",
    "threads",
    "verdict",
    "sequential_us",
    "parallel_us",
    "speedup",
    "attempts",
    "reexecuted",
    "frontier_executed",
    "conflicts",
    "critical_path_gas",
    "parallelism",
    "checks",
    "state_root",
    "receipts_root",
    "divergence",
];

fn replay(format: &str, more: &[&str]) -> Ended {
    let scratch = tempfile::tempdir().unwrap();
    let mut arguments = vec![
        "replay",
        "--generate",
        "mixed:3:60",
        "--threads",
        "2",
        "--report-dir",
        "out",
        "--format",
        format,
    ];
    arguments.extend(more);
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    ended
}

#[test]
fn jsonl_is_one_record_a_line() {
    let ended = replay("jsonl", &[]);
    assert_eq!(ended.stdout.lines().count(), 3);
    for (index, line) in ended.stdout.lines().enumerate() {
        let value: Value = serde_json::from_str(line).unwrap();
        let object = value.as_object().unwrap();
        for key in KEYS {
            assert!(object.contains_key(key), "{key}");
        }
        let record: BlockRecord = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(record.number, index as u64 + 1);
        assert_eq!(record.txs, 60);
        assert_eq!((value["schema"].clone(), value["threads"].clone()), (json!(1), json!(2)));
        assert_eq!(value["verdict"], "match");
        // Generated blocks carry the whole world, so that everything is checked against the header.
        for check in ["receipts_root", "gas_used", "logs_bloom", "requests_hash", "bundle", "state_root"] {
            assert_eq!(value["checks"][check], "match", "{check}");
        }
        for root in ["state_root", "receipts_root"] {
            let root = &value[root];
            assert_eq!(root["header_checked"], true);
            assert_eq!(root["parallel"], root["header"]);
            assert_eq!(root["sequential"], root["header"]);
        }
        assert!(value["divergence"].is_null());
    }
}

#[test]
fn json_is_one_object_with_blocks_and_summary() {
    let document: Value = serde_json::from_str(&replay("json", &[]).stdout).unwrap();
    assert_eq!(document["blocks"].as_array().unwrap().len(), 3);
    let summary = &document["summary"];
    for (key, expected) in [
        ("schema", json!(1)),
        ("blocks", json!(3)),
        ("matched", json!(3)),
        ("diverged", json!(0)),
        ("txs", json!(180)),
    ] {
        assert_eq!(summary[key], expected, "{key}");
    }
    for key in [
        "speedup_time_weighted",
        "speedup_geomean",
        "speedup_min",
        "speedup_max",
        "seed",
        "version",
        "machine",
    ] {
        assert!(!summary[key].is_null(), "{key}");
    }
}

#[test]
fn json_without_blocks_is_still_one_object() {
    let scratch = tempfile::tempdir().unwrap();
    let ended = run(scratch.path(), ["replay", "no-such-place", "--format", "json"]);
    assert_eq!(ended.status, Some(2));
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["blocks"], json!([]));
    assert_eq!(document["summary"]["input_errors"].as_array().unwrap().len(), 1);
}

#[test]
fn verbose_logs_each_block_as_json_if_asked_and_quiet_says_nothing() {
    let log = replay("jsonl", &["-v", "--log-format", "json"]).stderr;
    let blocks: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["message"] == "block")
        .collect();
    assert_eq!(blocks.len(), 3, "{log}");
    assert_eq!(blocks[2]["number"], 3);
    assert_eq!(replay("jsonl", &["-q"]).stderr, "");
}

#[test]
fn colours_and_progress_are_for_terminals_only() {
    let escape = '\u{1b}';
    let plain = replay("table", &["-v"]);
    assert!(!plain.stdout.contains(escape) && !plain.stderr.contains(escape), "{plain:?}");
    assert!(!replay("table", &[]).stderr.contains("blocks/s"));
    assert!(replay("table", &["-v", "--color", "always"]).stderr.contains(escape));
}
