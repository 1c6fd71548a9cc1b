//! Records and totals as a table for a terminal: `--format table`.

use crate::{
    BlockRecord, Divergence, Summary, Verdict,
    format::{count, counted, dash, duration_us, gas, printable, ratio_or_dash, shorten, throughput},
    worst::{BlockRow, WorstBlocks, WorstBy},
};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::fmt::Write;

/// Divergences that are told in full.
const DIVERGENCES_MAX: usize = 20;
/// Inputs of a kind that are named.
const INPUTS_MAX: usize = 10;
/// Characters of a source's name.
const SOURCE_CHARS_MAX: usize = 44;

/// Which rows a table shows if not all fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowOrder {
    /// The first, in the order they were added.
    #[default]
    Input,
    /// The worst: diverged, inconclusive, then by speedup.
    WorstFirst,
}

/// Collects the rows of a table. Keeps no more records than it shows.
#[derive(Clone, Debug)]
pub struct BlockTable {
    rows_max: usize,
    rows: Rows,
    records: u64,
    divergences: Vec<(u64, String, Divergence)>,
    reasons: Vec<(u64, String, String)>,
}

#[derive(Clone, Debug)]
enum Rows {
    First(Vec<BlockRow>),
    Worst(WorstBlocks),
}

impl BlockTable {
    /// A table of at most `rows_max` blocks.
    pub fn new(rows_max: usize, order: RowOrder) -> Self {
        let rows = match order {
            RowOrder::Input => Rows::First(Vec::new()),
            RowOrder::WorstFirst => Rows::Worst(WorstBlocks::new(rows_max, WorstBy::Verdict)),
        };
        Self { rows_max, rows, records: 0, divergences: Vec::new(), reasons: Vec::new() }
    }

    /// Adds a record.
    pub fn add(&mut self, record: &BlockRecord) {
        self.records += 1;
        match &mut self.rows {
            Rows::First(rows) if rows.len() < self.rows_max => rows.push(BlockRow::from(record)),
            Rows::First(_) => {}
            Rows::Worst(rows) => rows.add(record),
        }
        if let (Some(divergence), true) = (&record.divergence, self.divergences.len() < DIVERGENCES_MAX) {
            self.divergences.push((record.number, record.source.clone(), divergence.clone()));
        }
        if let (Verdict::Inconclusive { reason }, true) = (&record.verdict, self.reasons.len() < INPUTS_MAX) {
            self.reasons.push((record.number, record.source.clone(), reason.clone()));
        }
    }

    /// The rows, what went wrong, and the totals.
    pub fn render(&self, summary: &Summary) -> String {
        let mut text = self.render_rows();
        self.render_divergences(summary, &mut text);
        self.render_inconclusive(summary, &mut text);
        render_inputs(summary, &mut text);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&render_summary(summary));
        text
    }

    fn render_rows(&self) -> String {
        let rows: Vec<&BlockRow> = match &self.rows {
            Rows::First(rows) => rows.iter().collect(),
            Rows::Worst(rows) => rows.rows().collect(),
        };
        if rows.is_empty() {
            return String::new();
        }
        let mut table = borderless();
        table.set_header([
            "block",
            "source",
            "fork",
            "txs",
            "gas",
            "sequential",
            "parallel",
            "speedup",
            "re-executed",
            "verdict",
        ]);
        for row in &rows {
            table.add_row(cells(row));
        }
        align_right(&mut table, &[0, 3, 4, 5, 6, 7, 8]);
        let mut text = lines(&table);
        let more = self.records - rows.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "… {} more", count(more));
        }
        text
    }

    fn render_divergences(&self, summary: &Summary, text: &mut String) {
        for (number, source, divergence) in &self.divergences {
            let _ = writeln!(text, "\ndiverged: block {number} of {}", printable(source));
            let _ = writeln!(text, "  {}", printable(&place(divergence)));
            let _ = writeln!(text, "  sequential {}", printable(&divergence.sequential));
            let _ = writeln!(text, "  parallel   {}", printable(&divergence.parallel));
            if let Some(evidence) = &divergence.evidence {
                let _ = writeln!(text, "  evidence   {}", printable(evidence));
            }
        }
        render_more(summary.diverged, self.divergences.len(), "diverged", text);
    }

    fn render_inconclusive(&self, summary: &Summary, text: &mut String) {
        if !self.reasons.is_empty() {
            text.push('\n');
        }
        for (number, source, reason) in &self.reasons {
            let _ = writeln!(
                text,
                "inconclusive: block {number} of {}: {}",
                printable(source),
                printable(reason)
            );
        }
        render_more(summary.inconclusive, self.reasons.len(), "inconclusive", text);
    }
}

