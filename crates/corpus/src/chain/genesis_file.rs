//! Reads a geth genesis from its file.

use std::{path::Path, sync::Arc};

use alloy_consensus::{Header, constants::MAINNET_GENESIS_HASH};
use alloy_genesis::{ChainConfig, Genesis};
use alloy_primitives::B256;
use serde::Deserialize;

use super::{genesis::genesis_state, genesis_header};
use crate::{
    chain_spec::ChainSpec,
    error::InputError,
    file::{Input, parse_json},
    state::PlainState,
};

/// A chain's beginning, as a geth genesis file states it.
#[derive(Debug)]
pub struct GenesisFile {
    /// The chain's rules; mainnet's where the file has no `config`.
    pub spec: Arc<ChainSpec>,
    /// The rules as the file states them, if it does.
    pub config: Option<ChainConfig>,
    /// The genesis header; its state root is zero where the file does not state it. See [`Self::header_with`].
    pub header: Header,
    /// The genesis state.
    pub state: PlainState,
}

/// What geth does not look at, and others write.
#[derive(Deserialize)]
struct Stated {
    #[serde(rename = "stateRoot")]
    state_root: Option<B256>,
}

impl GenesisFile {
    /// Reads a file, compressed or not.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let content = Input::open(path)?.read_to_end()?;
        let genesis: Genesis = parse_json(path, &content)?;
        let stated: Stated = parse_json(path, &content)?;
        let config = Some(genesis.config.clone()).filter(|config| *config != ChainConfig::default());
        let spec = config.as_ref().map_or_else(ChainSpec::mainnet, ChainSpec::from_config);
        let header = genesis_header(&genesis, &spec, stated.state_root.unwrap_or_default());
        Ok(Self { spec: Arc::new(spec), config, header, state: genesis_state(genesis) })
    }

    /// Returns the hash that the genesis must have, where that is known: without a `config` only mainnet's will do.
    pub fn expected_hash(&self) -> Option<B256> {
        self.config.is_none().then_some(MAINNET_GENESIS_HASH)
    }

    /// Returns the genesis header with its state root, computed by the caller from the state.
    ///
    /// Fails where the file states another root, or where it has no `config` and is not mainnet's.
    pub fn header_with(&self, path: &Path, state_root: B256) -> Result<Header, InputError> {
        let field = "genesis hash (without a `config` it must be mainnet's)";
        with_root(path, &self.header, state_root, self.expected_hash().map(|hash| (field, hash)))
    }
}

/// Completes a genesis header, and holds it against what its source says.
pub(super) fn with_root(
    path: &Path,
    genesis: &Header,
    state_root: B256,
    expected_hash: Option<(&str, B256)>,
) -> Result<Header, InputError> {
    let contradiction = |field: &str, expected: B256, got: B256| InputError::Contradiction {
        path: path.to_owned(),
        field: field.to_owned(),
        expected: expected.to_string(),
        got: got.to_string(),
    };
    let stated = genesis.state_root;
    if !stated.is_zero() && stated != state_root {
        return Err(contradiction("genesis state root", stated, state_root));
    }
    let header = Header { state_root, ..genesis.clone() };
    match expected_hash {
        Some((field, stated)) if stated != header.hash_slow() => {
            Err(contradiction(field, stated, header.hash_slow()))
        }
        _ => Ok(header),
    }
}
