//! Runs a command when a block diverges.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tandem_report::{BlockRecord, json};

use crate::meters;

/// The longest that a command may run.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a running command is looked at.
const STEP: Duration = Duration::from_millis(20);

/// A program that is run on a divergence.
///
/// It is started as it is, by no shell, and nothing of the block is among its arguments: it reads the record, one line of
/// JSON, from its standard input. A webhook is such a command: `curl --json @- URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl AlertCommand {
    /// Runs the command and waits for its end; one that runs too long is ended.
    ///
    /// A command that fails is told in the log and counted; the divergence is in the report in any case.
    pub(crate) fn run(&self, record: &BlockRecord) {
        match self.try_run(record) {
            Ok(()) => meters::alerted("sent"),
            Err(error) => {
                meters::alerted("failed");
                tracing::error!(program = %self.program.display(), %error, "the alert command failed");
            }
        }
    }

    fn try_run(&self, record: &BlockRecord) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A pipe takes a record at once; a program that does not read it is no error.
            let _unread = input.write_all(format!("{}\n", json::line(record)).as_bytes());
        }
        let status = wait(&mut child)?;
        if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
    }
}

fn wait(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if started.elapsed() >= PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("ended after {PATIENCE:?}")));
        }
        thread::sleep(STEP);
    }
}
