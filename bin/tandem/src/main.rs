//! The `tandem` program: the only place that knows the command line, the environment and the terminal.
//!
//! One subcommand a file in [`commands`]; what `replay`, `bench` and `analyze` do with a block is in
//! [`replay`], [`mod@bench`] and [`analyze`], what `explain` does with evidence in [`explain`].

mod analyze;
mod args;
mod bench;
mod cli;
mod commands;
mod exit;
mod explain;
mod import;
mod interrupt;
mod log;
mod machine;
mod metrics;
mod progress;
mod replay;
mod roots;
mod terminal;
mod valid;

use clap::Parser;

use crate::{cli::Cli, exit::Exit};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    terminal::start(&cli.display);
    log::start(&cli.display);
    let exit = cli.command.run(&cli.display).unwrap_or_else(|error| {
        terminal::error(&format!("{error:#}"));
        Exit::Unusable
    });
    exit.into()
}
