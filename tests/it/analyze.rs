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
