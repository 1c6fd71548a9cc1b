//! Analyzes blocks: the whole job in one function.

use std::{num::NonZero, path::PathBuf};

use eyre::Result;
use tandem_analysis::Hot;
use tandem_compare::{Engine, Expectation, Observe, Output, Reference};
use tandem_corpus::Case;
use tandem_report::{Analysis, AnalysisInfo};

use super::{block::analyze, draw, hot::hot_spots, predict::Predictor};
use crate::{
    args::Format,
    exit::Exit,
    interrupt::Interrupt,
    progress::Progress,
    replay::missing::Parent,
    terminal,
    valid::{self, Sources, Visitor},
};

/// Locations, and accounts, that are named as hottest.
const HOT_MAX: usize = 10;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Task {
    /// Numbers of threads.
    pub(crate) threads: Vec<NonZero<usize>>,
    /// Sequential executions whose median is a transaction's time.
    pub(crate) iterations: NonZero<usize>,
    /// How many blocks are analyzed at most.
    pub(crate) limit: Option<u64>,
    /// Where graphs are drawn, if they are; the directory exists.
    pub(crate) graph: Option<PathBuf>,
    /// Form of the results.
    pub(crate) format: Format,
}

/// Analyzes the valid blocks of the sources, one after the other, and tells what was found.
pub(crate) fn run(
    sources: &Sources<'_>,
    task: Task,
    info: AnalysisInfo,
    interrupt: Interrupt,
    progress: Progress,
) -> Result<Exit> {
    let predictor = Predictor::new(&task.threads, task.iterations)?;
    let mut analyzing = Analyzing {
        task,
        predictor,
        interrupt,
        progress,
        analysis: Analysis::new(info),
        hot: Hot::default(),
        unusable: 0,
        not_run: 0,
    };
    valid::walk(sources, &mut analyzing)?;
    analyzing.finish()
}

/// A run under way.
struct Analyzing {
    task: Task,
    predictor: Predictor,
    interrupt: Interrupt,
    progress: Progress,
    analysis: Analysis,
    hot: Hot,
    unusable: usize,
    not_run: usize,
}

impl Visitor for Analyzing {
    fn visit<S: Parent>(&mut self, case: &Case<S>, expectation: Expectation) -> Result<Option<Output>> {
        let output = Reference::default().execute(case, Observe::Output).result.ok();
        match analyze(case, &self.task.threads, self.task.iterations, Some(&self.predictor)) {
            Ok(analyzed) => {
                if let Some(dir) = &self.task.graph {
                    draw::write(dir, case, &analyzed)?;
                }
                self.hot.add(&analyzed.graph);
                if self.task.format == Format::Jsonl {
                    terminal::print(&format!("{}\n", analyzed.figures.json_line()))?;
                }
                self.analysis.add(analyzed.figures);
                self.progress.say(&format!("{} blocks analyzed", self.analysis.blocks().len()));
            }
            Err(error) => {
                let text = format!("{}: block {}: {error}", case.source, case.block.header.number);
                match expectation {
                    Expectation::Valid => self.unusable(&text),
                    Expectation::Invalid | Expectation::Agreement => self.not_run(&case.source, &error),
                }
            }
        }
        Ok(output)
    }

    fn unusable(&mut self, error: &str) {
        self.unusable += 1;
        self.progress.suspend(|| terminal::error(error));
    }

    fn not_run(&mut self, source: &str, reason: &str) {
        self.not_run += 1;
        tracing::info!(source, reason, "not run");
    }

    fn is_over(&self) -> bool {
        let limit = self.task.limit;
        self.interrupt.is_wanted() || limit.is_some_and(|limit| self.analysis.blocks().len() as u64 >= limit)
    }
}

impl Analyzing {
    fn finish(mut self) -> Result<Exit> {
        self.progress.end();
        self.analysis.set_hot(hot_spots(&self.hot, HOT_MAX));
        if self.interrupt.is_wanted() {
            self.analysis.interrupt();
        }
        match self.task.format {
            Format::Table => terminal::print(&self.analysis.table())?,
            Format::Json => terminal::print(&self.analysis.json())?,
            Format::Jsonl => {}
        }
        if self.not_run > 0 {
            terminal::note(&format!("{} not run; -v names them", self.not_run));
        }
        Ok(if self.unusable > 0 {
            Exit::Unusable
        } else if self.interrupt.is_wanted() {
            Exit::Interrupted
        } else {
            Exit::Matched
        })
    }
}
