//! The plots.
//!
//! A plot is an SVG that is stretched to the width of the page, with strokes that keep their width, so that dots are
//! strokes of no length; its labels are text of the page around it, which keeps its size.

use super::{
    path::{band, coordinate, diverged, dots, line, links},
    scale::LogScale,
};
use crate::{
    Summary,
    format::{count, counted, duration_us, percent, ratio, ratio_or_dash},
    overview::Overview,
    series::{Bin, Series},
};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// Up to this many blocks dots are large.
const LARGE_DOTS_MAX: usize = 120;
/// Accounts with a bar.
const ACCOUNTS_MAX: usize = 10;

/// Speedup of each block, on a logarithmic axis. One block is no plot; its numbers are in the totals.
pub(super) fn speedups(series: &Series) -> Markup {
    let bins = series.bins();
    let scale = LogScale::speedups(bins.iter().flat_map(|bin| [bin.speedup_min, bin.speedup_max]));
    let losses = bins.iter().filter(|bin| bin.speedup() < 1.0).count();
    let marks = if series.blocks_per_bin() == 1 {
        let dots =
            |loss| dots(bins, &scale, move |bin| ((bin.speedup() < 1.0) == loss).then(|| bin.speedup()));
        html! {
            path.dot.parallel d=(dots(false)) {}
            path.dot.loss d=(dots(true)) {}
        }
    } else {
        html! {
            path.band d=(band(bins, &scale)) {}
            path.line.parallel d=(line(bins, &scale, Bin::speedup)) {}
        }
    };
    let marks = html! {
        path.unity d={ "M0 " (coordinate(scale.y(1.0))) "H100" } {}
        (marks)
        path.diverged d=(diverged(bins)) {}
    };
    let legend: &[(&str, &str)] = match series.blocks_per_bin() {
        1 if losses == 0 => &[("parallel", "faster than sequential")],
        1 => &[("parallel", "faster than sequential"), ("loss", "slower")],
        _ => &[("parallel", "geometric mean"), ("band", "slowest to fastest")],
    };
    let label = format!("Speedup of {}; {losses} below 1.", counted(bins.len() as u64, "point"));
    html! {
        @if bins.len() > 1 {
            figure.card.chart {
                figcaption {
                    h2 { "Speedup per block" }
                    p.lead { "Sequential time over parallel time. " (resolution(series)) }
                }
                (legend_of(legend, bins))
                (plot(&scale, bins, &label, &marks))
                // The text is escaped for a script element, where HTML's escapes have no meaning.
                script #tips type="application/json" { (PreEscaped(tips(bins))) }
            }
        }
    }
}

/// Both times of each block, on a logarithmic axis.
pub(super) fn times(series: &Series) -> Markup {
    let bins = series.bins();
    let sequential = |bin: &Bin| bin.sequential_us as f64 / bin.blocks as f64;
    let parallel = |bin: &Bin| bin.parallel_us as f64 / bin.blocks as f64;
    let scale = LogScale::times_us(bins.iter().flat_map(|bin| [sequential(bin), parallel(bin)]));
    let marks = if series.blocks_per_bin() == 1 {
        html! {
            path.link d=(links(bins, &scale, sequential, parallel)) {}
            path.dot.sequential d=(dots(bins, &scale, |bin| Some(sequential(bin)))) {}
            path.dot.parallel d=(dots(bins, &scale, |bin| Some(parallel(bin)))) {}
        }
    } else {
        html! {
            path.line.sequential d=(line(bins, &scale, sequential)) {}
            path.line.parallel d=(line(bins, &scale, parallel)) {}
        }
    };
    let label = format!("Sequential and parallel time of {}.", counted(bins.len() as u64, "point"));
    html! {
        @if bins.len() > 1 {
            figure.card.chart {
                figcaption {
                    h2 { "Time per block" }
                    p.lead {
                        "From recovered transactions to receipts and state changes. " (resolution(series))
                        @if series.blocks_per_bin() > 1 { " Times are their mean." }
                    }
                }
                (legend_of(&[("sequential", "sequential"), ("parallel", "parallel")], &[]))
                (plot(&scale, bins, &label, &marks))
            }
        }
    }
}

/// How parallel the blocks are, whatever executes them.
pub(super) fn parallelism(summary: &Summary, overview: &Overview) -> Markup {
    let histogram = overview.parallelism();
    let classes = histogram.classes();
    let greatest = classes.iter().map(|(_, blocks)| *blocks).max().unwrap_or(0);
    html! {
        @if histogram.blocks() > 0 {
            figure.card {
                figcaption {
                    h2 { "Parallelism" }
                    p.lead {
                        "Gas used over gas on the critical path: the speedup that the conflicts in a block allow, with any "
                        "number of threads. All blocks together: " strong { (ratio_or_dash(summary.parallelism)) } "."
                    }
                }
                @if histogram.blocks() > 1 {
                    ol.bars.compact {
                        @for (label, blocks) in &classes {
                            li {
                                span.name { (label) }
                                (bar(*blocks, greatest))
                                span.num { (count(*blocks)) }
                            }
                        }
                    }
                    p.sub { "Blocks by parallelism, serial ones first." }
                }
            }
        }
    }
}

