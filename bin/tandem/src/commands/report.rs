//! `tandem report`: merges report directories and renders them again.

use std::path::PathBuf;

use clap::Args;
use eyre::Result;
use tandem_report::{BlockTable, Merged, RecordReader, ReportDir, RowOrder, merge};

use crate::{cli::Display, exit::Exit, terminal};

/// Blocks that the table shows.
const TABLE_ROWS_MAX: usize = 24;

/// Merges report directories and renders them again
///
/// Records that are equal count once, evidence is copied, and the merged report is partial if one of its parts is.
/// The table shows the worst blocks. The exit status is 0 if the report is written, whatever it says.
#[derive(Args, Debug)]
pub(crate) struct Report {
    /// Report directories, as `tandem replay --report-dir` writes them
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Where to write the merged report; may be one of the directories
    #[arg(long, value_name = "OUT")]
    report_dir: PathBuf,
}

impl Report {
    /// Runs the subcommand.
    pub(crate) fn run(&self, _: &Display) -> Result<Exit> {
        let merged = merge(&self.dirs, &self.report_dir)?;
        for input in &merged.inputs {
            if let Some(incomplete) = &input.incomplete {
                terminal::warning(&incomplete.to_string());
            }
            if input.summary.is_none() {
                terminal::warning(&format!("{}: no summary; its run was killed", input.path.display()));
            }
        }
        terminal::print(&table(&merged)?)?;
        terminal::note(&format!("report: {}", merged.dir.page().display()));
        Ok(Exit::Matched)
    }
}

fn table(merged: &Merged) -> Result<String> {
    let mut table = BlockTable::new(TABLE_ROWS_MAX, RowOrder::WorstFirst);
    for line in RecordReader::open(&ReportDir::new(merged.dir.path()))? {
        table.add(&line?.record);
    }
    Ok(table.render(&merged.summary))
}
