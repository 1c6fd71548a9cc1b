//! `tandem report`: merges report directories and renders them again.

use std::{ops::RangeInclusive, path::PathBuf};

use clap::Args;
use eyre::Result;
use tandem_report::{BlockTable, Merged, RecordReader, ReportDir, RowOrder, Wanted, merge, parquet};

use crate::{cli::Display, exit::Exit, terminal};

/// Blocks that the table shows.
const TABLE_ROWS_MAX: usize = 24;
/// Gaps that are printed; `summary.json` has more.
const GAPS_MAX: usize = 20;

const AFTER_HELP: &str = "\
Records that are equal count once, and so do records of one block that found the same in another run; evidence is
copied, and merging again changes nothing. The table shows the worst blocks. Named after it are
  gaps      parts I/N of a run that no directory has, numbers missing inside a chain or in --blocks, records that a
            file has lost since its summary was written
  overlaps  blocks that several directories have; what was found first counts
Directories that contradict each other about a block are an error, and nothing is written.

The exit status is that of the runs together: 1 if a block diverged, 2 if an input could not be used, 3 if there are
gaps, an interrupted run, or blocks that could not be checked.";

/// Merges report directories and renders them again
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Report {
    /// Report directories, as `tandem replay --report-dir` writes them
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Where to write the merged report; may be one of the directories
    #[arg(long, value_name = "OUT")]
    report_dir: PathBuf,
    /// Numbers of blocks that must each have a record, A and B included
    #[arg(long, value_name = "A..B", value_parser = numbers)]
    blocks: Option<RangeInclusive<u64>>,
    /// Also write blocks.parquet
    #[arg(long)]
    parquet: bool,
}

impl Report {
    /// Runs the subcommand.
    pub(crate) fn run(&self, _: &Display) -> Result<Exit> {
        let parquet = if self.parquet { parquet::Output::Written } else { parquet::Output::None };
        let wanted = Wanted { blocks: self.blocks.clone(), parquet };
        let merged = merge(&self.dirs, &self.report_dir, &wanted)?;
        for input in &merged.inputs {
            if let Some(incomplete) = &input.incomplete {
                terminal::warning(&incomplete.to_string());
            }
            if input.summary.is_none() {
                terminal::warning(&format!("{}: no summary; its run was killed", input.path.display()));
            }
        }
        terminal::print(&table(&merged)?)?;
        terminal::print(&gaps_and_overlaps(&merged))?;
        terminal::note(&format!("report: {}", merged.dir.page().display()));
        Ok(exit(&merged))
    }
}

fn table(merged: &Merged) -> Result<String> {
    let mut table = BlockTable::new(TABLE_ROWS_MAX, RowOrder::WorstFirst);
    for line in RecordReader::open(&ReportDir::new(merged.dir.path()))? {
        table.add(&line?.record);
    }
    Ok(table.render(&merged.summary))
}

fn gaps_and_overlaps(merged: &Merged) -> String {
    let gaps = &merged.summary.gaps;
    let mut lines: Vec<String> = gaps.iter().take(GAPS_MAX).map(|gap| format!("gap: {gap}\n")).collect();
    if gaps.len() > GAPS_MAX {
        lines.push(format!("gap: {} more in summary.json\n", gaps.len() - GAPS_MAX));
    }
    lines.extend(merged.overlaps.iter().map(|overlap| format!("overlap: {overlap}\n")));
    lines.concat()
}

fn exit(merged: &Merged) -> Exit {
    let summary = &merged.summary;
    if summary.diverged > 0 {
        Exit::Diverged
    } else if !summary.input_errors.is_empty() {
        Exit::Unusable
    } else if summary.partial || summary.inconclusive > 0 || !summary.gaps.is_empty() {
        Exit::Inconclusive
    } else {
        Exit::Matched
    }
}

fn numbers(text: &str) -> Result<RangeInclusive<u64>, String> {
    let parsed = text.split_once("..").and_then(|(first, last)| {
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last).then_some(first..=last)
    });
    parsed.ok_or_else(|| "expected A..B with two numbers, the second not less than the first".to_owned())
}
