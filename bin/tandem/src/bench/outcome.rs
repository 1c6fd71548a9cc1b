//! Carries figures to standard output and to a file.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use eyre::{Result, WrapErr};
use tandem_compare::{Difference, Evidence, Evident, Output, Provenance, Run, Shrinking};
use tandem_corpus::Case;
use tandem_report::{Bench, BenchBlock, BenchInfo, BenchSubject};

use super::contest::{Refusal, Times};
use crate::{
    args::Format,
    exit::Exit,
    interrupt::Interrupt,
    progress::Progress,
    replay::{evidence, results::DEFAULT_DIR},
    terminal,
};

/// The figures so far.
#[derive(Debug)]
pub(crate) struct Outcome {
    bench: Bench,
    format: Format,
    json: Option<PathBuf>,
    run: Run,
    interrupt: Interrupt,
    progress: Progress,
    shrinking: Shrinking,
    diverged: usize,
    unusable: usize,
    not_run: usize,
}

impl Outcome {
    /// Starts without figures.
    pub(crate) fn new(
        info: BenchInfo,
        format: Format,
        json: Option<PathBuf>,
        run: Run,
        interrupt: Interrupt,
        progress: Progress,
    ) -> Self {
        Self {
            bench: Bench::new(info),
            format,
            json,
            run,
            interrupt,
            progress,
            shrinking: evidence::SHRINKING,
            diverged: 0,
            unusable: 0,
            not_run: 0,
        }
    }

    /// Says whether to take no further block.
    pub(crate) fn is_over(&self, limit: Option<u64>) -> bool {
        self.interrupt.is_wanted() || limit.is_some_and(|limit| self.bench.blocks().len() as u64 >= limit)
    }

    /// Takes the times of a block whose executions agreed.
    pub(crate) fn timed<S>(&mut self, case: &Case<S>, output: &Output, times: &Times) -> Result<()> {
        let block = figures(case, output, times);
        if self.format == Format::Jsonl {
            terminal::print(&format!("{}\n", block.json_line()))?;
        }
        self.bench.add(block);
        self.progress.say(&format!("{} blocks timed", self.bench.blocks().len()));
        Ok(())
    }

    /// Takes the peak of memory of one side, in bytes.
    pub(crate) fn measured(&mut self, side: String, peak_bytes: u64) {
        self.bench.set_peak(side, peak_bytes);
    }

    /// Takes a block without figures.
    pub(crate) fn refused<S: Evident>(&mut self, case: &Case<S>, refusal: Refusal) {
        let number = case.block.header.number;
        match refusal {
            Refusal::Diverged(examined) => {
                self.diverged += 1;
                let difference = examined.comparison.first_difference().cloned();
                let found = difference.as_ref().map_or_else(String::new, |first| format!(", {first}"));
                let kept = self.keep_evidence(case, difference);
                self.progress.suspend(|| {
                    let text = format!("{}: block {number} diverged{found}: no figures{kept}", case.source);
                    terminal::error(&text);
                });
            }
            Refusal::Failed(error) => {
                self.diverged += 1;
                let kept = self.keep_evidence(case, None);
                self.progress.suspend(|| {
                    let text = format!(
                        "{}: block {number} failed after a warm-up that matched, {error}: no figures{kept}",
                        case.source
                    );
                    terminal::error(&text);
                });
            }
            Refusal::Unusable(error) => self.unusable(&error),
            Refusal::NoOutput => self.not_run(
                &case.source,
                &format!("block {number} has no output to time, both executions agree"),
            ),
        }
    }

    /// Takes an input that could not be used, as one line.
    pub(crate) fn unusable(&mut self, error: &str) {
        self.unusable += 1;
        self.progress.suspend(|| terminal::error(error));
    }

    /// Takes something that was recognised and is not run.
    pub(crate) fn not_run(&mut self, source: &str, reason: &str) {
        self.not_run += 1;
        tracing::info!(source, reason, "not run");
    }

    /// Writes and prints the figures, and says how the program ends.
    pub(crate) fn finish(mut self) -> Result<Exit> {
        self.progress.end();
        if self.interrupt.is_wanted() {
            self.bench.interrupt();
        }
        if let Some(path) = &self.json {
            write(path, &self.bench.json())?;
        }
        match self.format {
            Format::Table => terminal::print(&self.bench.table())?,
            Format::Json => terminal::print(&self.bench.json())?,
            Format::Jsonl => {}
        }
        if self.not_run > 0 {
            terminal::note(&format!("{} not run; -v names them", self.not_run));
        }
        Ok(if self.diverged > 0 {
            Exit::Diverged
        } else if self.unusable > 0 {
            Exit::Unusable
        } else if self.interrupt.is_wanted() {
            Exit::Interrupted
        } else {
            Exit::Matched
        })
    }

    /// Keeps what replays a divergence, and says how; a divergence may never happen again.
    fn keep_evidence<S: Evident>(&mut self, case: &Case<S>, difference: Option<Difference>) -> String {
        let proof = Evidence::new(case, Run::default(), Provenance::default(), difference);
        match evidence::write(Path::new(DEFAULT_DIR), proof, self.run.clone(), &mut self.shrinking) {
            Ok(name) => format!("; tandem explain {}", Path::new(DEFAULT_DIR).join(name).display()),
            Err(error) => format!("; no evidence: {error}"),
        }
    }
}

/// Puts the times of a block in the report's form.
fn figures<S>(case: &Case<S>, output: &Output, times: &Times) -> BenchBlock {
    let header = &case.block.header;
    let subject = BenchSubject {
        number: header.number,
        source: case.source.clone(),
        fork: case.spec.fork_name(header).to_owned(),
        txs: case.block.transactions.len() as u64,
        gas_used: output.result.gas_used,
    };
    let sequential = us(&times.sequential);
    let block = BenchBlock::new(subject, &sequential, &us(&times.digest));
    times.parallel.iter().fold(block, |block, (threads, samples)| {
        block.with_parallel(threads.get(), &sequential, &us(samples))
    })
}

fn us(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|time| time.as_secs_f64() * 1e6).collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).wrap_err_with(|| format!("cannot write {}", path.display()))
}
