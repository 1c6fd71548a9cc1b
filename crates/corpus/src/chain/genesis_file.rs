//! Reads a geth genesis from its file.

use std::{path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_genesis::{ChainConfig, Genesis};
use alloy_primitives::B256;

use super::{genesis::genesis_state, genesis_header};
use crate::{chain_spec::ChainSpec, error::InputError, file::read_json, state::PlainState};

/// A chain's beginning, as a geth genesis file states it.
#[derive(Debug)]
pub struct GenesisFile {
    /// The chain's rules; mainnet's where the file has no `config`.
    pub spec: Arc<ChainSpec>,
    /// The rules as the file states them, if it does.
    pub config: Option<ChainConfig>,
    /// The genesis header without its state root, which is computed from the state.
    pub header: Header,
    /// The genesis state.
    pub state: PlainState,
}

impl GenesisFile {
    /// Reads a file, compressed or not.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let genesis: Genesis = read_json(path)?;
        let config = Some(genesis.config.clone()).filter(|config| *config != ChainConfig::default());
        let spec = config.as_ref().map_or_else(ChainSpec::mainnet, ChainSpec::from_config);
        let header = genesis_header(&genesis, &spec, B256::ZERO);
        Ok(Self { spec: Arc::new(spec), config, header, state: genesis_state(genesis) })
    }
}
