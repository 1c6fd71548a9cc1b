//! Report directories that were cut off, went on, and were merged.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use alloy_primitives::{B256, U256};
use common::*;
use std::{fs, path::Path};
use tandem_report::*;

fn write(dir: &Path, records: &[BlockRecord], completion: Completion) -> Summary {
    let mut writer = ReportWriter::create(dir).unwrap();
    records.iter().for_each(|record| writer.append(record).unwrap());
    let summary = writer.tally().summary(run(), completion);
    writer.finish(&summary).unwrap();
    summary
}

fn numbers(dir: &Path) -> Vec<u64> {
    RecordReader::open(&ReportDir::new(dir)).unwrap().map(|line| line.unwrap().record.number).collect()
}

#[test]
fn records_are_complete_without_finish() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = ReportWriter::create(dir.path()).unwrap();
    writer.append(&matched(1, 4_000)).unwrap();
    writer.append(&matched(2, 4_000)).unwrap();
    // Not dropped: as if killed.
    std::mem::forget(writer);
    assert_eq!(numbers(dir.path()), [1, 2]);
}

#[test]
fn every_cut_of_the_last_line_is_read_and_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<_> = (1..=2).map(|number| json::line(&matched(number, 4_000)) + "\n").collect();
    let (first, second) = (&lines[0], &lines[1]);
    for cut in 0..=second.len() {
        let report = ReportDir::new(dir.path());
        fs::write(report.blocks(), format!("{first}{}", &second[..cut])).unwrap();
        let mut reader = RecordReader::open(&report).unwrap();
        let records = reader.by_ref().map(Result::unwrap).fold(0, |records, _| records + 1);
        let complete = cut + 1 >= second.len();
        assert_eq!(records, if complete { 2 } else { 1 }, "cut at {cut}");
        assert_eq!(reader.incomplete().is_some(), cut > 0 && !complete, "cut at {cut}");

        let (mut writer, resumed) = ReportWriter::resume(dir.path()).unwrap();
        assert_eq!(resumed.records as usize, records);
        assert_eq!(resumed.incomplete.is_some(), cut > 0 && !complete);
        assert_eq!(writer.tally().blocks() as usize, records);
        writer.append(&matched(3, 4_000)).unwrap();
        assert_eq!(numbers(dir.path()), if complete { vec![1, 2, 3] } else { vec![1, 3] }, "cut at {cut}");
    }
}

#[test]
fn incomplete_line_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let report = ReportDir::new(dir.path());
    fs::write(report.blocks(), json::line(&example()) + "\n{\"schema\":1,\"num").unwrap();
    let mut reader = RecordReader::open(&report).unwrap();
    assert_eq!(reader.by_ref().count(), 1);
    let told = reader.incomplete().unwrap().to_string();
    assert!(told.contains("blocks.jsonl:2: the last line is incomplete (16 bytes)"), "{told}");
}

#[test]
fn complete_line_that_is_no_record_is_an_error_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let report = ReportDir::new(dir.path());
    let good = json::line(&example());
    for (bad, expectation) in [
        ("{}", "missing field `schema`"),
        ("[", "invalid type: sequence"),
        (&good.replace("\"schema\":1", "\"schema\":2"), "got schema 2, expected 1"),
        (&good.replace("\"verdict\":\"match\"", "\"verdict\":\"fine\""), "unknown variant `fine`"),
    ] {
        fs::write(report.blocks(), format!("{good}\n{bad}\n{good}\n")).unwrap();
        let error = RecordReader::open(&report).unwrap().find_map(Result::err).unwrap().to_string();
        assert!(error.contains("blocks.jsonl:2:"), "{error}");
        assert!(error.contains(": expected a block record of schema 1, but: "), "{error}");
        assert!(error.contains(expectation), "{error}");
    }
}

