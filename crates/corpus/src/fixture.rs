//! Reads blockchain tests, as in ethereum/tests and the execution-spec tests, one at a time.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_eips::eip7840::BlobParams;
use alloy_hardforks::EthereumHardfork;
use alloy_primitives::B256;

use crate::{
    account::state_of,
    chain::{Chain, ChainBlock, PostState},
    chain_spec::{ChainSpec, NetworkError, fork_by_name},
    decode::decode_block,
    error::InputError,
    file::Input,
    members::{Member, Members},
    state::Absent,
};

mod json;

use json::{JsonBlob, JsonBlock, JsonConfig, JsonTest};

/// What a member of a tests file is.
pub(crate) enum Fixture {
    /// A blockchain test.
    Test(Box<Chain>),
    /// A blockchain test that the engine has no rules for.
    Unsupported {
        /// The test.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// Something that is no blockchain test.
    Other {
        /// The member.
        name: String,
        /// What it is.
        reason: &'static str,
    },
    /// A sign that the whole file is a witness.
    Witness,
}

/// Yields what is in a file of blockchain tests; holds one test in memory.
///
/// A bad test is an error, and the next one follows.
pub(crate) struct Fixtures {
    path: PathBuf,
    members: Members,
}

impl Fixtures {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let members = Members::new(Input::open(path)?);
        Ok(Self { path: path.to_owned(), members })
    }
}

impl Iterator for Fixtures {
    type Item = Result<Fixture, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.members.next()?;
        Some(member.and_then(|member| fixture(&self.path, member)))
    }
}

fn fixture(path: &Path, member: Member) -> Result<Fixture, InputError> {
    let Member { name, text, at } = member;
    if matches!(name.as_str(), "witness" | "executionWitness" | "codes") {
        return Ok(Fixture::Witness);
    }
    let Some(text) = text else {
        return Ok(Fixture::Other { name, reason: "not a test: its value is no object" });
    };
    let test: JsonTest =
        serde_json::from_slice(&text).map_err(|error| InputError::json(path, &name, at, &error))?;
    drop(text);
    if let Some(reason) = test.other_kind() {
        return Ok(Fixture::Other { name, reason });
    }
    match chain(path, &name, at, test) {
        Ok(chain) => Ok(Fixture::Test(Box::new(chain))),
        Err(InputError::Network { source: NetworkError::Unsupported { reason, network }, .. }) => {
            Ok(Fixture::Unsupported { name, reason: format!("network `{network}`: {reason}") })
        }
        Err(error) => Err(error),
    }
}

fn chain(path: &Path, name: &str, at: (usize, usize), test: JsonTest) -> Result<Chain, InputError> {
    let missing = |field: &str| {
        let problem = format!("missing field `{field}` of a blockchain test");
        InputError::Json { path: path.to_owned(), place: name.to_owned(), line: at.0, column: at.1, problem }
    };
    let place = format!("{}: {name}", path.display());
    let config = test.config.unwrap_or_default();
    let network = test.network.or_else(|| config.network.clone()).ok_or_else(|| missing("network"))?;
    let spec = spec(&network, config).map_err(|source| InputError::Network {
        path: path.to_owned(),
        test: name.to_owned(),
        source,
    })?;
    let genesis_rlp = test.genesis_rlp.ok_or_else(|| missing("genesisRLP"))?;
    let genesis = decode_block(&genesis_rlp, &spec)
        .map_err(|source| InputError::Block { place: format!("{place}: genesisRLP"), source })?;
    let pre = test.pre.ok_or_else(|| missing("pre"))?;
    let blocks = test.blocks.ok_or_else(|| missing("blocks"))?;
    let accounts = test.post_state.map(|state| PostState::Accounts(Arc::new(state_of(state, Absent::Empty))));
    let blocks = blocks.into_iter().enumerate();
    let blocks: Vec<_> = blocks.map(|(index, block)| Ok(chain_block(block, &place, index))).collect();
    Ok(Chain {
        source: place,
        spec: Arc::new(spec),
        genesis: genesis.header,
        genesis_hash: test.genesis_block_header.and_then(|header| header.hash),
        state: Arc::new(state_of(pre, Absent::Empty)),
        blocks: Box::new(blocks.into_iter()),
        last_hash: test.last_block_hash,
        post_state: accounts.or(test.post_state_hash.map(PostState::Root)),
    })
}

/// Returns the rules that a test states: its network, chain id and blob schedule.
fn spec(network: &str, config: JsonConfig) -> Result<ChainSpec, NetworkError> {
    let mut spec = ChainSpec::network(network)?;
    if let Some(chain_id) = config.chain_id {
        spec = spec.with_chain_id(chain_id.0);
    }
    let blobs = config.blob_schedule.unwrap_or_default().into_iter().map(blob_params);
    Ok(spec.with_blobs(blobs.collect::<Result<Vec<_>, _>>()?))
}

fn blob_params((fork, blob): (String, JsonBlob)) -> Result<(EthereumHardfork, BlobParams), NetworkError> {
    let params = BlobParams {
        target_blob_count: blob.target.0,
        max_blob_count: blob.max.0,
        update_fraction: blob.update_fraction.0.into(),
        ..BlobParams::cancun()
    };
    let known = fork_by_name(&fork).ok_or(NetworkError::Unknown { network: fork })?;
    Ok((known, params))
}

fn chain_block(block: JsonBlock, test: &str, index: usize) -> ChainBlock {
    let hash: Option<B256> = block.header.and_then(|header| header.hash);
    let expected_exception = block.expected_exception;
    ChainBlock { rlp: block.rlp, hash, expected_exception, place: format!("{test}: block {index}") }
}

#[cfg(test)]
mod tests;
