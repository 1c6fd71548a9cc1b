//! Top and bottom of the page.

use crate::{
    Summary,
    format::{count, counted, duration_us, gas, memory_bytes, percent, ratio, ratio_or_dash, throughput},
};
use maud::{Markup, html};

/// How the run ended, in the words of the banner.
struct Outcome {
    class: &'static str,
    mark: &'static str,
    sentence: String,
}

/// The page's title: the outcome, short enough for a tab.
pub(super) fn title(summary: &Summary) -> String {
    let outcome = if summary.diverged > 0 {
        format!("{} diverged", count(summary.diverged))
    } else {
        format!("{} of {} matched", count(summary.matched), count(summary.blocks))
    };
    format!("Tandem: {outcome}")
}

/// Name, banner, and one sentence on how to read it.
pub(super) fn header(summary: &Summary) -> Markup {
    let outcome = outcome(summary);
    html! {
        header {
            p.brand { "Tandem " span { "parallel against sequential execution" } }
            div class={ "banner " (outcome.class) } {
                span.mark aria-hidden="true" { (outcome.mark) }
                div {
                    h1 { (outcome.sentence) }
                    p { (details(summary)) }
                }
            }
            @if summary.partial {
                p.note.warn { strong { "Partial." } " The run was interrupted. This report has the blocks it finished." }
            }
            @if summary.repeated + summary.reverted > 0 {
                p.note {
                    "Totals are of final records. "
                    (counted(summary.repeated, "record")) " written again after a restart and "
                    (counted(summary.reverted, "record")) " of blocks that left the chain do not count."
                }
            }
        }
    }
}

fn outcome(summary: &Summary) -> Outcome {
    let blocks = counted(summary.blocks, "block");
    let Summary { diverged, inconclusive, .. } = summary;
    if *diverged > 0 {
        let sentence = format!("{} of {blocks} diverged", count(*diverged));
        Outcome { class: "bad", mark: "✕", sentence }
    } else if summary.blocks == 0 {
        Outcome { class: "warn", mark: "!", sentence: "No block was executed".to_owned() }
    } else if *inconclusive > 0 || !summary.input_errors.is_empty() || !summary.gaps.is_empty() {
        let sentence = format!("{} of {blocks} matched, nothing diverged", count(summary.matched));
        Outcome { class: "warn", mark: "!", sentence }
    } else if summary.blocks == 1 {
        Outcome { class: "good", mark: "✓", sentence: "The block matched".to_owned() }
    } else {
        Outcome { class: "good", mark: "✓", sentence: format!("All {blocks} matched") }
    }
}

fn details(summary: &Summary) -> String {
    let mut details = Vec::new();
    if summary.inconclusive > 0 {
        details.push(format!("{} could not be checked", counted(summary.inconclusive, "block")));
    }
    if !summary.input_errors.is_empty() {
        details.push(format!("{} could not be used", counted(summary.input_errors.len() as u64, "input")));
    }
    if !summary.gaps.is_empty() {
        details.push(counted(summary.gaps.len() as u64, "gap"));
    }
    if !summary.not_run.is_empty() {
        details.push(format!("{} left out", counted(summary.not_run.len() as u64, "input")));
    }
    if details.is_empty() {
        "Parallel and sequential execution of each block agree, and agree with its header where that can be checked.".to_owned()
    } else {
        format!("{}.", details.join(", "))
    }
}

/// The totals.
pub(super) fn tiles(summary: &Summary) -> Markup {
    let threads =
        summary.run.threads.map_or_else(String::new, |n| format!(", {}", counted(n as u64, "thread")));
    let rate = |us| throughput(summary.timed_gas_used, us).unwrap_or_default();
    let share = percent(summary.matched, summary.blocks);
    html! {
        section.tiles aria-label="Totals" {
            (tile("Speedup", &ratio_or_dash(summary.speedup_time_weighted), &format!("by time{threads}")))
            (tile("Geometric mean", &ratio_or_dash(summary.speedup_geomean), &range(summary)))
            (tile("Blocks", &count(summary.blocks), &format!("{share} matched")))
            (tile("Transactions", &count(summary.txs), &format!("{} gas", gas(summary.gas_used))))
            @if summary.timed_blocks > 0 {
                (tile("Sequential", &duration_us(summary.sequential_us), &rate(summary.sequential_us)))
                (tile("Parallel", &duration_us(summary.parallel_us), &rate(summary.parallel_us)))
            }
        }
    }
}

fn range(summary: &Summary) -> String {
    match (summary.speedup_min, summary.speedup_max) {
        (Some(_), Some(_)) if summary.timed_blocks == 1 => "of one block".to_owned(),
        (Some(min), Some(max)) => format!("from {} to {}", ratio(min), ratio(max)),
        _ => "no block has both times".to_owned(),
    }
}

fn tile(label: &str, value: &str, note: &str) -> Markup {
    html! {
        div.tile {
            span.label { (label) }
            strong { (value) }
            span.sub { (note) }
        }
    }
}

/// What made the report.
pub(super) fn footer(summary: &Summary) -> Markup {
    let run = &summary.run;
    let machine = run.machine.as_ref().map(|machine| {
        let memory = memory_bytes(machine.memory_bytes);
        format!(
            "{}, {}, {memory}, {}",
            machine.cpu,
            counted(machine.cores as u64, "hardware thread"),
            machine.os
        )
    });
    let version = run.version.as_ref().map(|version| match &run.commit {
        Some(commit) => format!("{version} ({commit})"),
        None => version.clone(),
    });
    let facts = [
        ("Command", run.command.clone()),
        ("Started", run.started.clone()),
        ("Machine", machine),
        ("Threads", run.threads.map(|threads| threads.to_string())),
        ("Seed", run.seed.map(|seed| seed.to_string())),
        ("Version", version),
    ];
    html! {
        footer {
            h2 { "How this was made" }
            dl {
                @for (name, value) in facts {
                    @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
                }
            }
            p.sub {
                "The records are in " a href="blocks.jsonl" { "blocks.jsonl" } ", the totals in "
                a href="summary.json" { "summary.json" } "."
            }
        }
    }
}
