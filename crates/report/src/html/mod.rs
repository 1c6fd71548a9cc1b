//! The page: one file that opens offline, with plots inside.
//!
//! Everything that comes from records is escaped by maud. Style and script are part of the page, and its content
//! security policy forbids it to load anything.

mod charts;
mod path;
mod scale;
mod sections;
mod tables;

use crate::{Summary, overview::Overview};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'";

/// The page of a report.
pub(crate) fn page(summary: &Summary, overview: &Overview) -> String {
    let body = html! {
        main {
            (sections::header(summary))
            (sections::tiles(summary))
            (tables::diverged(summary, overview))
            (tables::inconclusive(summary, overview))
            (tables::gaps(summary))
            (tables::input_errors(summary))
            (charts::speedups(overview.series()))
            (charts::times(overview.series()))
            div.columns {
                div { (charts::parallelism(summary, overview)) (tables::outlook(summary)) (tables::checks(summary)) }
                div { (charts::conflicts(overview)) (tables::forks(summary)) }
            }
            (tables::slowest(overview))
            (tables::not_run(summary))
            (sections::footer(summary))
        }
    };
    document(&sections::title(summary), &body).into_string()
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
