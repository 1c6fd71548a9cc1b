use serde_json::Value;

use super::{Bench, BenchBlock, BenchInfo, BenchSubject};

fn block(number: u64, gas_used: u64, sequential_us: &[f64], parallel_us: &[f64]) -> BenchBlock {
    let subject =
        BenchSubject { number, source: "somewhere".to_owned(), gas_used, txs: 3, ..Default::default() };
    BenchBlock::new(subject, sequential_us, &[7.0])
        .with_parallel(1, sequential_us, sequential_us)
        .with_parallel(2, sequential_us, parallel_us)
}

fn bench() -> Bench {
    let info = BenchInfo { iterations: 3, gas_min: 4_000_000, ..BenchInfo::default() };
    let mut bench = Bench::new(info);
    bench.add(block(1, 21_000, &[10.0, 12.0, 11.0], &[22.0, 23.0, 21.0]));
    bench.add(block(2, 5_000_000, &[4000.0, 4004.0, 9000.0], &[2002.0, 1000.0, 2500.0]));
    bench
}

#[test]
fn a_block_has_medians_and_the_quartiles_of_its_iterations() {
    let bench = bench();
    let block = &bench.blocks()[1];
    assert_eq!((block.sequential_us, block.parallel_us[&2], block.speedup[&2]), (4004.0, 2002.0, 2.0));
    assert_eq!(block.speedup_quartiles[&2], [1.998, 4.004]);
    assert_eq!(block.speedup[&1], 1.0);
}

#[test]
fn means_are_over_all_blocks_and_over_large_ones() {
    let (all, large) = (bench().summary()[&2], bench().summary_of_large()[&2]);
    assert_eq!((all.blocks, all.min, all.max, all.geomean), (2, 0.5, 2.0, 1.0));
    assert_eq!(all.time_weighted, ((4015.0_f64 / 2024.0) * 1e4).round() / 1e4);
    assert_eq!((large.blocks, large.time_weighted, large.min), (1, 2.0, 2.0));
}

#[test]
fn json_has_the_agreed_shape() {
    let value: Value = serde_json::from_str(&bench().json()).unwrap();
    assert_eq!(value["blocks"][1]["number"], 2);
    assert_eq!(value["blocks"][1]["gas_used"], 5_000_000);
    assert_eq!(value["blocks"][1]["sequential_us"], 4004.0);
    assert_eq!(value["blocks"][1]["parallel_us"]["2"], 2002.0);
    for key in ["time_weighted", "geomean", "min", "max"] {
        assert!(value["summary"]["2"][key].is_number(), "{key}");
    }
    assert_eq!(value["summary_gas_min"]["2"]["blocks"], 1);
    assert_eq!(value["run"]["gas_min"], 4_000_000);
}

#[test]
fn table_names_every_block_and_both_means() {
    let mut bench = bench();
    let table = bench.table();
    assert!(table.contains("4.00 ms") && table.contains("2.00×"), "{table}");
    assert!(table.contains("all blocks") && table.contains("4.00 M gas and more"), "{table}");
    assert!(!table.contains("partial"));
    bench.interrupt();
    assert!(bench.table().contains("partial"));
}

#[test]
fn no_blocks_have_no_means() {
    let bench = Bench::new(BenchInfo::default());
    assert!(bench.summary().is_empty());
    assert!(bench.table().starts_with("0 blocks"), "{}", bench.table());
}
