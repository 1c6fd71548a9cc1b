//! The analysis as tables for a terminal.

use std::{collections::BTreeMap, fmt::Write};

use comfy_table::Table;

use super::{Analysis, AnalysisBlock, HotSpot, Outlook};
use crate::{
    format::{count, counted, dash, duration_us, gas, percent, printable, ratio, ratio_or_dash, shorten},
    summary::Completion,
    table::{align_right, borderless, lines},
};

/// Characters of a source's name.
const SOURCE_CHARS_MAX: usize = 36;

impl Analysis {
    /// Returns a row for each block, the speedups by number of threads, and what most dependencies are about.
    pub fn table(&self) -> String {
        let mut text = String::new();
        if !self.blocks.is_empty() {
            text.push_str(&lines(&self.rows()));
            text.push('\n');
            text.push_str(&lines(&self.speedups()));
        }
        if !self.blocks.is_empty() {
            text.push('\n');
            text.push_str(&lines(&self.partition_rows()));
        }
        if !self.hot.is_empty() {
            text.push('\n');
            text.push_str(&lines(&hot_spots(&self.hot)));
        }
        let _ = writeln!(
            text,
            "{}{}; a transaction's time is the median of {}",
            if text.is_empty() { "" } else { "\n" },
            counted(self.blocks.len() as u64, "block"),
            counted(self.info.iterations as u64, "sequential execution"),
        );
        if self.completion == Completion::Partial {
            text.push_str("partial: the run was interrupted; these are the blocks it finished\n");
        }
        text
    }

    fn rows(&self) -> Table {
        let threads: Vec<usize> = self.summary().into_keys().collect();
        let mut table = borderless();
        let mut header: Vec<String> = [
            "block",
            "source",
            "txs",
            "gas",
            "dependent",
            "critical gas",
            "parallelism",
            "time",
            "critical time",
            "shards",
            "largest",
        ]
        .map(str::to_owned)
        .into();
        header.extend(threads.iter().map(|threads| format!("@{threads}")));
        let columns = header.len();
        table.set_header(header);
        for block in &self.blocks {
            table.add_row(cells(block, &threads));
        }
        let right: Vec<usize> = (0..columns).filter(|column| *column != 1).collect();
        align_right(&mut table, &right);
        table
    }

    fn partition_rows(&self) -> Table {
        let dependencies: u64 = self.blocks.iter().map(|block| block.dependencies).sum();
        let mut table = borderless();
        table.set_header([
            "a thread for each",
            "parts",
            "largest",
            "crossing dependencies",
            "speedup by time",
        ]);
        for (by, figures) in self.partitions() {
            table.add_row([
                by,
                count(figures.parts),
                format!("{:.0}%", figures.largest * 100.0),
                format!("{} ({})", count(figures.crossing), percent(figures.crossing, dependencies)),
                ratio(figures.speedup),
            ]);
        }
        align_right(&mut table, &[1, 2, 3, 4]);
        table
    }

    fn speedups(&self) -> Table {
        let mut table = borderless();
        let is_predicted = self.summary().values().any(|outlook| outlook.predicted.is_some());
        let predicted = is_predicted.then_some("predicted");
        table.set_header(["speedup by time", "threads", "bound", "in order"].into_iter().chain(predicted));
        add_outlooks(&mut table, "all blocks", &self.summary());
        add_outlooks(
            &mut table,
            &format!("{} gas and more", gas(self.info.gas_min)),
            &self.summary_of_large(),
        );
        align_right(&mut table, &[1, 2, 3, 4]);
        table
    }
}

fn cells(block: &AnalysisBlock, threads: &[usize]) -> Vec<String> {
    let mut cells = vec![
        block.number.to_string(),
        shorten(&printable(&block.source), SOURCE_CHARS_MAX),
        count(block.txs),
        gas(block.gas_used),
        count(block.dependent_txs),
        gas(block.critical_path_gas),
        ratio(block.parallelism),
        duration_us(block.transactions_us.round() as u64),
        duration_us(block.critical_path_us.round() as u64),
        count(block.shards),
        format!("{:.0}%", block.largest_shard * 100.0),
    ];
    let bound = |threads: &usize| block.speedup.get(threads).map(|outlook| outlook.bound);
    cells.extend(threads.iter().map(|threads| ratio_or_dash(bound(threads))));
    cells
}

fn add_outlooks(table: &mut Table, name: &str, outlooks: &BTreeMap<usize, Outlook>) {
    for (threads, outlook) in outlooks {
        let mut row =
            vec![name.to_owned(), threads.to_string(), ratio(outlook.bound), ratio(outlook.in_order)];
        row.extend(outlook.predicted.map(ratio));
        table.add_row(row);
    }
}

fn hot_spots(hot: &[HotSpot]) -> Table {
    let mut table = borderless();
    table.set_header(["depended on", "address", "slot", "pairs", "blocks"]);
    for spot in hot {
        table.add_row([
            spot.kind.clone(),
            spot.address.to_string(),
            spot.slot.map_or_else(dash, |slot| slot.to_string()),
            count(spot.dependencies),
            count(spot.blocks),
        ]);
    }
    align_right(&mut table, &[3, 4]);
    table
}
