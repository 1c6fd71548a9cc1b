//! Ctrl-C: what was done is kept, and the report says that it is partial.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tandem_tests::program;

/// Longer than any build machine takes for some blocks; a failure, not a wait, if it passes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a run that would take hours, and waits until it has written some records.
fn started(directory: &Path) -> Child {
    let arguments = ["replay", "--generate", "native-transfers:1000000:20", "--report-dir", "out", "-q"];
    let child = program::command(directory, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.unwrap();
    let begun = Instant::now();
    while lines(directory) < 3 {
        assert!(begun.elapsed() < PATIENCE, "no records after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn lines(directory: &Path) -> usize {
    fs::read_to_string(directory.join("out/blocks.jsonl")).map_or(0, |text| text.lines().count())
}

fn signal(name: &str, child: &Child) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait(mut child: Child) -> Option<i32> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begun.elapsed() < PATIENCE, "still running {PATIENCE:?} after the signal");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn first_signal_finishes_the_block_and_writes_a_partial_report() {
    for name in ["-INT", "-TERM"] {
        let scratch = tempfile::tempdir().unwrap();
        let child = started(scratch.path());
        signal(name, &child);
        assert_eq!(wait(child), Some(130), "{name}");

        let out = scratch.path().join("out");
        let records = fs::read_to_string(out.join("blocks.jsonl")).unwrap();
        assert!(records.ends_with('\n'));
        for line in records.lines() {
            assert_eq!(serde_json::from_str::<Value>(line).unwrap()["verdict"], "match");
        }
        let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
        assert_eq!(summary["partial"], true);
        assert_eq!(summary["blocks"], records.lines().count());
        assert!(out.join("report.html").exists());
    }
}

#[test]
fn a_killed_run_leaves_complete_records_that_can_be_merged() {
    let scratch = tempfile::tempdir().unwrap();
    let child = started(scratch.path());
    signal("-KILL", &child);
    assert_eq!(wait(child), None);
    assert!(!scratch.path().join("out/summary.json").exists());

    let merged = program::run(scratch.path(), ["report", "out", "--report-dir", "merged"]);
    assert_eq!(merged.status, Some(3), "a partial report says so: {merged:?}");
    assert!(merged.stderr.contains("no summary; its run was killed"), "{}", merged.stderr);
    let summary = fs::read(scratch.path().join("merged/summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["partial"], true);
    assert!(summary["blocks"].as_u64().unwrap() >= 3);
}
