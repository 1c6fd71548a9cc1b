//! Records and summaries as JSON text.

use crate::{BlockRecord, Summary};
use serde::Serialize;

/// A record as one line, without the line feed: a line of `blocks.jsonl` and of `--format jsonl`.
pub fn line(record: &BlockRecord) -> String {
    serde_json::to_string(record).expect("a record has only strings, numbers and lists of them")
}

/// The summary as `summary.json` has it, indented, with a line feed at its end.
pub fn summary(summary: &Summary) -> String {
    let mut text =
        serde_json::to_string_pretty(summary).expect("a summary has only strings, numbers and lists of them");
    text.push('\n');
    text
}

/// One object with the keys `summary` and `blocks`: `--format json`.
pub fn document(summary: &Summary, blocks: &[BlockRecord]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        summary: &'a Summary,
        blocks: &'a [BlockRecord],
    }
    let mut text = serde_json::to_string_pretty(&Document { summary, blocks })
        .expect("records have only strings, numbers and lists of them");
    text.push('\n');
    text
}
