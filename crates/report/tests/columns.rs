//! `blocks.parquet`: its schema, and that a reader finds what the records have.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use ::parquet::{
    file::reader::SerializedFileReader,
    record::{Field, Row},
};
use alloy_primitives::B256;
use common::*;
use serde_json::Value;
use std::fs::File;
use tandem_report::*;

fn rows_of(records: &[BlockRecord]) -> Vec<Row> {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = ReportWriter::create(dir.path()).unwrap();
    records.iter().for_each(|record| writer.append(record).unwrap());
    parquet::write(writer.dir()).unwrap();
    let reader = SerializedFileReader::new(File::open(writer.dir().parquet()).unwrap()).unwrap();
    reader.into_iter().map(Result::unwrap).collect()
}

/// A row as JSON, with text and numbers as a record has them.
fn json_of(row: &Row) -> Value {
    row.get_column_iter().map(|(name, field)| (name.clone(), value_of(field))).collect()
}

fn value_of(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => (*flag).into(),
        Field::ULong(number) => (*number).into(),
        Field::Double(number) => (*number).into(),
        Field::Str(text) => text.as_str().into(),
        Field::Group(row) => json_of(row),
        Field::ListInternal(list) => list.elements().iter().map(value_of).collect(),
        other => panic!("no column has {other:?}"),
    }
}

#[test]
fn schema() {
    insta::assert_snapshot!(parquet::schema());
}

#[test]
fn rows_have_the_values_of_the_records() {
    let mut many = diverged();
    many.conflicts.extend([
        Conflict { kind: ConflictKind::Other, slot: None, count: u64::MAX, ..many.conflicts[0] },
        Conflict { slot: Some(B256::ZERO), ..many.conflicts[0] },
    ]);
    let records = [example(), many, inconclusive()];
    let rows = rows_of(&records);
    assert_eq!(rows.len(), records.len());
    for (row, record) in rows.iter().zip(&records) {
        let row = json_of(row);
        let json: Value = serde_json::from_str(&json::line(record)).unwrap();
        for key in
            ["number", "hash", "source", "fork", "gas_used", "strategy", "verdict", "speedup", "parallel_us"]
        {
            assert_eq!(row[key], json[key], "{key}");
        }
        assert_eq!(row["conflicts"], json["conflicts"]);
        assert_eq!(row["checks_bundle"], json["checks"]["bundle"]);
        assert_eq!(row["state_root_header"], json["state_root"]["header"]);
        assert_eq!(row["divergence_tx"], json["divergence"]["tx"]);
        assert_eq!(row["divergence_evidence"], json["divergence"]["evidence"]);
        assert_eq!(row["final"], true);
    }
    assert_eq!(json_of(&rows[2])["reason"], "the pre-state lacks an account <b>");
}

#[test]
fn records_that_do_not_count_are_told_apart() {
    let one = matched(1, 4_000);
    let left = BlockRecord { reverted: true, ..one.clone() };
    let rows = rows_of(&[one, left, matched(2, 4_000)]);
    let finals: Vec<_> = rows.iter().map(|row| json_of(row)["final"].clone()).collect();
    assert_eq!(finals, [false, false, true]);
}

#[test]
fn no_records_make_a_file_without_rows() {
    assert!(rows_of(&[]).is_empty());
}

#[test]
fn every_column_is_documented() {
    let page = include_str!("../../../docs/parquet.md");
    for line in parquet::schema().lines().filter(|line| line.ends_with(';')) {
        let name = line.split_whitespace().nth(2).unwrap().trim_end_matches(';');
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/parquet.md");
    }
}
