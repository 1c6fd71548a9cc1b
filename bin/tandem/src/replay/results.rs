//! Carries records to the report directory and to standard output as they come.

use std::path::PathBuf;

use eyre::Result;
use tandem_compare::{Evidence, Shrinking, evidence::Run};
use tandem_exex::Sink;
use tandem_report::{
    BlockRecord, BlockTable, Completion, InputError, NotRun, Part, ReportWriter, RowOrder, RunInfo, Summary,
    Tally, Verdict, json,
};

use super::{
    evidence,
    findings::{Findings, Flow},
    judged::Judged,
};
use crate::{
    args::Format, commands::replay::OnDivergence, exit::Exit, interrupt::Interrupt, progress::Progress,
    terminal,
};

/// Blocks that the table on standard output shows.
const TABLE_ROWS_MAX: usize = 64;

/// Where evidence goes if no report is asked for: a divergence may never happen again, so it is always kept.
pub(crate) const DEFAULT_DIR: &str = "tandem-report";

/// What is constant for a run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) format: Format,
    pub(crate) report_dir: Option<PathBuf>,
    pub(crate) on_divergence: OnDivergence,
    pub(crate) run: Run,
    pub(crate) opening: Opening,
}

/// What becomes of records that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// They are replaced.
    Fresh,
    /// They stay and count; records follow them.
    Resume,
}

/// The results of a run so far; holds no records but the rows of the table.
#[derive(Debug)]
pub(crate) struct Results {
    settings: Settings,
    interrupt: Interrupt,
    progress: Progress,
    tally: Tally,
    table: BlockTable,
    writer: Option<ReportWriter>,
    input_errors: Vec<InputError>,
    not_run: Vec<NotRun>,
    part: Option<Part>,
    shrinking: Shrinking,
    is_halted: bool,
    has_failed_to_write: bool,
}

impl Results {
    /// Starts a report, if one is asked for.
    pub(crate) fn open(settings: Settings, interrupt: Interrupt, progress: Progress) -> Result<Self> {
        let writer = match (&settings.report_dir, settings.opening) {
            (None, _) => None,
            (Some(dir), Opening::Fresh) => Some(ReportWriter::create(dir)?),
            (Some(dir), Opening::Resume) => Some(ReportWriter::resume(dir)?.0),
        };
        let tally = writer.as_ref().map_or_else(Tally::default, |writer| writer.tally().clone());
        let results = Self {
            settings,
            interrupt,
            progress,
            tally,
            table: BlockTable::new(TABLE_ROWS_MAX, RowOrder::Input),
            writer,
            input_errors: Vec::new(),
            not_run: Vec::new(),
            part: None,
            shrinking: evidence::SHRINKING,
            is_halted: false,
            has_failed_to_write: false,
        };
        if results.settings.format == Format::Json {
            terminal::print("{\"blocks\":[")?;
        }
        Ok(results)
    }

    /// Notes which part of a run this is.
    pub(crate) const fn set_part(&mut self, part: Option<Part>) {
        self.part = part;
    }

    /// Ends the run: writes summary and page, prints what is left, and says how the program ends.
    pub(crate) fn finish(mut self, run: RunInfo) -> Result<Exit> {
        self.progress.end();
        let is_partial = self.is_halted || self.interrupt.is_wanted();
        let completion = if is_partial { Completion::Partial } else { Completion::Complete };
        if let Some(writer) = &mut self.writer {
            self.tally = writer.settle()?.clone();
        }
        let summary = self
            .tally
            .summary(run, completion)
            .with_part(self.part)
            .with_input_errors(std::mem::take(&mut self.input_errors))
            .with_not_run(std::mem::take(&mut self.not_run));
        self.print_end(&summary)?;
        let exit = self.exit(&summary);
        if let Some(writer) = self.writer {
            let page = writer.finish(&summary)?.page();
            terminal::note(&format!("report: {}", page.display()));
        }
        Ok(exit)
    }

    fn exit(&self, summary: &Summary) -> Exit {
        if summary.diverged > 0 {
            Exit::Diverged
        } else if !summary.input_errors.is_empty() || self.has_failed_to_write {
            Exit::Unusable
        } else if self.interrupt.is_wanted() {
            Exit::Interrupted
        } else if summary.inconclusive > 0 {
            Exit::Inconclusive
        } else {
            Exit::Matched
        }
    }

