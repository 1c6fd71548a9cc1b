//! Takes records, with what replays a divergence.

use std::{error::Error, path::Path, time::Duration};

use tandem_compare::{
    Evidence, Limits, Shrinking,
    evidence::{Provenance, Run},
};
use tandem_report::{BlockRecord, ReportError, ReportWriter, RunInfo, Tally};

/// Bounds of making evidence smaller: for one divergence, and for all of a run. The validator waits for it, the host no
/// more than its queue makes it.
const SHRINKING: Shrinking =
    Shrinking::new(Limits { trials_max: 200, time_max: Duration::from_secs(5) }, Duration::from_secs(60));

/// Where records go.
pub trait Sink: Send + 'static {
    /// Writes a record, and before it the evidence, whose name the record then carries; returns what was written.
    fn record(
        &mut self,
        record: BlockRecord,
        evidence: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn Error + Send + Sync>>;
}

/// Writes a report directory.
#[derive(Debug)]
pub struct ReportSink {
    writer: ReportWriter,
    run: Run,
    provenance: Provenance,
    shrinking: Shrinking,
}

impl ReportSink {
    /// Goes on with the report of a directory, or starts one.
    pub fn open(dir: &Path, run: Run, provenance: Provenance) -> Result<Self, ReportError> {
        Ok(Self { writer: ReportWriter::resume(dir)?.0, run, provenance, shrinking: SHRINKING })
    }

    /// Returns the totals so far.
    pub fn tally(&self) -> &Tally {
        self.writer.tally()
    }

    /// Writes summary and page.
    pub fn finish(mut self, run: RunInfo, completion: tandem_report::Completion) -> Result<(), ReportError> {
        let summary = self.writer.settle()?.summary(run, completion);
        self.writer.finish(&summary).map(drop)
    }
}

impl Sink for ReportSink {
    fn record(
        &mut self,
        mut record: BlockRecord,
        evidence: Option<Box<Evidence>>,
    ) -> Result<BlockRecord, Box<dyn Error + Send + Sync>> {
        if let (Some(mut evidence), Some(divergence)) = (evidence, &mut record.divergence) {
            (evidence.run, evidence.provenance) = (self.run.clone(), self.provenance.clone());
            divergence.evidence = Some(format!("evidence/{}", evidence.file_name()));
            evidence.write_shrunken(&self.writer.dir().evidence(), &mut self.shrinking)?;
        }
        self.writer.append(&record)?;
        Ok(record)
    }
}
