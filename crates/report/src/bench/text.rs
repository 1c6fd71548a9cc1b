//! The times as a table for a terminal.

use std::{collections::BTreeMap, fmt::Write};

use comfy_table::Table;

use super::{Bench, BenchBlock, Speedups};
use crate::{
    format::{count, counted, duration_us, gas, printable, ratio, shorten},
    summary::Completion,
    table::{align_right, borderless, lines},
};

/// Characters of a source's name.
const SOURCE_CHARS_MAX: usize = 36;

impl Bench {
    /// Returns a row for each block, and the means.
    pub fn table(&self) -> String {
        let mut text = String::new();
        if !self.blocks.is_empty() {
            text.push_str(&lines(&self.rows()));
            text.push('\n');
        }
        let (all, large) = (self.summary(), self.summary_of_large());
        let mut means = borderless();
        means.set_header(["", "blocks", "threads", "by time", "geomean", "lowest", "highest"]);
        add_means(&mut means, "all blocks", &all);
        add_means(&mut means, &format!("{} gas and more", gas(self.info.gas_min)), &large);
        align_right(&mut means, &[1, 2, 3, 4, 5, 6]);
        if !all.is_empty() {
            text.push_str(&lines(&means));
        }
        let iterations = counted(self.info.iterations as u64, "iteration");
        let _ = writeln!(
            text,
            "{}, medians of {iterations} after one warm-up, strategy {}, seam {}; quartiles are of single iterations",
            counted(self.blocks.len() as u64, "block"),
            self.info.strategy,
            self.info.seam,
        );
        if let Some(sequential) = self.peaks.get("sequential") {
            let mib = |bytes: &u64| *bytes as f64 / f64::from(1 << 20);
            let _ = write!(text, "peak memory: sequential {:.0} MiB", mib(sequential));
            for (threads, bytes) in self.peaks.iter().filter(|(side, _)| *side != "sequential") {
                let ratio = *bytes as f64 / *sequential as f64;
                let _ = write!(text, ", {threads} threads {:.0} MiB ({ratio:.2}×)", mib(bytes));
            }
            text.push('\n');
        }
        if self.completion == Completion::Partial {
            text.push_str("partial: the run was interrupted; these are the blocks it finished\n");
        }
        text
    }

    fn rows(&self) -> Table {
        let threads: Vec<usize> = self.summary().into_keys().collect();
        let mut table = borderless();
        let mut header: Vec<String> =
            ["block", "source", "txs", "gas", "sequential", "digest"].map(str::to_owned).into();
        for threads in &threads {
            header.extend([counted(*threads as u64, "thread"), "speedup".to_owned(), "quartiles".to_owned()]);
        }
        let columns = header.len();
        table.set_header(header);
        for block in &self.blocks {
            table.add_row(cells(block, &threads));
        }
        let right: Vec<usize> = (0..columns).filter(|column| *column != 1).collect();
        align_right(&mut table, &right);
        table
    }
}

fn cells(block: &BenchBlock, threads: &[usize]) -> Vec<String> {
    let mut cells = vec![
        block.number.to_string(),
        shorten(&printable(&block.source), SOURCE_CHARS_MAX),
        count(block.txs),
        gas(block.gas_used),
        time(block.sequential_us),
        time(block.digest_us),
    ];
    for threads in threads {
        let [low, high] = block.speedup_quartiles.get(threads).copied().unwrap_or([f64::NAN; 2]);
        cells.extend([
            block.parallel_us.get(threads).copied().map_or_else(String::new, time),
            block.speedup.get(threads).copied().map_or_else(String::new, ratio),
            format!("{low:.2}–{high:.2}"),
        ]);
    }
    cells
}

/// A time, with tenths where they matter.
fn time(us: f64) -> String {
    if us < 100.0 { format!("{us:.1} µs") } else { duration_us(us.round() as u64) }
}

fn add_means(table: &mut Table, name: &str, means: &BTreeMap<usize, Speedups>) {
    for (threads, means) in means {
        table.add_row([
            name.to_owned(),
            count(means.blocks as u64),
            threads.to_string(),
            format!("{:.3}×", means.time_weighted),
            format!("{:.3}×", means.geomean),
            ratio(means.min),
            ratio(means.max),
        ]);
    }
}
