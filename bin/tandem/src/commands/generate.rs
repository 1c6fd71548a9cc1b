//! `tandem generate`: writes a generated chain to disk.

use std::path::PathBuf;

use clap::Args;
use eyre::Result;
use tandem_corpus::generate::{GenerateOptions, write_chain};

use crate::{
    args::{Generated, Threads},
    cli::Display,
    exit::Exit,
    interrupt::Interrupt,
    progress::Progress,
    roots::MemoryTries,
    terminal,
};

const AFTER_HELP: &str = "\
Examples:
  tandem generate --out chain mixed:20:200
  tandem generate --out chain mixed:2000:500 --users 100000    a state that fits no cache";

/// Writes a generated chain: genesis.json and chain.rlp
///
/// The chain is a source of `tandem replay` and what `tandem import` takes; the same seed gives the same bytes
/// everywhere. One state and one block are held in memory.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Generate {
    /// Kind of blocks, how many, and transactions in each; the kinds are those of `tandem replay`
    #[arg(value_name = "WORKLOAD[:BLOCKS[:TXS]]")]
    generated: Generated,
    /// Directory to write to; files of an earlier chain are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed; the same seed gives the same chain everywhere
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// Users who have ether and tokens at genesis and send in turn; at least one for each transaction of a block
    #[arg(long, default_value_t = 0, value_name = "N")]
    users: usize,
    /// Branches that the chain leaves again, of 1 to 64 blocks in turn; each is written before the blocks that replace it
    #[arg(long, default_value_t = 0, value_name = "N")]
    reorgs: usize,
    /// Threads that compute state roots
    #[arg(long, default_value_t, value_name = "N|auto")]
    threads: Threads,
}

impl Generate {
    /// Runs the subcommand.
    pub(crate) fn run(&self, display: &Display) -> Result<Exit> {
        let Generated { workload, blocks, txs } = self.generated;
        let options = GenerateOptions {
            blocks,
            txs_per_block: txs,
            users: self.users,
            reorgs: self.reorgs,
            ..Default::default()
        };
        let interrupt = Interrupt::listen()?;
        let progress = Progress::start(display);
        let mut roots = MemoryTries::new(self.threads.count());
        let (mut written, mut gas_used) = (0, 0);
        let files = write_chain(&self.out, (workload, self.seed), options, &mut roots, &mut |header| {
            written += 1;
            gas_used += header.gas_used;
            progress.show(written, gas_used, &format_args!("of {blocks} written"));
            !interrupt.is_wanted()
        });
        progress.end();
        let files = files?;
        terminal::print(&format!(
            "genesis  {}\nchain    {}\nblocks   {}: {} transactions, {:.0} Mgas\nhead     {}\n",
            files.genesis.display(),
            files.chain.display(),
            files.blocks,
            files.txs,
            files.gas_used as f64 / 1e6,
            files.head,
        ))?;
        if files.left > 0 {
            terminal::print(&format!("left     {} blocks on {} branches\n", files.left, self.reorgs))?;
        }
        Ok(if files.blocks < blocks { Exit::Interrupted } else { Exit::Matched })
    }
}