#[test]
fn create_replaces_an_earlier_report() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    let writer = ReportWriter::create(dir.path()).unwrap();
    assert!(!writer.dir().summary().exists() && !writer.dir().page().exists());
    assert!(numbers(dir.path()).is_empty());
}

#[test]
fn merge_joins_shards_and_is_idempotent() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    write(&b, &[matched(2, 4_000), diverged()], Completion::Complete);
    fs::write(b.join("evidence/19932704 & more.json.zst"), "evidence").unwrap();

    let merged = merge(&[a.clone(), b.clone()], &out, &Wanted::default()).unwrap();
    assert_eq!(numbers(&out), [1, 2, 19_932_704]);
    assert_eq!(merged.inputs.iter().map(|input| input.duplicates).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((merged.summary.blocks, merged.summary.diverged, merged.summary.partial), (3, 1, false));
    assert_eq!(merged.summary.run, run());
    assert_eq!(fs::read(out.join("evidence/19932704 & more.json.zst")).unwrap(), b"evidence");

    // What a killed merge leaves does not matter.
    fs::create_dir_all(out.join(".merge/evidence")).unwrap();
    fs::write(out.join(".merge/evidence/19932704 & more.json.zst"), "other").unwrap();
    let files = ["blocks.jsonl", "summary.json", "report.html"];
    let before = files.map(|file| fs::read(out.join(file)).unwrap());
    merge(&[out.clone(), a, b, out.clone()], &out, &Wanted::default()).unwrap();
    assert_eq!(before, files.map(|file| fs::read(out.join(file)).unwrap()));
    assert_eq!(fs::read(out.join("evidence/19932704 & more.json.zst")).unwrap(), b"evidence");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "no staging directory is left");
}

#[test]
fn merge_keeps_a_record_that_one_report_has_twice() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    let merged = merge(&[a.clone(), a], &out, &Wanted::default()).unwrap();
    assert_eq!(numbers(&out), [1, 1, 2]);
    assert_eq!(merged.summary.blocks, 3);
}

#[test]
fn merge_keeps_keys_it_does_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    write(&a, &[], Completion::Complete);
    let line = json::line(&example()).replacen('{', "{\"later\":true,", 1);
    fs::write(a.join("blocks.jsonl"), format!("{line}\n")).unwrap();
    merge(&[a], &out, &Wanted::default()).unwrap();
    assert_eq!(fs::read_to_string(out.join("blocks.jsonl")).unwrap(), format!("{line}\n"));
}

#[test]
fn merge_refuses_records_that_contradict_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    write(&b, &[BlockRecord { gas_used: 1, ..matched(2, 4_001) }], Completion::Complete);
    write(&out, &[matched(9, 4_000)], Completion::Complete);
    let error = merge(&[a, b], &out, &Wanted::default()).unwrap_err().to_string();
    assert!(error.contains("b/blocks.jsonl:1: expected the record of block 2"), "{error}");
    assert!(error.contains("a/blocks.jsonl:2, but they differ"), "{error}");
    assert_eq!(numbers(&out), [9], "what was there stays");
    assert!(!out.join(".merge").exists());
}

#[test]
fn merge_accepts_a_repeated_record() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000)], Completion::Complete);
    write(&b, &[BlockRecord { repeated: true, ..matched(1, 4_500) }], Completion::Complete);
    let summary = merge(&[a, b], &out, &Wanted::default()).unwrap().summary;
    assert_eq!((summary.blocks, summary.repeated), (1, 1));
}

#[test]
fn merge_of_a_killed_run_is_partial() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000)], Completion::Complete);
    fs::remove_file(a.join("summary.json")).unwrap();
    let text = fs::read_to_string(a.join("blocks.jsonl")).unwrap();
    fs::write(a.join("blocks.jsonl"), text + "{\"sch").unwrap();
    let merged = merge(&[a], &out, &Wanted::default()).unwrap();
    assert!(merged.summary.partial);
    assert_eq!(merged.inputs[0].incomplete.as_ref().unwrap().line, 2);
    assert_eq!(numbers(&out), [1]);
}

