//! `tandem-reth`: reth with the parallel executor.
//!
//! All of reth's commands, with `--tandem.*` options beside them. What is here adapts reth's traits and nothing else:
//! 1. [`args`]: our options; [`commands`]: which components each of reth's commands gets;
//! 2. [`node`]: the node type, and the builder of its executor;
//! 3. [`config`]: reth's view of the executor (`ConfigureEvm`, `ConfigureEngineEvm`), [`assembler`];
//! 4. [`look_ahead`]: what workers are given before a block, or why not; [`payload`]: senders of a payload's transactions;
//!    [`parents`]: states before blocks;
//! 5. [`batch`]: the same for blocks of a batch, which reth's pipeline executes before any is written;
//! 6. [`engine`]: who decides where a parallel execution makes a block invalid;
//!    [`consensus`]: its checks after execution;
//! 7. [`counters`]: what became of blocks; [`exex`]: their validation.

mod args;
mod assembler;
mod batch;
mod commands;
mod config;
mod consensus;
mod counters;
mod engine;
mod exex;
#[cfg(feature = "fault-injection")]
mod fault;
mod look_ahead;
mod node;
mod parents;
mod payload;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: reth_cli_util::allocator::Allocator = reth_cli_util::allocator::new_allocator();

#[expect(clippy::print_stderr, reason = "there may be no log yet")]
fn main() -> ExitCode {
    reth_cli_util::sigsegv_handler::install();
    match commands::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:?}");
            ExitCode::FAILURE
        }
    }
}
