//! The dependencies of one block as a drawing: DOT for graphviz, and SVG that needs nothing.
//!
//! In the SVG a transaction's column is the length of the longest chain that leads to it; one that waits for nothing is
//! right before the first that waits for it. Transactions that share nothing
//! with others are only counted: they are most of many blocks, and there is nothing to see in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use maud::{PreEscaped, html};

use crate::format::{count, counted, gas, percent};

/// Arrows of a transaction that are drawn. A balance may depend on hundreds; the last ones decide when it may begin.
const ARROWS_MAX: usize = 8;
/// Width of a column and height of a row in the SVG.
const CELL: (usize, usize) = (92, 30);
/// Space around the drawing, and above it for its heading.
const MARGIN: usize = 16;
const HEADING: usize = 52;

/// A block's transactions and what they depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockGraph {
    /// Number of the block.
    pub number: u64,
    /// Where it came from.
    pub source: String,
    /// Its transactions, in order.
    pub nodes: Vec<GraphNode>,
    /// Its dependencies.
    pub edges: Vec<GraphEdge>,
}

/// A transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphNode {
    /// Who sent it and to whom: what a reader sees when pointing at it.
    pub title: String,
    /// Gas that it used.
    pub gas_used: u64,
    /// The first transaction of the group that shares something with it, its own position if nothing does.
    pub group: usize,
    /// Whether it is on the critical path.
    pub path: OnPath,
}

/// Whether a transaction is on the critical path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPath {
    /// It is.
    Critical,
    /// It is not.
    #[default]
    Aside,
}

/// A dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphEdge {
    /// The earlier transaction.
    pub from: usize,
    /// The later one, which needs what the earlier one changed.
    pub to: usize,
    /// What it is about.
    pub title: String,
}

/// Where transactions that share something are drawn.
struct Layout {
    /// Column and row by transaction.
    cells: BTreeMap<usize, (usize, usize)>,
    columns: usize,
    rows: usize,
}

