//! The tables of the page.

use crate::{
    Divergence, Summary,
    dir::is_evidence_name,
    format::{count, dash, duration_us, gas, ratio_or_dash, shorten},
    overview::{DivergedBlock, Overview},
};
use maud::{Markup, html};

/// Inputs of a kind that are named on the page; `summary.json` has all.
const INPUTS_MAX: usize = 500;
/// Lists longer than this are folded.
const UNFOLDED_MAX: usize = 12;
/// Divergences that are shown without unfolding; the others would push the rest of the page out of sight.
const DIVERGENCES_UNFOLDED_MAX: usize = 4;

/// The divergences, with links to their evidence.
pub(super) fn diverged(summary: &Summary, overview: &Overview) -> Markup {
    let blocks = overview.diverged();
    let unfolded =
        if blocks.len() > DIVERGENCES_UNFOLDED_MAX + 1 { DIVERGENCES_UNFOLDED_MAX } else { blocks.len() };
    html! {
        @if !blocks.is_empty() {
            section.card.bad {
                h2 { "Divergences" (number(summary.diverged)) }
                p.lead { "The first difference of each. " span.mono { "tandem explain FILE" } " replays one from its evidence." }
                @for block in &blocks[..unfolded] { (divergence(block)) }
                @if unfolded < blocks.len() {
                    details {
                        summary { "Show " (count((blocks.len() - unfolded) as u64)) " more" }
                        @for block in &blocks[unfolded..] { (divergence(block)) }
                    }
                }
                (more(summary.diverged, blocks.len()))
            }
        }
    }
}

fn divergence(block: &DivergedBlock) -> Markup {
    let differing: Vec<_> = block.differing.iter().map(|name| check_title(name).to_lowercase()).collect();
    html! {
        article {
            h3 { "Block " (block.number) " " span.sub { (block.fork) ", " (block.source) } }
            @if !differing.is_empty() { p.differs { "Differs in " (differing.join(", ")) "." } }
            @if let Some(divergence) = &block.divergence { (first_difference(divergence)) }
        }
    }
}

fn first_difference(divergence: &Divergence) -> Markup {
    let place =
        divergence.tx.map_or_else(|| "outside transactions".to_owned(), |tx| format!("transaction {tx}"));
    html! {
        dl.values {
            div { dt { "first in" } dd { (place) ", " (divergence.what) } }
            @if let Some(address) = divergence.address { div { dt { "account" } dd.mono { (address) } } }
            @if let Some(slot) = divergence.slot { div { dt { "slot" } dd.mono { (slot) } } }
            div { dt { "sequential" } dd.mono { (divergence.sequential) } }
            div { dt { "parallel" } dd.mono { (divergence.parallel) } }
            @if let Some(evidence) = &divergence.evidence { div { dt { "evidence" } dd.mono { (link(evidence)) } } }
        }
    }
}

/// A link to an evidence file; only its name if it would lead elsewhere.
fn link(evidence: &str) -> Markup {
    html! {
        @if is_evidence_name(evidence) { a href=(percent_encoded(evidence)) { (evidence) } } @else { (evidence) }
    }
}

/// Encodes what has a meaning in a relative URL other than as part of a file name.
fn percent_encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The blocks that could not be checked.
pub(super) fn inconclusive(summary: &Summary, overview: &Overview) -> Markup {
    let blocks = overview.inconclusive();
    let rows =
        blocks.iter().map(|block| (format!("{} · {}", block.number, block.source), block.reason.clone()));
    html! {
        @if !blocks.is_empty() {
            section.card.warn {
                h2 { "Blocks that could not be checked" (number(summary.inconclusive)) }
                (named_list(rows.collect(), summary.inconclusive))
            }
        }
    }
}

