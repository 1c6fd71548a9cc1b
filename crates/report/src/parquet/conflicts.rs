//! The conflicts of a record: a list, whose fields are columns with levels.
//!
//! A list's elements repeat their row (repetition level 1) but for the first (0). A definition level says how much of
//! the path to a value is there: 0 for a list without elements, 1 for an element, 2 for a slot that is not null.

use super::{
    Row,
    columns::word,
    write::{bytes, next, repetitions},
};
use crate::Conflict;
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::writer::SerializedRowGroupWriter,
};
use std::fs::File;

/// The list in Parquet's notation.
pub(super) const NOTATION: &str = "  REQUIRED GROUP conflicts (LIST) {
    REPEATED GROUP list {
      REQUIRED GROUP element {
        REQUIRED BYTE_ARRAY kind (UTF8);
        REQUIRED BYTE_ARRAY address (UTF8);
        OPTIONAL BYTE_ARRAY slot (UTF8);
        REQUIRED INT64 count (INTEGER(64,false));
      }
    }
  }
";

/// Writes the four columns of the list.
pub(super) fn write(
    rows: &[Row],
    group: &mut SerializedRowGroupWriter<'_, File>,
) -> Result<(), ParquetError> {
    let repeated: Vec<i16> = rows.iter().flat_map(|row| repetitions(row.record.conflicts.len())).collect();
    let there: Vec<i16> = levels(rows, |_| 1);
    let known: Vec<i16> = levels(rows, |conflict| if conflict.slot.is_some() { 2 } else { 1 });
    let conflicts = || rows.iter().flat_map(|row| &row.record.conflicts);
    let kinds: Vec<ByteArray> = conflicts().map(|conflict| bytes(&word(&conflict.kind))).collect();
    let addresses: Vec<ByteArray> =
        conflicts().map(|conflict| bytes(&conflict.address.to_string().to_lowercase())).collect();
    let slots: Vec<ByteArray> =
        conflicts().filter_map(|conflict| Some(bytes(&conflict.slot?.to_string()))).collect();
    let counts: Vec<i64> = conflicts().map(|conflict| conflict.count as i64).collect();
    next::<ByteArrayType>(&kinds, Some(&there), Some(&repeated), group)?;
    next::<ByteArrayType>(&addresses, Some(&there), Some(&repeated), group)?;
    next::<ByteArrayType>(&slots, Some(&known), Some(&repeated), group)?;
    next::<Int64Type>(&counts, Some(&there), Some(&repeated), group)
}

/// Returns a definition level for each element, and 0 for each row without any.
fn levels(rows: &[Row], level: impl Fn(&Conflict) -> i16) -> Vec<i16> {
    let row = |row: &Row| match row.record.conflicts.as_slice() {
        [] => vec![0],
        conflicts => conflicts.iter().map(&level).collect(),
    };
    rows.iter().flat_map(row).collect()
}
