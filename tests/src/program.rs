//! Builds and runs the program.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// How a run of the program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit status; none if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Returns the path of the program, as `cargo build -p tandem` makes it.
///
/// It is built on the first call, in the profile of the tests: only a build of its own has the features that users
/// get, because tests beside it may turn features on that are for tests.
///
/// # Panics
/// If it does not build.
pub fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--package", "tandem", "--message-format", "json"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let built = build.current_dir(root()).stderr(Stdio::inherit()).output();
        let built = built.expect("cargo runs, it runs this test");
        assert!(built.status.success(), "cargo build --package tandem failed");
        executable(&built.stdout).expect("cargo names the executable it builds")
    })
}

/// Finds the program among cargo's messages.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    String::from_utf8_lossy(messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "tandem")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Returns the project's root directory.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Prepares to run the program in a directory; nothing of this process' terminal is passed on.
pub fn command<I: AsRef<OsStr>>(directory: &Path, arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(path());
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    // Help is wrapped to the terminal's width where there is one.
    command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs the program in a directory to its end.
///
/// # Panics
/// If it cannot be started.
pub fn run<I: AsRef<OsStr>>(directory: &Path, arguments: impl IntoIterator<Item = I>) -> Ended {
    let output = command(directory, arguments).output().expect("the program was built and starts");
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
