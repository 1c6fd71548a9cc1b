//! Writes messages to the terminal, in colour where that is wanted.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    sync::OnceLock,
};

use crate::cli::{Color, Display};

/// What the command line says about colours; set once, before anything is written.
static COLOR: OnceLock<Color> = OnceLock::new();

/// Whether notes are left out; set once too.
static QUIET: OnceLock<bool> = OnceLock::new();

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// Sets how messages look; only the first call counts.
pub(crate) fn start(display: &Display) {
    let _ = COLOR.set(display.color);
    let _ = QUIET.set(display.quiet);
}

/// Writes an error: one line on standard error.
pub(crate) fn error(message: &str) {
    line("error", RED, message);
}

/// Writes a warning: one line on standard error.
pub(crate) fn warning(message: &str) {
    line("warning", YELLOW, message);
}

/// Writes a line on standard error that is neither; `-q` silences it.
pub(crate) fn note(message: &str) {
    if !QUIET.get().copied().unwrap_or_default() {
        // There is nobody to tell that standard error cannot be written to.
        let _ = writeln!(io::stderr().lock(), "{}", one_line(message));
    }
}

/// Joins an error and its causes.
pub(crate) fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// Writes to standard output.
///
/// A reader that went away (`tandem replay | head`) is no error of ours.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn line(kind: &str, color: &str, message: &str) {
    let mut stderr = io::stderr().lock();
    let is_colored = COLOR.get().copied().unwrap_or_default().applies(stderr.is_terminal());
    let message = one_line(message);
    // There is nobody to tell that standard error cannot be written to.
    let _ = if is_colored {
        writeln!(stderr, "{color}{kind}{RESET}: {message}")
    } else {
        writeln!(stderr, "{kind}: {message}")
    };
}

/// Joins lines and escapes control characters, which may come from an input.
fn one_line(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '\n' => text.push(' '),
            other if other.is_control() => text.extend(other.escape_default()),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_message_is_one_line_without_control_characters() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc"), "a b\\u{1b}[2Jc");
    }
}
