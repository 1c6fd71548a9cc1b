//! The records as columns: `blocks.parquet`, for DuckDB, DataFusion and the like.
//!
//! The file is made of `blocks.jsonl` once that is complete, some thousand records at a time. It has the same fields under
//! the same names, nested ones joined by `_`, the conflicts as a list, and `final`: whether the record counts.
//! docs/parquet.md documents the schema.

use crate::{
    BlockRecord, RecordReader, ReportDir, ReportError,
    finality::{Finality, Marked},
};
use parquet::{
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use std::{fs::File, path::Path, sync::Arc};

mod columns;
mod conflicts;
mod write;

/// Whether records are written as columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// They are not.
    #[default]
    None,
    /// They are.
    Written,
}

/// A record and whether it counts: a row.
#[derive(Debug)]
struct Row {
    record: BlockRecord,
    finality: Finality,
}

/// Rows that are in memory at once: some 50 MB of usual records.
const GROUP_ROWS: usize = 1 << 14;

/// Writes a report's records as columns; a file that is there is replaced once the new one is complete.
///
/// # Errors
/// What reading records may return; [`ReportError::Parquet`], [`ReportError::Io`].
pub fn write(dir: &ReportDir) -> Result<(), ReportError> {
    let mut marked = Marked::default();
    for line in RecordReader::open(dir)? {
        marked.add(&line?.record);
    }
    let finals = marked.settle(dir)?;
    let rows = RecordReader::open(dir)?.map(|line| {
        let line = line?;
        Ok(Row { finality: finals.finality(&line), record: line.record })
    });
    let (path, temporary) = (dir.parquet(), dir.parquet().with_extension("tmp"));
    write_rows(rows, &temporary)?;
    std::fs::rename(&temporary, &path).map_err(ReportError::io(path, "write"))
}

fn write_rows(
    mut rows: impl Iterator<Item = Result<Row, ReportError>>,
    path: &Path,
) -> Result<(), ReportError> {
    let failed = |source: ParquetError| ReportError::Parquet { path: path.to_owned(), source };
    let file = File::create(path).map_err(ReportError::io(path, "create"))?;
    let schema = Arc::new(parse_message_type(&schema()).map_err(failed)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by("tandem".to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(failed)?;
    loop {
        let group: Vec<Row> = rows.by_ref().take(GROUP_ROWS).collect::<Result<_, _>>()?;
        if group.is_empty() {
            break;
        }
        write_group(&group, &mut writer).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

fn write_group(rows: &[Row], writer: &mut SerializedFileWriter<File>) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in columns::COLUMNS {
        write::column(rows, column, &mut group)?;
    }
    conflicts::write(rows, &mut group)?;
    group.close().map(drop)
}

/// Returns the schema in Parquet's notation, which the columns are written in the order of.
pub fn schema() -> String {
    let columns: String =
        columns::COLUMNS.iter().map(|column| format!("  {};\n", column.notation())).collect();
    format!("message block {{\n{columns}{}}}\n", conflicts::NOTATION)
}
