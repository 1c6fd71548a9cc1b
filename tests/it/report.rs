//! `tandem report`: directories that are no reports.

use std::fs;

use tandem_tests::program::run;

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
