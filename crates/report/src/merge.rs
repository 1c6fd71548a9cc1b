//! Making one report of several.

use crate::{
    Completion, Gap, IncompleteLine, Part, RecordReader, ReportDir, ReportError, ReportWriter, RunInfo,
    Summary,
    dir::is_evidence_name,
    gaps::{self, Coverage},
    parquet,
};
use std::{
    collections::BTreeSet,
    fs, io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

mod seen;

pub use seen::Overlap;
use seen::{Place, Seen, SeenRecords};

/// A merged report.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The report that was written.
    pub dir: ReportDir,
    /// Its totals.
    pub summary: Summary,
    /// What was read.
    pub inputs: Vec<MergeInput>,
    /// Which of them told of the same blocks.
    pub overlaps: Vec<Overlap>,
}

/// What is asked of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Numbers of blocks that must each have a record.
    pub blocks: Option<RangeInclusive<u64>>,
    /// Whether to write the records as columns too.
    pub parquet: parquet::Output,
}

/// One directory that was merged.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeInput {
    /// The directory.
    pub path: PathBuf,
    /// Its complete records.
    pub records: u64,
    /// Those that were there already, equal to the byte.
    pub duplicates: u64,
    /// Those of blocks that an earlier directory found the same about, though it took other times.
    pub overlapping: u64,
    /// The incomplete last line, if there is one.
    pub incomplete: Option<IncompleteLine>,
    /// Its totals; none if the run that wrote it was killed.
    pub summary: Option<Summary>,
}

/// Merges report directories into `out`, and writes its summary and page.
///
/// Records stay in the order of the directories and of their lines. A record equal to an earlier one is left out, so
/// merging again, or the same directory twice, changes nothing; so is one that found the same about a block and took
/// another time. Evidence is copied. `out` may be one of the inputs; it is replaced only once everything is read. The
/// merged report is partial if an input is, or has no summary. Its summary names the gaps: parts of a run that no
/// directory has, numbers missing inside a chain or among those wanted, and records that a file has lost.
///
/// # Errors
/// [`ReportError::Contradiction`] if two records find different things about one block of one source, unless one is
/// marked repeated or reverted; [`ReportError::EvidenceDiffers`]; what reading and writing reports may return.
pub fn merge(dirs: &[PathBuf], out: impl Into<PathBuf>, wanted: &Wanted) -> Result<Merged, ReportError> {
    let out = ReportDir::new(out);
    // Nothing is created for inputs that are not there.
    dirs.iter().try_for_each(|dir| RecordReader::open(&ReportDir::new(dir)).map(drop))?;
    let staging = ReportDir::new(out.path().join(".merge"));
    // A killed merge may have left one.
    remove_staging(&staging)?;
    let mut writer = ReportWriter::create(staging.path())?;
    let (mut seen, mut coverage) = (SeenRecords::default(), Coverage::default());
    let merged: Result<Vec<MergeInput>, ReportError> = dirs
        .iter()
        .map(|dir| read_into(&ReportDir::new(dir), &mut seen, &mut coverage, &mut writer))
        .collect();
    let overlaps = seen.into_overlaps();
    let written = merged.and_then(|inputs| {
        let gaps = coverage.gaps(wanted.blocks.clone());
        let summary = merged_summary(&inputs, gaps, &mut writer)?;
        if wanted.parquet == parquet::Output::Written {
            parquet::write(&staging)?;
        }
        writer.finish(&summary)?;
        move_into(&staging, &out)?;
        Ok((inputs, summary))
    });
    // What is left of the staging directory is of no use, whether merging succeeded or not.
    let removed = remove_staging(&staging);
    let (inputs, summary) = written?;
    removed?;
    Ok(Merged { dir: out, summary, inputs, overlaps })
}

fn remove_staging(staging: &ReportDir) -> Result<(), ReportError> {
    match fs::remove_dir_all(staging.path()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ReportError::io(staging.path(), "remove")(error))
        }
        _ => Ok(()),
    }
}

fn read_into(
    dir: &ReportDir,
    seen: &mut SeenRecords,
    coverage: &mut Coverage,
    writer: &mut ReportWriter,
) -> Result<MergeInput, ReportError> {
    let mut reader = RecordReader::open(dir)?;
    let mut input = MergeInput {
        path: dir.path().to_owned(),
        records: 0,
        duplicates: 0,
        overlapping: 0,
        incomplete: None,
        summary: read_summary(&dir.summary())?,
    };
    let file = seen.add_file(reader.path());
    for line in reader.by_ref() {
        let line = line?;
        input.records += 1;
        match seen.insert(&line.record, &line.text, Place { file, line: line.line })? {
            Seen::First => {}
            Seen::Before => {
                input.duplicates += 1;
                continue;
            }
            Seen::Alike => {
                input.overlapping += 1;
                continue;
            }
        }
        coverage.add(&line.record);
        writer.append_line(&line.text, &line.record)?;
        let evidence = line.record.divergence.and_then(|divergence| divergence.evidence);
        if let Some(name) = evidence.filter(|name| is_evidence_name(name)) {
            copy_evidence(&dir.path().join(&name), &writer.dir().path().join(&name))?;
        }
    }
    input.incomplete = reader.incomplete().cloned();
    Ok(input)
}

