//! Writes one column of a group of rows.

use super::{
    Row,
    columns::{Column, Values},
};
use parquet::{
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::writer::SerializedRowGroupWriter,
};
use std::{fs::File, iter};

/// Writes the next column.
pub(super) fn column(
    rows: &[Row],
    column: &Column,
    group: &mut SerializedRowGroupWriter<'_, File>,
) -> Result<(), ParquetError> {
    // Unsigned numbers have the same bits.
    let count = |number: u64| number as i64;
    match column.values {
        Values::Count(value) => {
            levels::<Int64Type>(rows.iter().map(|row| Some(count(value(row)))), None, group)
        }
        Values::MaybeCount(value) => {
            levels::<Int64Type>(rows.iter().map(|row| value(row).map(count)), Some(1), group)
        }
        Values::MaybeRatio(value) => levels::<DoubleType>(rows.iter().map(value), Some(1), group),
        Values::Flag(value) => levels::<BoolType>(rows.iter().map(|row| Some(value(row))), None, group),
        Values::Text(value) => {
            levels::<ByteArrayType>(rows.iter().map(|row| Some(bytes(&value(row)))), None, group)
        }
        Values::MaybeText(value) => levels::<ByteArrayType>(
            rows.iter().map(|row| value(row).map(|text| bytes(&text))),
            Some(1),
            group,
        ),
    }
}

/// Writes values, and for a column that may be null at which of them there is one.
fn levels<T: DataType>(
    values: impl Iterator<Item = Option<T::T>>,
    level_max: Option<i16>,
    group: &mut SerializedRowGroupWriter<'_, File>,
) -> Result<(), ParquetError> {
    let mut present = Vec::new();
    let mut definitions = Vec::new();
    for value in values {
        definitions.push(if value.is_some() { 1 } else { 0 });
        present.extend(value);
    }
    next::<T>(&present, level_max.map(|_| definitions.as_slice()), None, group)
}

/// Writes the next column from values and levels.
pub(super) fn next<T: DataType>(
    values: &[T::T],
    definitions: Option<&[i16]>,
    repetitions: Option<&[i16]>,
    group: &mut SerializedRowGroupWriter<'_, File>,
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("the schema has fewer columns".to_owned()))?;
    column.typed::<T>().write_batch(values, definitions, repetitions)?;
    column.close()
}

pub(super) fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text)
}

/// Repeats a level for the elements of a list after the first.
pub(super) fn repetitions(len: usize) -> impl Iterator<Item = i16> {
    iter::once(0).chain(iter::repeat_n(1, len.saturating_sub(1)))
}
