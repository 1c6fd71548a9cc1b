//! Reads a case: one recorded block with the state it executes on.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::B256;

use crate::{
    account::{JsonState, state_of},
    block::Case,
    chain_spec::ChainSpec,
    error::InputError,
    file::{find, find_or_miss, read_json},
    rpc_block::{RpcBlock, block_of},
    state::Absent,
};

mod missing;

impl Case {
    /// Reads the case of a directory.
    ///
    /// A tracer leaves out accounts that do not exist, so an account that is not in `pre_state.json` is presumed not
    /// to exist ([`Absent::Presumed`]). A sender that has sent before does exist: where it is absent, the case is
    /// refused here. [`Case::missing_account`] is for what only execution shows.
    ///
    /// A block lists its ommers by hash only, so their headers are unknown: the block executes without the rewards
    /// for ommers, which no receipt shows.
    pub fn read(directory: &Path) -> Result<Self, InputError> {
        let block_path = find_or_miss(directory, "block.json", "the block with its transactions")?;
        let state_path = find_or_miss(directory, "pre_state.json", "the state before the block")?;
        let spec = read_spec(directory)?;
        let block = block_of(read_json::<RpcBlock>(&block_path)?, &block_path, &spec)?;
        let mut state = state_of(read_json::<JsonState>(&state_path)?, Absent::Presumed);
        state.block_hashes = read_block_hashes(directory, &block.header)?;
        missing::check_senders(&block, &state, &state_path)?;
        let source = directory.display().to_string();
        Ok(Self { source, spec: Arc::new(spec), block, state: Arc::new(state) })
    }
}

fn read_spec(directory: &Path) -> Result<ChainSpec, InputError> {
    Ok(ChainSpec::read(directory)?.unwrap_or_else(ChainSpec::mainnet))
}

/// Reads the hashes that BLOCKHASH may ask for; the parent's is in the header.
fn read_block_hashes(directory: &Path, header: &Header) -> Result<BTreeMap<u64, B256>, InputError> {
    let mut hashes = match find(directory, "block_hashes.json") {
        Some(path) => read_json::<BTreeMap<u64, B256>>(&path)?,
        None => BTreeMap::new(),
    };
    if let Some(parent) = header.number.checked_sub(1) {
        hashes.insert(parent, header.parent_hash);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests;