impl BlockGraph {
    /// Returns the graph in graphviz' language, all of it.
    pub fn dot(&self) -> String {
        let mut text =
            String::from("digraph block {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
        let _ = writeln!(text, "  label={};", quoted(&format!("block {}, {}", self.number, self.source)));
        for (index, node) in self.nodes.iter().enumerate() {
            let pen = if node.path == OnPath::Critical { ", color=red, penwidth=2" } else { "" };
            let label = quoted(&format!("{index}\n{} gas", gas(node.gas_used)));
            let _ = writeln!(text, "  t{index} [label={label}, tooltip={}{pen}];", quoted(&node.title));
        }
        for edge in &self.edges {
            let pen = if self.is_on_path(edge) { ", color=red, penwidth=2" } else { "" };
            let title = quoted(&edge.title);
            let _ = writeln!(text, "  t{} -> t{} [tooltip={title}{pen}];", edge.from, edge.to);
        }
        text.push_str("}\n");
        text
    }

    /// Returns the graph as an SVG document, in the colours that the reader's system prefers.
    pub fn svg(&self) -> String {
        let layout = self.layout();
        let width = (layout.columns * CELL.0).max(520) + 2 * MARGIN;
        let height = layout.rows.max(1) * CELL.1 + HEADING + 2 * MARGIN;
        let alone = self.nodes.len() - layout.cells.len();
        let document = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
                title { "Dependencies of block " (self.number) }
                style { (PreEscaped(STYLE)) }
                rect.page width="100%" height="100%" {}
                text.heading x=(MARGIN) y="30" { "Block " (self.number) ": " (self.heading()) }
                text.note x=(MARGIN) y="50" { (self.source) }
                @for edge in self.drawn_edges() {
                    path.critical[self.is_on_path(edge)] d=(arrow(&layout, edge)) { title { (edge.from) " → " (edge.to) ": " (edge.title) } }
                }
                @for (index, cell) in &layout.cells {
                    (self.drawn_node(*index, *cell))
                }
                @if layout.cells.is_empty() {
                    text.note x=(MARGIN) y=(HEADING + MARGIN + 16) { (counted(alone as u64, "transaction")) ", none depends on another." }
                }
            }
        };
        format!("{}\n", document.into_string())
    }

    fn drawn_node(&self, index: usize, cell: (usize, usize)) -> maud::Markup {
        let node = &self.nodes[index];
        let (x, y) = position(cell);
        // Hues of neighbouring groups are far apart.
        let hue = node.group * 137 % 360;
        html! {
            g {
                title { "Transaction " (index) ", " (gas(node.gas_used)) " gas, " (node.title) }
                rect.tx.critical[node.path == OnPath::Critical] x=(x) y=(y) width="60" height="20" rx="4" style={ "--hue:" (hue) } {}
                text.label x=(x + 30) y=(y + 14) { (index) }
            }
        }
    }

    fn heading(&self) -> String {
        let linked: BTreeSet<usize> = self.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
        let groups: BTreeSet<usize> = linked.iter().map(|index| self.nodes[*index].group).collect();
        let all: u64 = self.nodes.iter().map(|node| node.gas_used).sum();
        let critical = self.nodes.iter().filter(|node| node.path == OnPath::Critical);
        let critical: u64 = critical.map(|node| node.gas_used).sum();
        format!(
            "{} of {} in {}, {}; critical path {} of the gas",
            count(linked.len() as u64),
            counted(self.nodes.len() as u64, "transaction"),
            counted(groups.len() as u64, "group"),
            if self.edges.len() == 1 {
                "1 dependency".to_owned()
            } else {
                format!("{} dependencies", count(self.edges.len() as u64))
            },
            percent(critical, all)
        )
    }

    fn is_on_path(&self, edge: &GraphEdge) -> bool {
        let is_critical = |node: &GraphNode| node.path == OnPath::Critical;
        let [from, to] = [edge.from, edge.to].map(|index| &self.nodes[index]);
        // The path has each of its transactions depend on the one before.
        is_critical(from) && is_critical(to) && !self.nodes[edge.from + 1..edge.to].iter().any(is_critical)
    }

    /// Returns the last arrows that lead to each transaction.
    fn drawn_edges(&self) -> Vec<&GraphEdge> {
        let mut by_target: BTreeMap<usize, Vec<&GraphEdge>> = BTreeMap::new();
        for edge in &self.edges {
            by_target.entry(edge.to).or_default().push(edge);
        }
        by_target.into_values().flat_map(last_arrows).collect()
    }

    /// Puts each transaction after those that it depends on, groups below each other.
    fn layout(&self) -> Layout {
        let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
        let mut edges: Vec<&GraphEdge> = self.edges.iter().collect();
        edges.sort_unstable_by_key(|edge| (edge.to, edge.from));
        for edge in edges {
            let after = *columns.entry(edge.from).or_default() + 1;
            let column = columns.entry(edge.to).or_default();
            *column = after.max(*column);
        }
        let waiting: BTreeSet<usize> = self.edges.iter().map(|edge| edge.to).collect();
        let mut before: BTreeMap<usize, usize> = BTreeMap::new();
        for edge in self.edges.iter().filter(|edge| !waiting.contains(&edge.from)) {
            let column = columns[&edge.to] - 1;
            before.entry(edge.from).and_modify(|first| *first = column.min(*first)).or_insert(column);
        }
        columns.extend(before);
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in columns.keys() {
            groups.entry(self.nodes[*index].group).or_default().push(*index);
        }
        let (mut cells, mut top) = (BTreeMap::new(), 0);
        for members in groups.into_values() {
            let mut heights: BTreeMap<usize, usize> = BTreeMap::new();
            for index in members {
                let column = columns[&index];
                let height = heights.entry(column).or_default();
                cells.insert(index, (column, top + *height));
                *height += 1;
            }
            top += heights.into_values().max().unwrap_or(0);
        }
        Layout { cells, columns: columns.into_values().max().map_or(0, |last| last + 1), rows: top }
    }
}

const STYLE: &str = "\
:root{--page:#fff;--ink:#16181d;--dim:#5b616b;--edge:#b4b8bf;--light:86%;--line:45%;--bad:#c4262e}\
@media (prefers-color-scheme:dark){:root{--page:#101216;--ink:#eceef1;--dim:#a0a7b2;--edge:#4a505a;--light:26%;--line:60%;--bad:#ff7b7f}}\
.page{fill:var(--page)}text{font:12px system-ui,sans-serif;fill:var(--ink)}.heading{font-size:16px;font-weight:600}\
.note{fill:var(--dim)}.label{text-anchor:middle}path{fill:none;stroke:var(--edge)}\
.tx{fill:hsl(var(--hue) 60% var(--light));stroke:hsl(var(--hue) 50% var(--line))}\
path.critical,.tx.critical{stroke:var(--bad);stroke-width:2}";

/// Keeps the last of a transaction's arrows.
fn last_arrows(mut edges: Vec<&GraphEdge>) -> Vec<&GraphEdge> {
    edges.sort_unstable_by_key(|edge| edge.from);
    let skipped = edges.len().saturating_sub(ARROWS_MAX);
    edges.split_off(skipped)
}

fn position((column, row): (usize, usize)) -> (usize, usize) {
    (MARGIN + column * CELL.0, HEADING + MARGIN + row * CELL.1)
}

/// Draws an arrow from the right of one cell to the left of another.
fn arrow(layout: &Layout, edge: &GraphEdge) -> String {
    let (from, to) = (position(layout.cells[&edge.from]), position(layout.cells[&edge.to]));
    let (x1, y1, x2, y2) = (from.0 + 60, from.1 + 10, to.0, to.1 + 10);
    format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + 24, x2.saturating_sub(24))
}

/// Quotes a string of graphviz' language, in which a backslash begins an escape.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests;