/// What merging found missing.
pub(super) fn gaps(summary: &Summary) -> Markup {
    let gaps = &summary.gaps;
    html! {
        @if !gaps.is_empty() {
            section.card.warn {
                h2 { "Gaps" (number(gaps.len() as u64)) }
                p.lead { "What this report should have and does not." }
                ul.gaps { @for gap in gaps.iter().take(UNFOLDED_MAX) { li { (gap) } } }
                (more(gaps.len() as u64, gaps.len().min(UNFOLDED_MAX)))
            }
        }
    }
}

/// What more threads would give.
pub(super) fn outlook(summary: &Summary) -> Markup {
    let is_predicted = summary.outlook.values().any(|outlook| outlook.predicted.is_some());
    html! {
        @if !summary.outlook.is_empty() {
            section.card {
                h2 { "Speedup by number of threads" }
                p.lead {
                    "What the blocks that were analyzed would allow, weighed by time. Bound: the number of threads, or all time "
                    "over the critical path's. In order: with all dependencies known beforehand."
                    @if is_predicted { " Predicted: this executor with as many virtual workers." }
                }
                div.scroll tabindex="0" role="region" aria-label="Speedup by number of threads" {
                    table {
                        thead { tr {
                            th scope="col" { "Threads" }
                            th.num scope="col" { "Bound" }
                            th.num scope="col" { "In order" }
                            @if is_predicted { th.num scope="col" { "Predicted" } }
                        } }
                        tbody {
                            @for (threads, outlook) in &summary.outlook {
                                tr {
                                    th scope="row" { (threads) }
                                    td.num { (ratio_or_dash(Some(outlook.bound))) }
                                    td.num { (ratio_or_dash(Some(outlook.in_order))) }
                                    @if is_predicted { td.num { (ratio_or_dash(outlook.predicted)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The inputs that could not be used.
pub(super) fn input_errors(summary: &Summary) -> Markup {
    let rows =
        summary.input_errors.iter().take(INPUTS_MAX).map(|input| (input.source.clone(), input.error.clone()));
    html! {
        @if !summary.input_errors.is_empty() {
            section.card.warn {
                h2 { "Inputs that could not be used" (number(summary.input_errors.len() as u64)) }
                (named_list(rows.collect(), summary.input_errors.len() as u64))
            }
        }
    }
}

/// The inputs that were left out on purpose.
pub(super) fn not_run(summary: &Summary) -> Markup {
    let rows =
        summary.not_run.iter().take(INPUTS_MAX).map(|input| (input.name.clone(), input.reason.clone()));
    html! {
        @if !summary.not_run.is_empty() {
            section.card {
                h2 { "Not run" (number(summary.not_run.len() as u64)) }
                (named_list(rows.collect(), summary.not_run.len() as u64))
            }
        }
    }
}

/// How many there are, beside a heading.
fn number(total: u64) -> Markup {
    html! { " " span.sub { (count(total)) } }
}

fn named_list(rows: Vec<(String, String)>, total: u64) -> Markup {
    let shown = rows.len();
    let list = html! {
        dl.list {
            @for (name, text) in rows { div { dt.mono { (name) } dd { (text) } } }
        }
        (more(total, shown))
    };
    html! {
        @if shown <= UNFOLDED_MAX {
            (list)
        } @else {
            details {
                summary { "Show " @if (shown as u64) < total { "the first " (count(shown as u64)) } @else { "them" } }
                (list)
            }
        }
    }
}

fn more(total: u64, shown: usize) -> Markup {
    let more = total.saturating_sub(shown as u64);
    html! { @if more > 0 { p.sub { "… " (count(more)) " more in the files beside this page" } } }
}

/// The timed blocks that gained least.
pub(super) fn slowest(overview: &Overview) -> Markup {
    let rows = overview.slowest().rows();
    let heading = if rows.len() == 1 { "The block" } else { "Blocks that gained least" };
    html! {
        @if rows.len() > 0 {
            section.card {
                h2 { (heading) }
                div.scroll tabindex="0" role="region" aria-label=(heading) {
                    table {
                        thead { tr {
                            th scope="col" { "Block" }
                            @for name in ["Speedup", "Sequential", "Parallel", "Txs", "Gas"] { th.num scope="col" { (name) } }
                            th.num scope="col" { abbr title="Executions thrown away because a value they had read changed" { "Re-executed" } }
                            th.num scope="col" { abbr title="Gas used over gas on the critical path" { "Parallelism" } }
                            th scope="col" { "Fork" }
                            th scope="col" { "Source" }
                        } }
                        tbody {
                            @for row in rows {
                                tr {
                                    th scope="row" { (row.number) }
                                    td.num.loss[row.speedup.is_some_and(|speedup| speedup < 1.0)] { (ratio_or_dash(row.speedup)) }
                                    td.num { (row.sequential_us.map_or_else(dash, duration_us)) }
                                    td.num { (row.parallel_us.map_or_else(dash, duration_us)) }
                                    td.num { (count(row.txs)) }
                                    td.num { (gas(row.gas_used)) }
                                    td.num { (count(row.reexecuted)) }
                                    td.num { (ratio_or_dash(row.parallelism)) }
                                    td { (row.fork) }
                                    td.mono title=(row.source) { (shorten(&row.source, 48)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What was compared, and how often it was equal.
pub(super) fn checks(summary: &Summary) -> Markup {
    // The record's order, cheapest first, which the map has lost.
    let order = crate::Checks::default().named().map(|(name, _)| name);
    let rows = order.iter().filter_map(|name| Some((*name, *summary.checks.get(*name)?)));
    html! {
        section.card {
            h2 { "What was compared" }
            p.lead { "Blocks by outcome. A check is absent where the source or the fork does not have it." }
            div.scroll tabindex="0" role="region" aria-label="What was compared" {
                table {
                    thead { tr {
                        th scope="col" { "Check" }
                        @for name in ["Equal", "Differ", "Absent", "Header"] { th.num scope="col" { (name) } }
                    } }
                    tbody {
                        @for (name, check) in rows {
                            tr {
                                th scope="row" { (check_title(name)) }
                                td.num { (count(check.matched)) }
                                td.num.loss[check.differ > 0] { (count(check.differ)) }
                                td.num.dim { (count(check.absent)) }
                                td.num.dim {
                                    @if name.ends_with("_root") { (count(check.header_checked)) } @else { (dash()) }
                                }
                            }
                        }
                    }
                }
            }
            p.sub { "Header: roots that were compared with the block's header too." }
        }
    }
}

fn check_title(name: &str) -> &str {
    match name {
        "receipts_root" => "Receipts root",
        "gas_used" => "Gas used",
        "logs_bloom" => "Logs bloom",
        "requests_hash" => "Requests hash",
        "bundle" => "State changes and reverts",
        "state_root" => "State root",
        "bal_hash" => "Block access list hash",
        "error" => "Error",
        other => other,
    }
}

/// Totals by fork.
pub(super) fn forks(summary: &Summary) -> Markup {
    html! {
        @if !summary.forks.is_empty() {
            section.card {
                h2 { "By fork" }
                div.scroll tabindex="0" role="region" aria-label="By fork" {
                    table {
                        thead { tr {
                            th scope="col" { "Fork" }
                            @for name in ["Blocks", "Matched", "Sequential", "Parallel", "Speedup"] { th.num scope="col" { (name) } }
                        } }
                        tbody {
                            @for fork in &summary.forks {
                                @let timed = fork.sequential_us > 0 && fork.parallel_us > 0;
                                tr {
                                    th scope="row" { (fork.fork) }
                                    td.num { (count(fork.blocks)) }
                                    td.num.loss[fork.matched < fork.blocks] { (count(fork.matched)) }
                                    td.num { @if timed { (duration_us(fork.sequential_us)) } @else { (dash()) } }
                                    td.num { @if timed { (duration_us(fork.parallel_us)) } @else { (dash()) } }
                                    td.num { (ratio_or_dash(crate::speedup_of(fork.sequential_us, fork.parallel_us))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
