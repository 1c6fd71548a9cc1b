//! Starts the log: lines on standard error.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::fmt;

use crate::cli::{Display, LogFormat};

/// Starts the log of this process.
///
/// Errors are always logged; `-v` adds a line for each block, `-vv` a line for each step. Warnings are shown unless
/// `-q` is given.
pub(crate) fn start(display: &Display) {
    let level = match (display.quiet, display.verbose) {
        (true, _) => Level::ERROR,
        (false, 0) => Level::WARN,
        (false, 1) => Level::INFO,
        (false, 2) => Level::DEBUG,
        (false, _) => Level::TRACE,
    };
    let ansi = display.color.applies(io::stderr().is_terminal());
    let log = fmt().with_max_level(level).with_writer(io::stderr).with_ansi(ansi).with_target(false);
    match display.log_format {
        LogFormat::Text => log.compact().init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