fn read_summary(path: &Path) -> Result<Option<Summary>, ReportError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| ReportError::Summary { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ReportError::io(path, "read")(error)),
    }
}

/// Copies a file, unless it is there already. Evidence that its own report lost is not missed here.
fn copy_evidence(from: &Path, to: &Path) -> Result<(), ReportError> {
    if !from.exists() {
        return Ok(());
    }
    let content = fs::read(from).map_err(ReportError::io(from, "read"))?;
    if to.exists() {
        let earlier = fs::read(to).map_err(ReportError::io(to, "read"))?;
        if earlier != content {
            return Err(ReportError::EvidenceDiffers { first: to.to_owned(), second: from.to_owned() });
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(ReportError::io(parent, "create"))?;
    }
    fs::write(to, content).map_err(ReportError::io(to, "write"))
}

/// Moves the finished report over what is there.
fn move_into(staging: &ReportDir, out: &ReportDir) -> Result<(), ReportError> {
    let evidence = out.evidence();
    if evidence.exists() {
        fs::remove_dir_all(&evidence).map_err(ReportError::io(&evidence, "replace"))?;
    }
    for (from, to) in [
        (staging.evidence(), evidence),
        (staging.blocks(), out.blocks()),
        (staging.summary(), out.summary()),
        (staging.page(), out.page()),
    ] {
        fs::rename(&from, &to).map_err(ReportError::io(to, "replace"))?;
    }
    // Columns that are there would be those of other records.
    let (from, to) = (staging.parquet(), out.parquet());
    if from.exists() {
        return fs::rename(&from, &to).map_err(ReportError::io(to, "replace"));
    }
    match fs::remove_file(&to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ReportError::io(to, "remove")(error)),
        _ => Ok(()),
    }
}

/// Sums up what was read, once the writer has it all.
fn merged_summary(
    inputs: &[MergeInput],
    block_gaps: Vec<Gap>,
    writer: &mut ReportWriter,
) -> Result<Summary, ReportError> {
    let summaries: Vec<&Summary> = inputs.iter().filter_map(|input| input.summary.as_ref()).collect();
    let complete = inputs.iter().all(|input| {
        input.incomplete.is_none() && input.summary.as_ref().is_some_and(|summary| !summary.partial)
    });
    let completion = if complete { Completion::Complete } else { Completion::Partial };
    let input_errors: BTreeSet<_> =
        summaries.iter().flat_map(|summary| summary.input_errors.clone()).collect();
    let not_run: BTreeSet<_> = summaries.iter().flat_map(|summary| summary.not_run.clone()).collect();
    let parts: BTreeSet<Part> = summaries.iter().flat_map(|summary| summary.parts.clone()).collect();
    // What explains the most comes first: lists of gaps are cut at their end.
    let mut gaps = gaps::missing_parts(&parts);
    gaps.extend(lost_records(inputs));
    gaps.extend(block_gaps);
    let mut summary = writer
        .settle()?
        .summary(common_run(&summaries), completion)
        .with_input_errors(input_errors)
        .with_not_run(not_run);
    (summary.parts, summary.gaps) = (parts, gaps::bounded(gaps));
    Ok(summary)
}

/// Names files that have fewer records than when their summaries were written, now or at an earlier merge.
fn lost_records(inputs: &[MergeInput]) -> BTreeSet<Gap> {
    let lost = inputs.iter().filter_map(|input| {
        let expected = input.summary.as_ref()?.records;
        let file = ReportDir::new(&input.path).blocks().display().to_string();
        (expected > input.records).then_some(Gap::Records { file, expected, found: input.records })
    });
    let earlier = inputs.iter().filter_map(|input| input.summary.as_ref());
    let earlier = earlier.flat_map(|summary| summary.gaps.clone());
    lost.chain(earlier.filter(|gap| matches!(gap, Gap::Records { .. }))).collect()
}

/// What all runs have in common.
fn common_run(summaries: &[&Summary]) -> RunInfo {
    fn common<T: Clone + PartialEq>(
        summaries: &[&Summary],
        field: impl Fn(&RunInfo) -> &Option<T>,
    ) -> Option<T> {
        let (first, others) = summaries.split_first()?;
        let first = field(&first.run);
        others.iter().all(|summary| field(&summary.run) == first).then(|| first.clone())?
    }
    RunInfo {
        threads: common(summaries, |run| &run.threads),
        seed: common(summaries, |run| &run.seed),
        version: common(summaries, |run| &run.version),
        commit: common(summaries, |run| &run.commit),
        machine: common(summaries, |run| &run.machine),
        command: common(summaries, |run| &run.command),
        started: common(summaries, |run| &run.started),
    }
}
