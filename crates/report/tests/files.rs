//! Report directories that were cut off, went on, and were merged.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

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

    let merged = merge(&[a.clone(), b.clone()], &out).unwrap();
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
    merge(&[out.clone(), a, b, out.clone()], &out).unwrap();
    assert_eq!(before, files.map(|file| fs::read(out.join(file)).unwrap()));
    assert_eq!(fs::read(out.join("evidence/19932704 & more.json.zst")).unwrap(), b"evidence");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 4, "no staging directory is left");
}

#[test]
fn merge_keeps_a_record_that_one_report_has_twice() {
    let dir = tempfile::tempdir().unwrap();
    let [a, out] = ["a", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    let merged = merge(&[a.clone(), a], &out).unwrap();
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
    merge(&[a], &out).unwrap();
    assert_eq!(fs::read_to_string(out.join("blocks.jsonl")).unwrap(), format!("{line}\n"));
}

#[test]
fn merge_refuses_records_that_contradict_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b, out] = ["a", "b", "out"].map(|name| dir.path().join(name));
    write(&a, &[matched(1, 4_000), matched(2, 4_000)], Completion::Complete);
    write(&b, &[matched(2, 4_001)], Completion::Complete);
    write(&out, &[matched(9, 4_000)], Completion::Complete);
    let error = merge(&[a, b], &out).unwrap_err().to_string();
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
    let summary = merge(&[a, b], &out).unwrap().summary;
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
    let merged = merge(&[a], &out).unwrap();
    assert!(merged.summary.partial);
    assert_eq!(merged.inputs[0].incomplete.as_ref().unwrap().line, 2);
    assert_eq!(numbers(&out), [1]);
}

#[test]
fn merge_names_a_directory_without_records() {
    let dir = tempfile::tempdir().unwrap();
    let error = merge(&[dir.path().join("nowhere")], dir.path().join("out")).unwrap_err().to_string();
    assert!(error.contains("nowhere: expected a report directory, with a file blocks.jsonl"), "{error}");
    assert!(!dir.path().join("out").exists());
}
