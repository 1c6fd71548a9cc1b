//! Tells the program which commit it is built from, where that can be known.

use std::{path::Path, process::Command};

/// Git appends a line here for every commit and checkout.
const LOG: &str = "../../.git/logs/HEAD";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if !Path::new(LOG).exists() {
        return;
    }
    println!("cargo::rerun-if-changed={LOG}");
    let git = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(commit) = git.ok().filter(|git| git.status.success()) {
        println!("cargo::rustc-env=TANDEM_COMMIT={}", String::from_utf8_lossy(&commit.stdout).trim());
    }
}
