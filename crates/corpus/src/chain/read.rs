//! Reads a chain from a directory: `genesis.json` and `*.rlp`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_genesis::{ChainConfig, Genesis};
use alloy_primitives::B256;

use super::{Chain, ChainBlocks, RlpBlocks, genesis::genesis_state, genesis_header};
use crate::{
    chain_spec::ChainSpec,
    error::InputError,
    file::{find_or_miss, read_json},
};

impl Chain {
    /// Reads the genesis of a directory and gets ready to read the blocks of its files, one file after the other.
    ///
    /// A genesis without a `config` has mainnet's rules. A file that cannot be opened is an error among the blocks.
    pub fn read(directory: &Path, files: Vec<PathBuf>) -> Result<Self, InputError> {
        let path = find_or_miss(directory, "genesis.json", "the genesis of the chain")?;
        if files.is_empty() {
            let expected = "the chain's blocks (*.rlp) beside genesis.json";
            return Err(InputError::Missing { path: directory.join("chain.rlp"), expected });
        }
        let genesis: Genesis = read_json(&path)?;
        let spec = if genesis.config == ChainConfig::default() {
            ChainSpec::mainnet()
        } else {
            ChainSpec::from_genesis(&genesis)
        };
        let header = genesis_header(&genesis, &spec, B256::ZERO);
        Ok(Self {
            source: directory.display().to_string(),
            spec: Arc::new(spec),
            genesis: header,
            genesis_hash: None,
            state: Arc::new(genesis_state(genesis)),
            blocks: blocks(files),
            last_hash: None,
            post_state: None,
        })
    }
}

fn blocks(files: Vec<PathBuf>) -> ChainBlocks {
    let opened = files.into_iter().map(|path| RlpBlocks::open(&path));
    Box::new(opened.flat_map(|file| -> ChainBlocks {
        match file {
            Ok(blocks) => Box::new(blocks),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }))
}
