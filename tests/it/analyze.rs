//! What blocks would allow.

use serde_json::Value;
use tandem_tests::program::run;

#[test]
fn a_chain_has_no_parallelism_and_independent_payments_have_much() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments = [
        "analyze",
        "--generate",
        "hot-counter:1:20",
        "--generate",
        "native-transfers:1:40",
        "--threads",
        "8,2",
        "--iterations",
        "1",
        "--format",
        "json",
    ];
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let value: Value = serde_json::from_str(&ended.stdout).unwrap();
    let [chain, payments] = [0, 1].map(|at| &value["blocks"][at]);
    assert_eq!((&chain["dependent_txs"], &chain["parallelism"]), (&19.into(), &1.0.into()));
    assert_eq!((&chain["shards"], &chain["speedup"]["8"]["bound"]), (&1.into(), &1.0.into()));
    assert!(payments["parallelism"].as_f64().unwrap() > 5.0, "{payments}");
    assert!(payments["speedup"]["2"]["bound"].as_f64().unwrap() > 1.5, "{payments}");
    assert!(value["hot"].as_array().unwrap().iter().any(|spot| spot["kind"] == "slot"));
}

#[test]
fn table_names_blocks_and_bounds() {
    let scratch = tempfile::tempdir().unwrap();
    let ended = run(scratch.path(), ["analyze", "--generate", "mixed:1:10", "--iterations", "1"]);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for text in ["critical gas", "speedup by time", "in order", "depended on"] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
}

#[test]
fn partitions_are_compared_and_graphs_drawn() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments = [
        "analyze",
        "--generate",
        "hot-counter:1:20",
        "--iterations",
        "1",
        "--format",
        "json",
        "--graph",
        "graphs",
    ];
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let value: Value = serde_json::from_str(&ended.stdout).unwrap();
    let block = &value["blocks"][0];
    // All transactions call one contract, from senders of their own, and each depends on the one before.
    assert_eq!(block["partitions"]["contract"]["parts"], 1);
    assert_eq!(block["partitions"]["contract"]["crossing"], 0);
    assert_eq!(block["partitions"]["sender"]["speedup"], 1.0);
    assert!(block["partitions"]["sender"]["crossing"].as_u64().unwrap() >= 19, "{block}");
    assert_eq!(block["critical_path"].as_array().unwrap().len(), 20);
    assert_eq!(block["hot"][0]["kind"], "account");
    let mut names: Vec<String> = std::fs::read_dir(scratch.path().join("graphs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("1-") && names[0].ends_with(".dot") && names[1].ends_with(".svg"));
}

#[test]
fn replay_analyzes_on_request() {
    let scratch = tempfile::tempdir().unwrap();
    let arguments =
        ["replay", "--generate", "hot-counter:2:10", "--analyze", "--report-dir", "out", "--parquet"];
    let ended = run(scratch.path(), arguments);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let text = std::fs::read_to_string(scratch.path().join("out/blocks.jsonl")).unwrap();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["critical_path_gas"], record["gas_used"], "each depends on the one before");
        assert_eq!((&record["parallelism"], &record["outlook"]["8"]["bound"]), (&1.0.into(), &1.0.into()));
    }
    let page = std::fs::read_to_string(scratch.path().join("out/report.html")).unwrap();
    assert!(page.contains("Speedup by number of threads"));
    assert!(scratch.path().join("out/blocks.parquet").exists());
}
