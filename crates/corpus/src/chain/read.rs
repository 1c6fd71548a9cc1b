//! Reads a chain from a directory: `genesis.json` and `*.rlp` or `*.era1`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::Decodable;

use super::{Chain, ChainBlock, ChainBlocks, GenesisFile, open_blocks};
use crate::{error::InputError, file::find_or_miss};

impl Chain {
    /// Reads the genesis of a directory and gets ready to read the blocks of its files, one file after the other.
    ///
    /// A genesis without a `config` is mainnet's, or an error. A file that cannot be opened is an error among the blocks.
    /// Files that begin with the genesis block itself (era1, and what geth exports) state its hash by it.
    pub fn read(directory: &Path, files: Vec<PathBuf>) -> Result<Self, InputError> {
        let path = find_or_miss(directory, "genesis.json", "the genesis of the chain")?;
        if files.is_empty() {
            let expected = "the chain's blocks (*.rlp, *.era1) beside genesis.json";
            return Err(InputError::Missing { path: directory.join("chain.rlp"), expected });
        }
        let file = GenesisFile::read(&path)?;
        let mainnet_hash = file.expected_hash();
        let GenesisFile { spec, header, state, .. } = file;
        let mut blocks = blocks(files);
        let first = blocks.next();
        let genesis_hash = first.as_ref().and_then(|block| stated_hash(block, header.number));
        let first = first.filter(|_| genesis_hash.is_none());
        Ok(Self {
            source: directory.display().to_string(),
            spec,
            genesis: header,
            genesis_hash: mainnet_hash.or(genesis_hash),
            state: Arc::new(state),
            blocks: Box::new(first.into_iter().chain(blocks)),
            last_hash: None,
            post_state: None,
        })
    }
}

/// Returns the hash of a block that has the genesis' number.
fn stated_hash(block: &Result<ChainBlock, InputError>, genesis_number: u64) -> Option<B256> {
    let mut rlp = &block.as_ref().ok()?.rlp[..];
    alloy_rlp::Header::decode(&mut rlp).ok().filter(|list| list.list)?;
    let header = Header::decode(&mut rlp).ok()?;
    (header.number == genesis_number).then(|| header.hash_slow())
}

fn blocks(files: Vec<PathBuf>) -> ChainBlocks {
    let opened = files.into_iter().map(|path| open_blocks(&path));
    Box::new(opened.flat_map(|file| file.unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))))
}
