//! The formats, as scripts and people see them.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::*;
use tandem_report::*;

fn records() -> Vec<BlockRecord> {
    vec![matched(19_932_702, 8_000), example(), diverged(), inconclusive()]
}

#[test]
fn record_line() {
    insta::assert_snapshot!(json::line(&example()));
    insta::assert_snapshot!(json::line(&diverged()));
    insta::assert_snapshot!(json::line(&BlockRecord { repeated: true, reverted: true, ..inconclusive() }));
}

#[test]
fn record_line_is_the_documented_one() {
    let documented = r#"{"schema":1,"number":19932703,"hash":"0x1111111111111111111111111111111111111111111111111111111111111111",
 "parent":"0x2222222222222222222222222222222222222222222222222222222222222222","source":"mainnet/19932703","fork":"Cancun",
 "txs":143,"gas_used":10421765,"strategy":"parallel","threads":2,"verdict":"match",
 "sequential_us":6956,"parallel_us":4012,"speedup":1.73,
 "attempts":150,"reexecuted":7,"frontier_executed":80,
 "conflicts":[{"kind":"slot","address":"0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
   "slot":"0x0000000000000000000000000000000000000000000000000000000000000003","count":3}],
 "critical_path_gas":2100000,"parallelism":4.96,
 "checks":{"receipts_root":"match","gas_used":"match","logs_bloom":"match","requests_hash":"absent","bundle":"match",
           "state_root":"match","bal_hash":"absent","error":"absent"},
 "state_root":{"parallel":"ROOT","sequential":"ROOT","header":"ROOT","header_checked":false},
 "receipts_root":{"parallel":"ROOT","sequential":"ROOT","header":"ROOT","header_checked":true},
 "divergence":null}"#
        .replace("ROOT", &ROOT.to_string());
    let compact: String = documented.split_whitespace().collect();
    assert_eq!(json::line(&example()), compact);
}

#[test]
fn summary_file() {
    insta::assert_snapshot!(json::summary(&summary(&records())));
}

#[test]
fn json_document_has_summary_and_blocks() {
    let records = records();
    let document: serde_json::Value =
        serde_json::from_str(&json::document(&summary(&records), &records)).unwrap();
    assert_eq!(document["summary"]["blocks"], 4);
    assert_eq!(document["blocks"].as_array().unwrap().len(), 4);
}

#[test]
fn terminal_table() {
    let records = records();
    let mut table = BlockTable::new(100, RowOrder::Input);
    records.iter().for_each(|record| table.add(record));
    insta::assert_snapshot!(table.render(&summary(&records)));
}

#[test]
fn terminal_table_worst_first() {
    let records: Vec<_> = records().into_iter().chain((1..=50).map(|n| matched(n, 3_000 + n))).collect();
    let mut table = BlockTable::new(4, RowOrder::WorstFirst);
    records.iter().for_each(|record| table.add(record));
    let text = table.render(&summary(&records));
    let rows: Vec<_> =
        text.lines().skip(1).take(5).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(rows, ["19932704", "19932705", "19932702", "19932703", "…"]);
    assert!(text.contains("… 50 more"));
}

#[test]
fn terminal_table_of_nothing() {
    let text =
        BlockTable::new(10, RowOrder::Input).render(&Tally::default().summary(run(), Completion::Complete));
    insta::assert_snapshot!(text);
}

#[test]
fn page() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = ReportWriter::create(dir.path()).unwrap();
    let records = records();
    records.iter().for_each(|record| writer.append(record).unwrap());
    let report = writer.finish(&summary(&records)).unwrap();
    let page = std::fs::read_to_string(report.page()).unwrap();
    // Style and script are files of their own.
    let page = without(&without(&page, "<style>", "</style>"), "<script>", "</script>");
    insta::assert_snapshot!(page.replace("><", ">\n<"));
}

fn without(text: &str, from: &str, to: &str) -> String {
    let start = text.find(from).unwrap() + from.len();
    let end = start + text[start..].find(to).unwrap();
    format!("{}…{}", &text[..start], &text[end..])
}