#[test]
fn merge_names_a_directory_without_records() {
    let dir = tempfile::tempdir().unwrap();
    let error = merge(&[dir.path().join("nowhere")], dir.path().join("out"), &Wanted::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("nowhere: expected a report directory, with a file blocks.jsonl"), "{error}");
    assert!(!dir.path().join("out").exists());
}

/// Writes records as a host's, whose chain may change.
fn settled(records: &[BlockRecord]) -> Summary {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = ReportWriter::create(dir.path()).unwrap();
    records.iter().for_each(|record| writer.append(record).unwrap());
    writer.settle().unwrap().summary(run(), Completion::Complete)
}

fn repeated(record: BlockRecord) -> BlockRecord {
    BlockRecord { repeated: true, ..record }
}

fn reverted(record: BlockRecord) -> BlockRecord {
    BlockRecord { reverted: true, ..record }
}

#[test]
fn totals_count_final_records_only() {
    let one = matched(1, 4_000);
    let other = BlockRecord { hash: ROOT, ..matched(1, 4_000) };
    for (records, blocks) in [
        (vec![one.clone(), repeated(one.clone())], 1),
        // The first of the two was lost.
        (vec![repeated(one.clone())], 1),
        (vec![one.clone(), reverted(one.clone())], 0),
        (vec![one.clone(), reverted(one.clone()), other], 1),
        (vec![one.clone(), reverted(one.clone()), one.clone()], 1),
        (vec![one.clone(), reverted(one.clone()), repeated(one.clone())], 1),
        (vec![one.clone(), repeated(one.clone()), reverted(one.clone()), reverted(one.clone())], 0),
        (vec![reverted(one.clone()), one.clone()], 1),
        // A run that executes a block twice marks nothing.
        (vec![one.clone(), one.clone()], 2),
    ] {
        let summary = settled(&records);
        assert_eq!((summary.blocks, summary.matched), (blocks, blocks), "{records:#?}");
        assert_eq!(summary.txs, blocks * one.txs);
        assert_eq!(summary.records, records.len() as u64);
    }
}

#[test]
fn divergence_of_a_block_that_left_or_was_checked_again_still_counts() {
    let wrong = diverged();
    let right = BlockRecord { verdict: Verdict::Match, divergence: None, ..wrong.clone() };
    for records in [
        vec![wrong.clone(), reverted(wrong.clone())],
        vec![wrong.clone(), repeated(right.clone())],
        vec![right, repeated(wrong)],
    ] {
        let summary = settled(&records);
        assert_eq!((summary.blocks, summary.diverged), (1, 1), "{records:#?}");
    }
}

#[test]
fn merged_totals_count_final_records_only() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    write(&b, &[reverted(matched(2, 4_000)), repeated(matched(1, 4_100))], Completion::Complete);
    let summary = merge(&[a, b], &out, &Wanted::default()).unwrap().summary;
    assert_eq!((summary.blocks, summary.repeated, summary.reverted), (1, 1, 1));
    assert_eq!(summary.parallel_us, 4_000);
}

fn chained(number: u64) -> BlockRecord {
    BlockRecord {
        hash: B256::from(U256::from(number)),
        parent: B256::from(U256::from(number - 1)),
        source: format!("chain.rlp: offset {}", number * 100),
        ..matched(number, 4_000)
    }
}

