use serde_json::Value;

use super::{Analysis, AnalysisBlock, AnalysisInfo, HotSpot, Outlook, PartitionFigures};
use alloy_primitives::Address;

fn block(gas_used: u64, transactions_us: f64, bound: f64) -> AnalysisBlock {
    AnalysisBlock {
        number: 7,
        source: "somewhere".to_owned(),
        fork: "Osaka".to_owned(),
        txs: 9,
        gas_used,
        dependent_txs: 3,
        dependencies: 4,
        critical_path_gas: gas_used / 2,
        parallelism: 2.0,
        transactions_us,
        critical_path_us: transactions_us / 2.0,
        shards: 6,
        largest_shard: 0.5,
        critical_path: vec![0, 3],
        partitions: [(
            "sender".to_owned(),
            PartitionFigures { parts: 4, largest: 0.5, crossing: 2, speedup: 2.0 },
        )]
        .into(),
        hot: Vec::new(),
        speedup: [(2, Outlook { bound, in_order: 1.0, predicted: None })].into(),
    }
}

fn analysis() -> Analysis {
    let mut analysis =
        Analysis::new(AnalysisInfo { gas_min: 4_000_000, iterations: 5, ..Default::default() });
    analysis.add(block(21_000, 100.0, 1.0));
    analysis.add(block(5_000_000, 300.0, 2.0));
    analysis
}

#[test]
fn speedups_are_weighed_by_time() {
    assert_eq!(analysis().summary()[&2], Outlook { bound: 1.6, in_order: 1.0, predicted: None });
    assert_eq!(analysis().summary_of_large()[&2].bound, 2.0);
}

#[test]
fn table_and_json_have_blocks_speedups_and_hot_spots() {
    let mut analysis = analysis();
    analysis.set_hot(vec![HotSpot {
        kind: "slot".to_owned(),
        address: Address::repeat_byte(0xab),
        slot: Some(Default::default()),
        dependencies: 12,
        blocks: 2,
    }]);
    let table = analysis.table();
    let address = Address::repeat_byte(0xab).to_string();
    for text in ["1.60×", "5.00 M", "4.00 M gas and more", &address, "2 blocks"] {
        assert!(table.contains(text), "{text}: {table}");
    }
    let value: Value = serde_json::from_str(&analysis.json()).unwrap();
    assert_eq!(value["blocks"][1]["speedup"]["2"]["bound"], 2.0);
    assert_eq!(value["summary"]["2"]["bound"], 1.6);
    assert_eq!(value["hot"][0]["dependencies"], 12);
    assert_eq!(value["partitions"]["sender"]["crossing"], 4);
    assert!(!table.contains("predicted"), "{table}");
}

#[test]
fn predictions_stand_beside_the_bounds_where_every_block_has_one() {
    let predicted = |predicted| {
        let mut block = block(5_000_000, 300.0, 2.0);
        block.speedup = [(4, Outlook { bound: 2.0, in_order: 1.5, predicted })].into();
        block
    };
    let mut analysis = Analysis::new(AnalysisInfo::default());
    analysis.add(predicted(Some(1.25)));
    assert_eq!(analysis.summary()[&4].predicted, Some(1.25));
    assert!(analysis.table().contains("predicted"), "{}", analysis.table());
    analysis.add(predicted(None));
    assert_eq!(analysis.summary()[&4].predicted, None);
}
