//! Holds what was found out about one block, on its way to the report.

use tandem_compare::{Difference, Evidence, Evident, Provenance, Run};
use tandem_corpus::Case;
use tandem_report::{BlockRecord, Divergence, Verdict};

/// One block's record, and what goes with it.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The record; evidence is not named in it yet.
    pub(crate) record: BlockRecord,
    /// What replays a divergence, without run and provenance; none where nothing was executed.
    pub(crate) proof: Option<Box<Evidence>>,
    /// The input error that kept the block from being checked, as one line.
    pub(crate) input_error: Option<String>,
}

impl Judged {
    /// A block that needs no more than its record.
    pub(crate) const fn new(record: BlockRecord) -> Self {
        Self { record, proof: None, input_error: None }
    }

    /// A block that could not be checked because its input lacks something.
    pub(crate) fn unusable(record: BlockRecord, error: String) -> Self {
        let verdict = Verdict::Inconclusive { reason: error.clone() };
        let record = BlockRecord { verdict, divergence: None, ..record };
        Self { record, proof: None, input_error: Some(error) }
    }

    /// A block that was executed, with the case that replays it where it diverged.
    pub(crate) fn executed<S: Evident>(
        record: BlockRecord,
        case: &Case<S>,
        difference: Option<&Difference>,
    ) -> Self {
        let mut judged = Self::new(record);
        judged.keep_case(case, difference);
        judged
    }

    /// Keeps what replays the block, where it diverged.
    pub(crate) fn keep_case<S: Evident>(&mut self, case: &Case<S>, difference: Option<&Difference>) {
        if self.record.verdict == Verdict::Diverged {
            let evidence = Evidence::new(case, Run::default(), Provenance::default(), difference.cloned());
            self.proof = Some(Box::new(evidence));
        }
    }

    /// Turns a block on which both executions agree into a divergence from what its source expects.
    ///
    /// A difference between the executions is the more important news and stays.
    pub(crate) fn fail_expectation(&mut self, found: &str, expected: &str) {
        if self.record.verdict == Verdict::Diverged {
            return;
        }
        self.record.verdict = Verdict::Diverged;
        self.record.divergence = Some(Divergence {
            tx: None,
            what: "expectation".to_owned(),
            address: None,
            slot: None,
            sequential: format!("{found} (expected: {expected})"),
            parallel: found.to_owned(),
            evidence: None,
        });
    }
}