#[test]
fn gaps_inside_a_chain_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    // Separate blocks have numbers between them on purpose.
    write(&a, &[chained(3), chained(4), matched(900, 4_000), matched(950, 4_000)], Completion::Complete);
    write(&b, &[chained(8), chained(9), chained(11)], Completion::Complete);
    let gap = |first, last| Gap::Blocks { source: "chain.rlp".to_owned(), first, last };
    let merged = merge(&[a.clone(), b.clone()], &out, &Wanted::default()).unwrap();
    assert_eq!(merged.summary.gaps, [gap(5, 7), gap(10, 10)]);
    assert!(merged.summary.gaps[0].to_string().starts_with("blocks 5 to 7 have no record"));
    let page = fs::read_to_string(merged.dir.page()).unwrap();
    assert!(page.contains("blocks 5 to 7 have no record") && page.contains("2 gaps"));

    write(&b, &(5..=11).map(chained).collect::<Vec<_>>(), Completion::Complete);
    assert!(merge(&[a.clone(), b.clone()], &out, &Wanted::default()).unwrap().summary.gaps.is_empty());
    let wanted = Wanted { blocks: Some(1..=12), ..Wanted::default() };
    let gaps = merge(&[a, b], &out, &wanted).unwrap().summary.gaps;
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[test]
fn block_that_left_leaves_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    let records = [chained(1), chained(2), reverted(chained(2)), chained(3)];
    write(&a, &records, Completion::Complete);
    let gaps = merge(std::slice::from_ref(&a), &out, &Wanted::default()).unwrap().summary.gaps;
    assert_eq!(gaps, [Gap::Blocks { source: "chain.rlp".to_owned(), first: 2, last: 2 }]);
    write(&a, &[records.as_slice(), &[chained(2)]].concat(), Completion::Complete);
    assert!(merge(&[a], &out, &Wanted::default()).unwrap().summary.gaps.is_empty());
}

#[test]
fn missing_part_of_a_run_is_named_until_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    let part = |index| Some(Part { index, count: 2, blocks: Some(2) });
    for (dir, index) in [(&a, 0), (&b, 1)] {
        let mut writer = ReportWriter::create(dir).unwrap();
        writer.append(&matched(index + 1, 4_000)).unwrap();
        let summary = writer.tally().summary(run(), Completion::Complete).with_part(part(index));
        writer.finish(&summary).unwrap();
    }
    let merged = merge(&[a], &out, &Wanted::default()).unwrap();
    assert_eq!(merged.summary.gaps[0].to_string(), "part 1/2 of a run of 2 blocks is missing");
    // The merged report remembers which parts it has.
    let merged = merge(&[out.clone(), b], &out, &Wanted::default()).unwrap();
    assert!(merged.summary.gaps.is_empty() && merged.summary.parts.len() == 2);
}

#[test]
fn record_that_a_file_lost_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    let text = fs::read_to_string(a.join("blocks.jsonl")).unwrap();
    fs::write(a.join("blocks.jsonl"), text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let merged = merge(&[a], &out, &Wanted::default()).unwrap();
    let gap = merged.summary.gaps[0].to_string();
    assert!(gap.ends_with("has 1 records, had 2 when its summary was written"), "{gap}");
    // It stays known.
    assert_eq!(
        merge(std::slice::from_ref(&out), &out, &Wanted::default()).unwrap().summary.gaps,
        merged.summary.gaps
    );
}

#[test]
fn overlapping_reports_that_agree_count_once_and_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &(1..=4).map(|number| matched(number, 4_000)).collect::<Vec<_>>(), Completion::Complete);
    write(&b, &[matched(3, 4_000), matched(4, 4_500), matched(5, 4_000)], Completion::Complete);
    let merged = merge(&[a.clone(), b.clone()], &out, &Wanted::default()).unwrap();
    assert_eq!(numbers(&out), [1, 2, 3, 4, 5]);
    let input = &merged.inputs[1];
    assert_eq!((input.records, input.duplicates, input.overlapping), (3, 1, 1));
    let [overlap] = merged.overlaps.as_slice() else { panic!("{:?}", merged.overlaps) };
    assert_eq!((overlap.records, overlap.number_min, overlap.number_max), (2, 3, 4));
    let before = fs::read(out.join("summary.json")).unwrap();
    merge(&[out.clone(), a, b], &out, &Wanted::default()).unwrap();
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), before);
}
