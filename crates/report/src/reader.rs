//! Reading `blocks.jsonl` back, record by record.

use crate::{BlockRecord, ReportDir, ReportError};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

/// The longest line that is read. A record of a full block has some hundred conflicts of 200 bytes each.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Reads the records of a report, in order, one at a time.
///
/// A kill may leave an incomplete last line. It is not an error: the records end before it, and
/// [`RecordReader::incomplete`] tells about it. A line that is complete and no record is an error wherever it is.
#[derive(Debug)]
pub struct RecordReader {
    path: PathBuf,
    input: BufReader<File>,
    line: u64,
    offset_bytes: u64,
    incomplete: Option<IncompleteLine>,
    ended: bool,
}

/// One record and the line it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordLine {
    /// Number of the line, from 1.
    pub line: u64,
    /// The line as it stands in the file, without the line feed. It may have keys the record does not know.
    pub text: String,
    /// The record.
    pub record: BlockRecord,
}

/// A last line that was cut off while it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompleteLine {
    /// The file.
    pub path: PathBuf,
    /// Number of the line, from 1.
    pub line: u64,
    /// Where the line begins.
    pub offset_bytes: u64,
    /// How much of it is there.
    pub len_bytes: u64,
}

impl std::fmt::Display for IncompleteLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}: the last line is incomplete ({} bytes); its block is not in the report",
            self.path.display(),
            self.line,
            self.len_bytes
        )
    }
}

impl RecordReader {
    /// Opens the records of a report directory.
    ///
    /// # Errors
    /// [`ReportError::NotAReport`] if there is no `blocks.jsonl`; [`ReportError::Io`].
    pub fn open(dir: &ReportDir) -> Result<Self, ReportError> {
        let path = dir.blocks();
        let file = File::open(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ReportError::NotAReport { path: dir.path().to_owned() },
            _ => ReportError::Io { path: path.clone(), action: "open", source },
        })?;
        Ok(Self {
            path,
            input: BufReader::new(file),
            line: 0,
            offset_bytes: 0,
            incomplete: None,
            ended: false,
        })
    }

    /// The file that is read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The incomplete last line, if there was one; known after the last record.
    pub fn incomplete(&self) -> Option<&IncompleteLine> {
        self.incomplete.as_ref()
    }

    fn read_line(&mut self) -> Result<Option<RecordLine>, ReportError> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let len = (&mut self.input)
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', &mut bytes)
                .map_err(ReportError::io(&self.path, "read"))? as u64;
            if len == 0 {
                return Ok(None);
            }
            self.line += 1;
            let offset_bytes = self.offset_bytes;
            self.offset_bytes += len;
            let ended = bytes.ends_with(b"\n");
            if !ended && len == LINE_BYTES_MAX {
                let path = self.path.clone();
                return Err(ReportError::LineTooLong { path, line: self.line, limit_bytes: LINE_BYTES_MAX });
            }
            if bytes.trim_ascii().is_empty() && ended {
                continue;
            }
            return match parse(&bytes) {
                Ok((text, record)) => Ok(Some(RecordLine { line: self.line, text, record })),
                Err(_) if !ended => {
                    let path = self.path.clone();
                    self.incomplete =
                        Some(IncompleteLine { path, line: self.line, offset_bytes, len_bytes: len });
                    Ok(None)
                }
                Err(source) => Err(ReportError::Line { path: self.path.clone(), line: self.line, source }),
            };
        }
    }
}

fn parse(line: &[u8]) -> Result<(String, BlockRecord), serde_json::Error> {
    let line = line.trim_ascii();
    let record = serde_json::from_slice(line)?;
    // JSON that serde_json accepts is UTF-8.
    Ok((String::from_utf8_lossy(line).into_owned(), record))
}

impl Iterator for RecordReader {
    type Item = Result<RecordLine, ReportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read_line().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
