//! Records survive being written and read, and add up.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use alloy_primitives::{Address, B256};
use common::*;
use proptest::{collection::vec, option, prelude::*, strategy::Strategy};
use tandem_report::{
    BlockRecord, BlockTable, Check, Checks, Conflict, ConflictKind, Divergence, ReportWriter, RowOrder,
    Summary, Verdict, json, speedup_of,
};

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Match),
        Just(Verdict::Diverged),
        any::<String>().prop_map(|reason| Verdict::Inconclusive { reason }),
    ]
}

fn checks() -> impl Strategy<Value = Checks> {
    let check = || prop_oneof![Just(Check::Match), Just(Check::Differ), Just(Check::Absent)];
    (check(), check(), check(), check()).prop_map(|(receipts_root, bundle, state_root, error)| Checks {
        receipts_root,
        bundle,
        state_root,
        error,
        ..Checks::default()
    })
}

fn conflicts() -> impl Strategy<Value = Conflict> {
    let kind = prop_oneof![
        Just(ConflictKind::Slot),
        Just(ConflictKind::Balance),
        Just(ConflictKind::StorageReset),
        Just(ConflictKind::Other)
    ];
    (kind, any::<[u8; 20]>(), option::of(any::<[u8; 32]>()), any::<u64>()).prop_map(
        |(kind, address, slot, count)| Conflict {
            kind,
            address: Address::from(address),
            slot: slot.map(B256::from),
            count,
        },
    )
}

fn divergences() -> impl Strategy<Value = Divergence> {
    (
        option::of(any::<u64>()),
        any::<String>(),
        option::of(any::<[u8; 20]>()),
        any::<String>(),
        option::of(".*"),
    )
        .prop_map(|(tx, what, address, sequential, evidence)| Divergence {
            tx,
            what: what.clone(),
            address: address.map(Address::from),
            slot: None,
            sequential,
            parallel: what,
            evidence,
        })
}

fn records() -> impl Strategy<Value = BlockRecord> {
    let names = (any::<String>(), any::<String>());
    let numbers = (any::<u64>(), 0..1_000u64, 0..60_000_000u64);
    let times = (option::of(0..10_000_000u64), option::of(0..10_000_000u64));
    let lists = (vec(conflicts(), 0..4), option::of(divergences()));
    (names, numbers, times, verdicts(), checks(), lists, any::<[bool; 2]>()).prop_map(
        |(
            (source, fork),
            (number, txs, gas_used),
            (sequential_us, parallel_us),
            verdict,
            checks,
            lists,
            flags,
        )| {
            BlockRecord {
                number,
                source,
                fork,
                txs,
                gas_used,
                verdict,
                checks,
                sequential_us,
                parallel_us,
                speedup: sequential_us.zip(parallel_us).and_then(|(a, b)| speedup_of(a, b)),
                conflicts: lists.0,
                divergence: lists.1,
                repeated: flags[0],
                reverted: flags[1],
                ..example()
            }
        },
    )
}

proptest! {
    #[test]
    fn record_survives_json(record in records()) {
        let line = json::line(&record);
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(serde_json::from_str::<BlockRecord>(&line).unwrap(), record);
    }

    #[test]
    fn totals_are_the_sums(records in vec(records(), 0..40)) {
        let summary = summary(&records);
        let counted: Vec<_> = records
            .iter()
            .filter(|record| !record.reverted && (!record.repeated || record.verdict == Verdict::Diverged))
            .collect();
        let ratios: Vec<f64> = counted
            .iter()
            .filter_map(|record| Some((record.sequential_us?, record.parallel_us?)))
            .filter(|(sequential, parallel)| *sequential > 0 && *parallel > 0)
            .map(|(sequential, parallel)| sequential as f64 / parallel as f64)
            .collect();
        prop_assert_eq!(summary.blocks as usize, counted.len());
        prop_assert_eq!(summary.blocks, summary.matched + summary.diverged + summary.inconclusive);
        prop_assert_eq!(summary.txs, counted.iter().map(|record| record.txs).sum::<u64>());
        prop_assert_eq!(summary.timed_blocks as usize, ratios.len());
        prop_assert_eq!(summary.forks.iter().map(|fork| fork.blocks).sum::<u64>(), summary.blocks);
        let geomean = ratios.iter().product::<f64>().powf(1.0 / ratios.len() as f64);
        match summary.speedup_geomean {
            None => prop_assert!(ratios.is_empty()),
            Some(got) => prop_assert!((got - geomean).abs() <= 0.0051 + geomean * 1e-9, "{got} {geomean}"),
        }
        let min = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        prop_assert!(summary.speedup_min.is_none_or(|got| (got - min).abs() <= 0.0051));
    }

    #[test]
    fn summary_survives_json(records in vec(records(), 0..10)) {
        let summary = summary(&records);
        prop_assert_eq!(serde_json::from_str::<Summary>(&json::summary(&summary)).unwrap(), summary);
    }

    #[test]
    fn any_records_have_a_page_and_a_table(records in vec(records(), 0..20)) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = ReportWriter::create(dir.path()).unwrap();
        let mut table = BlockTable::new(5, RowOrder::WorstFirst);
        for record in &records {
            writer.append(record).unwrap();
            table.add(record);
        }
        let summary = summary(&records);
        let report = writer.finish(&summary).unwrap();
        let page = std::fs::read_to_string(report.page()).unwrap();
        prop_assert!(!page.contains("NaN"));
        let text = table.render(&summary);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn unknown_keys_and_conflict_kinds_are_read() {
    let line = json::line(&example()).replace("\"kind\":\"slot\"", "\"kind\":\"weather\"").replacen(
        '{',
        "{\"later\":[1],",
        1,
    );
    let record: BlockRecord = serde_json::from_str(&line).unwrap();
    assert_eq!(record.conflicts[0].kind, ConflictKind::Other);
}

#[test]
fn time_weighted_speedup_is_of_the_timed_blocks_only() {
    let mut untimed = matched(3, 1_000);
    untimed.parallel_us = None;
    let summary = summary(&[matched(1, 3_478), matched(2, 13_912), untimed]);
    assert_eq!((summary.sequential_us, summary.parallel_us), (13_912, 17_390));
    assert_eq!(summary.speedup_time_weighted, Some(0.8));
    assert_eq!(summary.speedup_geomean, Some(1.0));
    assert_eq!((summary.speedup_min, summary.speedup_max), (Some(0.5), Some(2.0)));
}