    fn print_record(&mut self, record: &BlockRecord) -> Result<()> {
        match self.settings.format {
            Format::Table => self.table.add(record),
            Format::Jsonl => terminal::print(&format!("{}\n", json::line(record)))?,
            Format::Json => {
                let comma = if self.tally.blocks() > 0 { ",\n" } else { "\n" };
                terminal::print(&format!("{comma}{}", json::line(record)))?;
            }
        }
        Ok(())
    }

    fn print_end(&self, summary: &Summary) -> Result<()> {
        match self.settings.format {
            Format::Table => terminal::print(&self.table.render(summary))?,
            Format::Json => {
                terminal::print(&format!("\n],\"summary\":{}}}\n", json::summary(summary).trim_end()))?
            }
            Format::Jsonl => {}
        }
        Ok(())
    }

    fn show_progress(&self) {
        let outcome = format_args!(
            "{} matched, {} diverged, {} inconclusive",
            self.tally.matched(),
            self.tally.diverged(),
            self.tally.inconclusive()
        );
        self.progress.show(self.tally.blocks(), self.tally.gas_used(), &outcome);
    }

    /// Writes evidence and names it in the record.
    fn keep_evidence(&mut self, judged: &mut Judged) {
        let Some(divergence) = &mut judged.record.divergence else { return };
        let Some(proof) = judged.proof.take() else { return };
        let default = PathBuf::from(DEFAULT_DIR);
        let dir = self.settings.report_dir.as_ref().unwrap_or(&default);
        match evidence::write(dir, *proof, self.settings.run.clone(), &mut self.shrinking) {
            Ok(name) => {
                let path = dir.join(&name);
                self.progress.suspend(|| {
                    terminal::warning(&format!(
                        "block {} diverged; tandem explain {}",
                        judged.record.number,
                        path.display()
                    ));
                });
                divergence.evidence = Some(name);
            }
            Err(error) => {
                self.has_failed_to_write = true;
                self.progress.suspend(|| terminal::error(&format!("no evidence: {error}")));
            }
        }
    }
}

impl Results {
    /// Writes a block's record and returns it as it was written.
    fn write(&mut self, mut judged: Judged) -> Result<BlockRecord> {
        self.keep_evidence(&mut judged);
        if let Some(error) = &judged.input_error {
            self.unusable(error);
        }
        let record = &judged.record;
        log(record);
        self.print_record(record)?;
        self.tally.add(record);
        if let Some(writer) = &mut self.writer {
            writer.append(record)?;
        }
        self.show_progress();
        self.is_halted |=
            record.verdict == Verdict::Diverged && self.settings.on_divergence == OnDivergence::Halt;
        Ok(judged.record)
    }
}

impl Sink for Results {
    fn record(
        &mut self,
        record: BlockRecord,
        proof: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.write(Judged { record, proof, input_error: None })?)
    }
}

impl Findings for Results {
    fn judged(&mut self, judged: Judged) -> Result<()> {
        self.write(judged).map(drop)
    }

    fn unusable(&mut self, error: &str) {
        self.progress.suspend(|| terminal::error(error));
        // Errors begin with the file and the place in it.
        let (source, problem) = error.split_once(": ").unwrap_or(("", error));
        self.input_errors.push(InputError { source: source.to_owned(), error: problem.to_owned() });
    }

    fn not_run(&mut self, source: &str, reason: &str) {
        tracing::info!(source, reason, "not run");
        self.not_run.push(NotRun { name: source.to_owned(), reason: reason.to_owned() });
    }

    fn flow(&self) -> Flow {
        if self.is_halted || self.interrupt.is_wanted() { Flow::End } else { Flow::On }
    }
}

fn log(record: &BlockRecord) {
    tracing::info!(
        number = record.number,
        source = record.source,
        txs = record.txs,
        gas_used = record.gas_used,
        sequential_us = record.sequential_us,
        parallel_us = record.parallel_us,
        reexecuted = record.reexecuted,
        verdict = record.verdict.name(),
        "block"
    );
}
