//! Says what the command line is.

use clap::{Args, Parser, Subcommand, ValueEnum};
use eyre::Result;

use crate::{
    commands::{analyze, bench, explain, generate, import, replay, report, witness},
    exit::Exit,
};

const AFTER_HELP: &str = "\
Exit status:
  0    every block matched
  1    at least one block diverged
  2    unusable arguments or input; the file, the place in it and what was expected are named
  3    nothing diverged, something could not be checked
  130  interrupted; the report holds the blocks that were done and says that it is partial

Results go to standard output; progress and messages go to standard error.";

/// Executes Ethereum blocks in parallel and compares them with sequential execution, block by block.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) display: Display,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Replay(Box<replay::Replay>),
    Bench(Box<bench::Bench>),
    Analyze(Box<analyze::Analyze>),
    Import(Box<import::Import>),
    Generate(generate::Generate),
    Witness(witness::Witness),
    Explain(explain::Explain),
    Report(report::Report),
}

impl Command {
    /// Does it.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        match self {
            Self::Replay(replay) => replay.run(display),
            Self::Bench(bench) => bench.run(display),
            Self::Analyze(analyze) => analyze.run(display),
            Self::Import(import) => import.run(display),
            Self::Generate(generate) => generate.run(display),
            Self::Witness(witness) => witness.run(),
            Self::Explain(explain) => explain.run(),
            Self::Report(report) => report.run(display),
        }
    }
}

/// How much is said on standard error, and how.
#[derive(Args, Debug)]
#[command(next_help_heading = "Display")]
pub(crate) struct Display {
    /// Log what happens: once for each block, twice for each step
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Show no progress, and log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Form of log lines
    #[arg(long, value_enum, default_value_t, global = true, value_name = "FORM")]
    pub(crate) log_format: LogFormat,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub(crate) color: Color,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Says whether a stream that is a terminal, or is not, gets colours.
    pub(crate) fn applies(self, is_terminal: bool) -> bool {
        match self {
            // https://no-color.org
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
