//! `tandem report`: parts that are missing or overlap, and directories that are no reports.

use std::{fs, path::Path};

use serde_json::Value;
use tandem_tests::program::{Ended, run};

/// Replays a part of a run of six blocks.
fn part(directory: &Path, shard: &str, out: &str) {
    let arguments = ["replay", "--generate", "mixed:6:4", "--shard", shard, "--report-dir", out];
    let ended = run(directory, arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

fn merge(directory: &Path, dirs: &[&str], more: &[&str]) -> Ended {
    run(directory, [&["report"], dirs, &["--report-dir", "out"], more].concat())
}

#[test]
fn gaps_and_overlaps_are_named_and_a_gap_is_status_3() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path();
    for index in 0..3 {
        part(directory, &format!("{index}/3"), &format!("part-{index}"));
    }
    let merged = merge(directory, &["part-0", "part-2"], &["--parquet"]);
    assert_eq!(merged.status, Some(3), "{merged:?}");
    assert!(merged.stdout.contains("gap: part 1/3 of a run of 6 blocks is missing"), "{merged:?}");
    assert!(directory.join("out/blocks.parquet").exists());

    // The same part, from another machine: the times differ, what was found does not.
    part(directory, "0/3", "again");
    let merged = merge(directory, &["part-0", "part-1", "part-2", "again"], &[]);
    assert_eq!(merged.status, Some(0), "{merged:?}");
    assert!(merged.stdout.contains("overlap: again/blocks.jsonl has 2 records"), "{merged:?}");
    assert!(!directory.join("out/blocks.parquet").exists(), "columns of other records do not stay");

    let merged = merge(directory, &["out"], &["--blocks", "1..8"]);
    assert_eq!(merged.status, Some(3), "{merged:?}");
    assert!(merged.stdout.contains("gap: blocks 7 to 8 have no record"), "{merged:?}");
}

#[test]
fn status_is_that_of_the_runs_together() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path();
    part(directory, "0/1", "good");
    assert_eq!(merge(directory, &["good"], &[]).status, Some(0));
    let blocks = directory.join("good/blocks.jsonl");
    let text = fs::read_to_string(&blocks).unwrap();
    let unchecked = text.replacen("\"match\"", "\"inconclusive\",\"reason\":\"late\"", 1);
    fs::write(&blocks, unchecked).unwrap();
    assert_eq!(merge(directory, &["good"], &[]).status, Some(3));
    fs::write(&blocks, text.replacen("\"match\"", "\"diverged\"", 1)).unwrap();
    assert_eq!(merge(directory, &["good"], &[]).status, Some(1));
}

/// Merges what cannot be merged: one error, that tells the place and what was expected, and nothing is written.
fn refused(directory: &Path, dirs: &[&str], told: &[&str]) {
    let ended = merge(directory, dirs, &[]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!((errors.len(), ended.stderr.lines().count()), (1, 1), "{}", ended.stderr);
    for part in told {
        assert!(errors[0].contains(part), "expected {part:?} in {}", errors[0]);
    }
    assert!(!directory.join("out/blocks.jsonl").exists());
}

#[test]
fn damaged_contradicting_and_later_records_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path();
    part(directory, "0/1", "good");
    let text = fs::read_to_string(directory.join("good/blocks.jsonl")).unwrap();
    let bad = |name: &str, text: &str| {
        fs::create_dir(directory.join(name)).unwrap();
        fs::write(directory.join(name).join("blocks.jsonl"), text).unwrap();
    };
    let lines: Vec<&str> = text.lines().collect();

    bad("damaged", &[lines[0], &lines[1][..200], lines[2], ""].join("\n"));
    let told = ["damaged/blocks.jsonl:2:200: expected a block record of schema 1"];
    refused(directory, &["good", "damaged"], &told);

    let mut other: Value = serde_json::from_str(lines[3]).unwrap();
    other["gas_used"] = 21_000.into();
    bad("other", &format!("{other}\n"));
    let told =
        ["other/blocks.jsonl:1: expected the record of block 4", "good/blocks.jsonl:4, but they differ"];
    refused(directory, &["good", "other"], &told);

    bad("later", &text.replacen("\"schema\":1", "\"schema\":99", 1));
    refused(directory, &["later"], &["later/blocks.jsonl:1:", "got schema 99, expected 1"]);
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    fs::create_dir(scratch.path().join("empty")).unwrap();
    fs::create_dir(scratch.path().join("broken")).unwrap();
    fs::write(scratch.path().join("broken/blocks.jsonl"), "{\"schema\":2}\n").unwrap();
    for (dir, told) in [
        ("empty", "empty: expected a report directory"),
        ("absent", "absent: expected a report directory"),
        ("broken", "broken/blocks.jsonl:1:12: expected a block record of schema 1"),
    ] {
        let ended = run(scratch.path(), ["report", dir, "--report-dir", "out"]);
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert!(!scratch.path().join("out/blocks.jsonl").exists());
    }
}
