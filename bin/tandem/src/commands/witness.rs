//! `tandem witness`: writes witnesses of imported blocks.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_primitives::hex;
use clap::Args;
use eyre::{Result, WrapErr, ensure, eyre};
use serde_json::{Value, json};
use tandem_corpus::{ChainSpec, GenesisFile, Transaction, decode_block, encode_block};
use tandem_state::{ExecutionWitness, Store};

use crate::{
    exit::Exit,
    import::{datadir, witness},
    terminal,
};

/// Writes witnesses of imported blocks: NUMBER.json, sources of `tandem replay`
///
/// Each block is executed on what the store has of its parent, and what that reads is written down with its proofs, as
/// `debug_executionWitness` returns it, with the block and the chain's rules.
#[derive(Args, Debug)]
pub(crate) struct Witness {
    /// Blocks, by number; the state of their parents must still be in the store
    #[arg(required = true, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    blocks: Vec<u64>,
    /// Directory of the store that `tandem import` made
    #[arg(long, value_name = "DIR")]
    datadir: PathBuf,
    /// The chain's genesis in geth's format
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Witness {
    /// Runs the subcommand.
    pub(crate) fn run(&self) -> Result<Exit> {
        let datadir = self.datadir.display();
        ensure!(
            Store::exists(&self.datadir),
            "{datadir}: expected a store that tandem import made, found none"
        );
        let chain = chain(&self.genesis)?;
        let (store, spec) = datadir::open(&self.datadir, &self.genesis)?;
        fs::create_dir_all(&self.out).wrap_err_with(|| format!("cannot make {}", self.out.display()))?;
        for number in &self.blocks {
            let (block, witness) =
                witness(&store, &spec, *number).wrap_err_with(|| format!("{datadir}: block {number}"))?;
            let ExecutionWitness { state, codes, keys, headers } = witness;
            let witness = json!({ "state": state, "codes": codes, "keys": keys, "headers": headers });
            let path = self.out.join(format!("{number}.json"));
            let text = json!({ "chain": chain, "block": hex::encode_prefixed(block), "witness": witness });
            fs::write(&path, text.to_string())
                .wrap_err_with(|| format!("cannot write {}", path.display()))?;
            terminal::print(&format!("{}\n", path.display()))?;
        }
        Ok(Exit::Matched)
    }
}

/// Returns the rules as a witness states them.
fn chain(genesis: &Path) -> Result<Value> {
    let config = GenesisFile::read(genesis)?.config;
    Ok(config.map_or_else(|| json!("mainnet"), |config| json!(config)))
}

/// Returns a block's RLP and its witness.
fn witness(store: &Store, spec: &Arc<ChainSpec>, number: u64) -> Result<(Vec<u8>, ExecutionWitness)> {
    let header =
        store.header_by_number(number)?.ok_or_else(|| eyre!("expected a block at or below the head"))?;
    let body = store.body(header.hash_slow())?.ok_or_else(|| eyre!("expected its body in the store"))?;
    let rlp = alloy_rlp::encode(alloy_consensus::Block::<Transaction>::new(header, body));
    let block = decode_block(&rlp, spec)?;
    Ok((encode_block(&block), witness::of_block(store, spec, block)?))
}
