//! Writing a report directory as a run goes.

use crate::{
    BlockRecord, IncompleteLine, RecordReader, ReportDir, ReportError, Summary, Tally, finality::Marked,
    html, json, overview::Overview,
};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// Appends records to a report directory, and finishes it with the summary and the page.
///
/// Each record is one line and one write, so a kill leaves complete records and at most one incomplete last line.
/// Dropping a writer without [`ReportWriter::finish`] leaves the records without summary and page.
#[derive(Debug)]
pub struct ReportWriter {
    dir: ReportDir,
    blocks_path: PathBuf,
    blocks: File,
    overview: Overview,
    marked: Marked,
}

/// What was found in a report directory that a writer went on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Complete records.
    pub records: u64,
    /// The incomplete last line, which was cut off.
    pub incomplete: Option<IncompleteLine>,
}

impl ReportWriter {
    /// Starts a report in a directory, which is created if need be.
    ///
    /// Records, summary and page that are already there are replaced; evidence stays.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn create(dir: impl Into<PathBuf>) -> Result<Self, ReportError> {
        let dir = ReportDir::new(dir);
        create_dirs(&dir)?;
        let blocks_path = dir.blocks();
        let blocks = File::create(&blocks_path).map_err(ReportError::io(&blocks_path, "create"))?;
        // They would tell of other blocks than the records do.
        remove(&dir.summary())?;
        remove(&dir.page())?;
        Ok(Self { dir, blocks_path, blocks, overview: Overview::default(), marked: Marked::default() })
    }

    /// Goes on with a report where a run stopped, or starts one.
    ///
    /// The records that are there count. An incomplete last line is cut off and returned.
    ///
    /// # Errors
    /// [`ReportError::Io`]; [`ReportError::Line`] if a complete line is no record.
    pub fn resume(dir: impl Into<PathBuf>) -> Result<(Self, Resumed), ReportError> {
        let dir = ReportDir::new(dir);
        if !dir.blocks().exists() {
            return Ok((Self::create(dir.path())?, Resumed::default()));
        }
        create_dirs(&dir)?;
        let (mut overview, mut marked) = (Overview::default(), Marked::default());
        let mut resumed = Resumed::default();
        let mut reader = RecordReader::open(&dir)?;
        for line in reader.by_ref() {
            let line = line?;
            overview.add(&line.record);
            marked.add(&line.record);
            resumed.records += 1;
        }
        resumed.incomplete = reader.incomplete().cloned();
        let blocks_path = dir.blocks();
        let blocks = open_after_last_record(&blocks_path, resumed.incomplete.as_ref())?;
        remove(&dir.summary())?;
        remove(&dir.page())?;
        Ok((Self { dir, blocks_path, blocks, overview, marked }, resumed))
    }

    /// Where the report is written.
    pub fn dir(&self) -> &ReportDir {
        &self.dir
    }

    /// The totals of all records so far.
    pub fn tally(&self) -> &Tally {
        self.overview.tally()
    }

    /// Appends a record; when this returns, the operating system has the whole line.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn append(&mut self, record: &BlockRecord) -> Result<(), ReportError> {
        self.append_line(&json::line(record), record)
    }

    /// Appends a record as the line it was read from, so that keys this version does not know survive.
    pub(crate) fn append_line(&mut self, line: &str, record: &BlockRecord) -> Result<(), ReportError> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.blocks.write_all(&bytes).map_err(ReportError::io(&self.blocks_path, "write"))?;
        self.overview.add(record);
        self.marked.add(record);
        Ok(())
    }

    /// Decides which records are final, and returns the totals of those.
    ///
    /// Where records are marked repeated or reverted, all are read again, because such a record changes what an earlier
    /// one means.
    ///
    /// # Errors
    /// What reading records may return.
    pub fn settle(&mut self) -> Result<&Tally, ReportError> {
        if !self.marked.is_empty() {
            let lines = self.marked.settle(&self.dir)?;
            let mut overview = Overview::default();
            for line in RecordReader::open(&self.dir)? {
                let line = line?;
                overview.add_as(&line.record, lines.finality(&line));
            }
            self.overview = overview;
        }
        Ok(self.overview.tally())
    }

    /// Writes `summary.json` and `report.html`, each complete or not at all; the page shows what [`Self::settle`] left.
    ///
    /// # Errors
    /// [`ReportError::Io`].
    pub fn finish(self, summary: &Summary) -> Result<ReportDir, ReportError> {
        self.blocks.sync_all().map_err(ReportError::io(&self.blocks_path, "flush"))?;
        write_atomically(&self.dir.summary(), json::summary(summary).as_bytes())?;
        write_atomically(&self.dir.page(), html::page(summary, &self.overview).as_bytes())?;
        Ok(self.dir)
    }
}

fn create_dirs(dir: &ReportDir) -> Result<(), ReportError> {
    let evidence = dir.evidence();
    fs::create_dir_all(&evidence).map_err(ReportError::io(&evidence, "create"))
}

fn remove(path: &Path) -> Result<(), ReportError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ReportError::io(path, "remove")(error))
        }
        _ => Ok(()),
    }
}

fn open_after_last_record(path: &Path, incomplete: Option<&IncompleteLine>) -> Result<File, ReportError> {
    let mut file =
        OpenOptions::new().read(true).append(true).open(path).map_err(ReportError::io(path, "open"))?;
    if let Some(incomplete) = incomplete {
        file.set_len(incomplete.offset_bytes).map_err(ReportError::io(path, "truncate"))?;
    }
    // A kill can fall between a record and its line feed.
    if !ends_with_line_feed(&mut file).map_err(ReportError::io(path, "read"))? {
        file.write_all(b"\n").map_err(ReportError::io(path, "write"))?;
    }
    Ok(file)
}

fn ends_with_line_feed(file: &mut File) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Writes a file under another name and renames it, so that it is never seen half written.
fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let temporary = path.with_extension("tmp");
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(ReportError::io(path, "write"))
}