/// The accounts that made transactions wait for one another.
pub(super) fn conflicts(overview: &Overview) -> Markup {
    let conflicts = overview.conflicts();
    let (accounts, more) = conflicts.top(ACCOUNTS_MAX);
    let greatest = accounts.first().map_or(0, |(_, account)| account.total);
    let (reexecuted, attempts) = (overview.reexecuted(), overview.attempts());
    html! {
        figure.card {
            figcaption {
                h2 { "Conflicts by contract" }
                p.lead {
                    (counted(conflicts.total(), "read")) " failed validation. "
                    (count(reexecuted)) " of " (counted(attempts, "execution")) " (" (percent(reexecuted, attempts))
                    ") were thrown away."
                }
            }
            @if accounts.is_empty() {
                p.sub { "No account conflicted." }
            } @else {
                ol.bars {
                    @for (address, account) in &accounts {
                        li {
                            span.name.mono { (address) }
                            span.num { (count(account.total)) }
                            (bar(account.total, greatest))
                            span.sub {
                                "in " (counted(account.blocks, "block")) ", " (percent(account.in_slots, account.total)) " in storage"
                                @if let Some((slot, hits)) = account.hot_slot() {
                                    ", " (percent(hits, account.total)) " in slot " span.mono title=(slot) { (short_slot(&slot.to_string())) }
                                }
                            }
                        }
                    }
                }
                @if more > 0 || conflicts.dropped() > 0 {
                    p.sub {
                        "… " (counted(more as u64, "more account"))
                        @if conflicts.dropped() > 0 { ", and rare ones with " (counted(conflicts.dropped(), "conflict")) " that were not kept apart" }
                    }
                }
            }
        }
    }
}

/// Small slots are numbers, others hashes.
fn short_slot(slot: &str) -> String {
    let digits = slot.trim_start_matches("0x").trim_start_matches('0');
    match digits.len() {
        0 => "0x0".to_owned(),
        1..=16 => format!("0x{digits}"),
        _ => format!("{}…{}", &slot[..8], &slot[slot.len() - 6..]),
    }
}

fn bar(part: u64, whole: u64) -> Markup {
    let width = if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
    html! {
        svg.bar viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(coordinate(width)) height="1" {}
        }
    }
}

fn resolution(series: &Series) -> String {
    match series.blocks_per_bin() {
        1 => "Each dot is a block.".to_owned(),
        blocks => format!("Each point stands for {} in a row.", counted(blocks, "block")),
    }
}

fn legend_of(entries: &[(&str, &str)], bins: &[Bin]) -> Markup {
    html! {
        ul.legend {
            @for (class, name) in entries { li { i class=(class) {} (name) } }
            @if bins.iter().any(|bin| bin.diverged > 0) { li { i.diverged {} "diverged" } }
        }
    }
}

fn plot(scale: &LogScale, bins: &[Bin], label: &str, marks: &Markup) -> Markup {
    let size = if bins.len() <= LARGE_DOTS_MAX { "large" } else { "small" };
    let grid = scale.ticks().iter().fold(String::new(), |mut path, tick| {
        let _ = write!(path, "M0 {}H100", coordinate(scale.y(tick.value)));
        path
    });
    let first = bins.first().map_or(0, |bin| bin.first_number);
    let last = bins.last().map_or(0, |bin| bin.last_number);
    html! {
        div.plot {
            div.axis aria-hidden="true" {
                @for tick in scale.ticks() {
                    span style={ "top:" (coordinate(scale.y(tick.value))) "%" } { (tick.label) }
                }
            }
            div.canvas data-points=(bins.len()) tabindex="0" role="img" aria-label=(label) {
                svg.(size) viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" {
                    path.grid d=(grid) {}
                    (marks)
                }
            }
            div.under {
                span { (first) }
                span.middle { "in the order they ran" }
                span { (last) }
            }
        }
    }
}

/// What the pointer shows at each point, as JSON that may stand in a script element.
fn tips(bins: &[Bin]) -> String {
    let tips: Vec<String> = bins.iter().map(tip).collect();
    let json = serde_json::to_string(&tips).expect("strings are JSON");
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn tip(bin: &Bin) -> String {
    let diverged =
        if bin.diverged > 0 { format!("\n{} diverged", count(bin.diverged)) } else { String::new() };
    let times = format!("{} → {}", duration_us(bin.sequential_us), duration_us(bin.parallel_us));
    let txs = counted(bin.txs, "transaction");
    if bin.blocks == 1 {
        return format!(
            "Block {}\n{}\n{times}\n{}, {txs}{diverged}",
            bin.first_number,
            ratio(bin.speedup()),
            bin.fork
        );
    }
    let speedups =
        format!("{} ({} to {})", ratio(bin.speedup()), ratio(bin.speedup_min), ratio(bin.speedup_max));
    let blocks = counted(bin.blocks, "block");
    format!(
        "Blocks {} to {}\n{speedups}\n{times}\n{blocks}, {txs}{diverged}",
        bin.first_number, bin.last_number
    )
}