/// Where a divergence is: `transaction 17, storage, 0x…, slot 0x…`.
fn place(divergence: &Divergence) -> String {
    let mut place =
        divergence.tx.map_or_else(|| "outside transactions".to_owned(), |tx| format!("transaction {tx}"));
    let _ = write!(place, ", {}", divergence.what);
    if let Some(address) = divergence.address {
        let _ = write!(place, ", {address}");
    }
    if let Some(slot) = divergence.slot {
        let _ = write!(place, ", slot {slot}");
    }
    place
}

fn cells(row: &BlockRow) -> [String; 10] {
    [
        row.number.to_string(),
        shorten(&printable(&row.source), SOURCE_CHARS_MAX),
        printable(&row.fork),
        count(row.txs),
        gas(row.gas_used),
        row.sequential_us.map_or_else(dash, duration_us),
        row.parallel_us.map_or_else(dash, duration_us),
        ratio_or_dash(row.speedup),
        count(row.reexecuted),
        row.verdict.name().to_owned(),
    ]
}

fn render_inputs(summary: &Summary, text: &mut String) {
    if !summary.input_errors.is_empty() {
        text.push('\n');
    }
    for input in summary.input_errors.iter().take(INPUTS_MAX) {
        let _ = writeln!(text, "unusable: {}: {}", printable(&input.source), printable(&input.error));
    }
    render_more(summary.input_errors.len() as u64, INPUTS_MAX, "unusable", text);
    if !summary.not_run.is_empty() {
        text.push('\n');
    }
    for input in summary.not_run.iter().take(INPUTS_MAX) {
        let _ = writeln!(text, "not run: {}: {}", printable(&input.name), printable(&input.reason));
    }
    render_more(summary.not_run.len() as u64, INPUTS_MAX, "not run", text);
}

fn render_more(total: u64, shown: usize, what: &str, text: &mut String) {
    let more = total.saturating_sub(shown as u64);
    if more > 0 {
        let _ = writeln!(text, "… {} more {what}", count(more));
    }
}

/// The totals, a line a topic.
fn render_summary(summary: &Summary) -> String {
    let mut table = borderless();
    table.add_row(["blocks".to_owned(), verdicts(summary)]);
    table.add_row([
        "executed".to_owned(),
        format!("{}, {} gas", counted(summary.txs, "transaction"), gas(summary.gas_used)),
    ]);
    if let Some(speedup) = summary.speedup_time_weighted {
        let geomean = ratio_or_dash(summary.speedup_geomean);
        let (min, max) = (ratio_or_dash(summary.speedup_min), ratio_or_dash(summary.speedup_max));
        let by_time = ratio_or_dash(Some(speedup));
        table.add_row([
            "speedup".to_owned(),
            format!("{by_time} by time, {geomean} geometric mean, {min} to {max}"),
        ]);
        table.add_row(["sequential".to_owned(), timing(summary.timed_gas_used, summary.sequential_us)]);
        let threads =
            summary.run.threads.map_or_else(String::new, |n| format!(", {}", counted(n as u64, "thread")));
        table
            .add_row(["parallel".to_owned(), timing(summary.timed_gas_used, summary.parallel_us) + &threads]);
    }
    if summary.partial {
        table.add_row(["partial", "the run was interrupted; these are the blocks it finished"]);
    }
    lines(&table)
}

fn verdicts(summary: &Summary) -> String {
    let Summary { blocks, matched, diverged, inconclusive, .. } = summary;
    let (blocks, matched) = (count(*blocks), count(*matched));
    format!(
        "{blocks}: {matched} matched, {} diverged, {} inconclusive",
        count(*diverged),
        count(*inconclusive)
    )
}

fn timing(gas_used: u64, us: u64) -> String {
    let rate = throughput(gas_used, us).map_or_else(String::new, |rate| format!(", {rate}"));
    duration_us(us) + &rate
}

pub(crate) fn borderless() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

pub(crate) fn align_right(table: &mut Table, columns: &[usize]) {
    for &index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// The table's lines without the blanks that pad their ends, each with a line feed.
pub(crate) fn lines(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(&line).trim_end())).collect()
}
