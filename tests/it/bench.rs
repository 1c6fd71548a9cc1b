//! Times of blocks.

use serde_json::Value;
use tandem_tests::program::run;

#[test]
fn every_block_and_every_number_of_threads_has_figures() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments = [
        "bench",
        "--generate",
        "mixed:2:20",
        "--generate",
        "hot-counter:1:10",
        "--threads",
        "3,1",
        "--iterations",
        "2",
        "--gas-min",
        "1000000",
        "--json",
        "times.json",
    ];
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("3 threads") && ended.stdout.contains("all blocks"), "{}", ended.stdout);

    let text = std::fs::read_to_string(scratch.path().join("times.json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let blocks = value["blocks"].as_array().unwrap();
    assert_eq!(blocks.iter().map(|block| block["txs"].as_u64().unwrap()).collect::<Vec<_>>(), [20, 20, 10]);
    for block in blocks {
        for figure in [&block["sequential_us"], &block["parallel_us"]["1"], &block["parallel_us"]["3"]] {
            assert!(figure.as_f64().is_some_and(|us| us > 0.0), "{block}");
        }
    }
    assert_eq!(value["summary"]["3"]["blocks"], 3);
    assert_eq!(value["summary_gas_min"]["3"]["blocks"], 2);
}

#[test]
fn unusable_sources_are_told_and_end_with_status_2() {
    let scratch = tempfile::tempdir().unwrap();
    let ended = run(scratch.path(), ["bench", "nowhere", "--generate", "mixed:1:5", "--iterations", "1"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("nowhere"), "{}", ended.stderr);
    assert!(ended.stdout.contains("1 block,"), "{}", ended.stdout);
}
