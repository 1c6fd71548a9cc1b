//! Imports that run while a test watches what they say is on disk.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use tandem_tests::program::command;

use super::chain::IMPORT;

/// Longer than any build machine takes; a failure, not a wait, if it passes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts an import that logs what is on disk.
pub(super) fn spawn(directory: &Path, more: &[&str]) -> Child {
    let arguments = IMPORT.iter().chain(more).chain(&["-v", "--log-format", "text"]);
    command(directory, arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The number in a log line that says that blocks are on disk.
pub(super) fn committed(line: &str) -> Option<u64> {
    let (_, number) = line.split_once("committed number=")?;
    number.split(' ').next()?.parse().ok()
}

/// Reads log lines until one says that blocks are on disk and the moment has come, or the program ends; returns the
/// last number.
pub(super) fn wait_for(child: &mut Child, is_time: impl Fn(u64) -> bool) -> Option<u64> {
    let stderr = child.stderr.as_mut().unwrap();
    let (mut last, begun) = (None, Instant::now());
    for line in BufReader::new(stderr).lines() {
        last = committed(&line.unwrap()).or(last);
        assert!(begun.elapsed() < PATIENCE, "no end after {PATIENCE:?}");
        if last.is_some_and(&is_time) {
            break;
        }
    }
    last
}

/// Reads what was logged before the end.
pub(super) fn drain(child: &mut Child) -> Option<u64> {
    let mut text = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
    text.lines().filter_map(committed).next_back()
}
