//! What a newcomer's first command does.

use std::fs;

use serde_json::Value;
use tandem_tests::program::run;

#[test]
fn replay_without_arguments_matches_and_leaves_a_report() {
    let scratch = tempfile::tempdir().unwrap();
    let ended = run(scratch.path(), ["replay"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("20: 20 matched, 0 diverged, 0 inconclusive"), "{}", ended.stdout);
    assert!(ended.stderr.contains("tandem-report/report.html"), "{}", ended.stderr);

    let report = scratch.path().join("tandem-report");
    let records = fs::read_to_string(report.join("blocks.jsonl")).unwrap();
    assert_eq!(records.lines().count(), 20);
    let summary: Value = serde_json::from_slice(&fs::read(report.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["matched"], 20);
    assert_eq!(summary["partial"], false);
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "the page opens offline");
}

#[test]
fn same_seed_gives_the_same_blocks_and_another_seed_others() {
    let scratch = tempfile::tempdir().unwrap();
    let hashes = |seed: &str| {
        let arguments = ["replay", "--generate", "mixed:2:30", "--seed", seed, "--format", "jsonl"];
        let ended = run(scratch.path(), arguments);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let hash = |line: &str| serde_json::from_str::<Value>(line).unwrap()["hash"].to_string();
        ended.stdout.lines().map(hash).collect::<Vec<_>>()
    };
    assert_eq!(hashes("5"), hashes("5"));
    assert_ne!(hashes("5"), hashes("6"));
}

#[test]
fn every_workload_matches_through_both_seams_and_with_any_thread_count() {
    let scratch = tempfile::tempdir().unwrap();
    for workload in tandem_corpus::Workload::ALL {
        for (seam, threads) in [("block", "2"), ("block", "8"), ("transaction", "3"), ("transaction", "1")] {
            let generate = format!("{workload}:2:40");
            let arguments = [
                "replay",
                "--generate",
                &generate,
                "--seam",
                seam,
                "--threads",
                threads,
                "--repeat",
                "2",
                "-q",
            ];
            let ended = run(scratch.path(), arguments);
            assert_eq!(ended.status, Some(0), "tandem {}: {ended:?}", arguments.join(" "));
        }
    }
}

#[test]
fn the_sequential_strategy_of_the_same_executor_matches_too() {
    let scratch = tempfile::tempdir().unwrap();
    for strategy in ["sequential", "auto"] {
        let arguments = ["replay", "--generate", "mixed:2:40", "--strategy", strategy, "--format", "jsonl"];
        let ended = run(scratch.path(), arguments);
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let is_sequential = ended.stdout.contains("\"strategy\":\"sequential\"");
        assert_eq!(is_sequential, strategy == "sequential", "{}", ended.stdout);
    }
}
