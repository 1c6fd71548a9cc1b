//! What the page may not do, and that its size has a bound.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::*;
use tandem_report::*;

fn page_of(records: impl IntoIterator<Item = BlockRecord>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = ReportWriter::create(dir.path()).unwrap();
    records.into_iter().for_each(|record| writer.append(&record).unwrap());
    let summary = writer.tally().summary(run(), Completion::Complete);
    let report = writer.finish(&summary).unwrap();
    std::fs::read_to_string(report.page()).unwrap()
}

#[test]
fn names_are_escaped_everywhere() {
    let evil = "</script><img src=x onerror=alert(1)>\"'";
    let mut record = diverged();
    record.source = evil.to_owned();
    record.fork = evil.to_owned();
    let divergence = record.divergence.as_mut().unwrap();
    divergence.what = evil.to_owned();
    divergence.sequential = evil.to_owned();
    divergence.evidence = Some(format!("evidence/{evil}"));
    let other = BlockRecord { verdict: Verdict::Inconclusive { reason: evil.to_owned() }, ..record.clone() };
    let page = page_of([record, other]);
    assert!(!page.contains("<img"));
    assert_eq!(page.matches("</script>").count(), 2, "the points' and the page's own");
}

#[test]
fn evidence_outside_the_report_is_not_linked() {
    let mut record = diverged();
    record.divergence.as_mut().unwrap().evidence = Some("javascript:alert(1)".to_owned());
    assert!(!page_of([record]).contains("href=\"javascript"));
    assert!(page_of([diverged()]).contains("href=\"evidence/19932704%20%26%20more.json.zst\""));
}

#[test]
fn page_loads_nothing() {
    let page = page_of([example(), diverged()]);
    for forbidden in ["http://", "https://", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn page_has_a_bound() {
    let few = page_of((0..480).map(|n| matched(n, 3_000 + n)));
    let many = page_of((0..20_000).map(|n| matched(n, 3_000 + n % 5_000)));
    assert!(many.len() < few.len() * 3 / 2, "{} for 480 blocks, {} for 20,000", few.len(), many.len());
    assert!(many.contains("20,000"));
}

#[test]
fn page_of_no_records_opens() {
    let page = page_of([]);
    assert!(page.contains("No block was executed"));
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn page_of_untimed_records_opens() {
    let page = page_of([inconclusive()]);
    assert!(page.contains("could not be checked") && !page.contains("NaN"));
}

#[test]
fn page_of_absurd_numbers_opens() {
    let mut record = example();
    (record.txs, record.gas_used, record.attempts, record.reexecuted) =
        (u64::MAX, u64::MAX, u64::MAX, u64::MAX);
    (record.sequential_us, record.parallel_us) = (Some(u64::MAX), Some(1));
    record.critical_path_gas = Some(u64::MAX);
    record.conflicts[0].count = u64::MAX;
    let other = BlockRecord { sequential_us: Some(1), parallel_us: Some(u64::MAX), ..record.clone() };
    let page = page_of(std::iter::repeat_n(record, 700).chain([other]));
    assert!(!page.contains("NaN") && !page.contains("inf\""));
}
