//! Opens the store of a data directory, and the files of blocks.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eyre::{Result, WrapErr};
use tandem_corpus::{ChainBlocks, ChainSpec, GenesisFile, open_blocks};
use tandem_state::{GenesisAccount, Store, StoreConfig};

/// Opens the store of a chain, or makes it.
///
/// A directory of another chain is an error, and nothing in it changes.
pub(crate) fn open(datadir: &Path, genesis: &Path) -> Result<(Store, Arc<ChainSpec>)> {
    let file = GenesisFile::read(genesis)?;
    let header = file.header_with(genesis, tandem_chain::state_root(&file.state))?;
    let GenesisFile { spec, state, .. } = file;
    let config = StoreConfig::default();
    let store = if Store::exists(datadir) {
        Store::open(datadir, config, header.hash_slow())
    } else {
        let contracts = state.contracts;
        let accounts = state.accounts.into_iter().map(|(address, account)| GenesisAccount {
            address,
            nonce: account.info.nonce,
            balance: account.info.balance,
            code: contracts
                .get(&account.info.code_hash)
                .map(|code| code.original_bytes())
                .unwrap_or_default(),
            storage: account.storage.into_iter().collect(),
        });
        Store::create(datadir, config, &header, accounts)
    };
    Ok((store.wrap_err_with(|| format!("{}", datadir.display()))?, spec))
}

/// Reads the blocks of files, one file after the other.
pub(crate) fn blocks(files: Vec<PathBuf>) -> ChainBlocks {
    Box::new(files.into_iter().flat_map(|path| match open_blocks(&path) {
        Ok(blocks) => blocks,
        Err(error) => Box::new(std::iter::once(Err(error))),
    }))
}
