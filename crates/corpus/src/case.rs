//! Reads a case: one recorded block with the state it executes on.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use alloy_consensus::{
    Header,
    proofs::{calculate_transaction_root, calculate_withdrawals_root},
};
use alloy_genesis::ChainConfig;
use alloy_primitives::{Address, B256};
use serde::Deserialize;

use crate::{
    account::{JsonState, state_of},
    block::{Block, Case, Transaction},
    chain_spec::ChainSpec,
    decode::recover_block,
    error::InputError,
    file::{find, find_or_miss, read_json},
    state::Absent,
};

mod missing;

/// A block as `eth_getBlockByNumber(n, true)` gives it.
type RpcBlock = alloy_rpc_types_eth::Block<alloy_rpc_types_eth::Transaction<Transaction>>;

/// A chain's rules: a whole genesis or only its `config`.
#[derive(Deserialize)]
#[serde(untagged)]
enum ChainFile {
    Genesis { config: ChainConfig },
    Config(ChainConfig),
}

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
        let block = read_block(&block_path, &spec)?;
        let mut state = state_of(read_json::<JsonState>(&state_path)?, Absent::Presumed);
        state.block_hashes = read_block_hashes(directory, &block.header)?;
        missing::check_senders(&block, &state, &state_path)?;
        let source = directory.display().to_string();
        Ok(Self { source, spec: Arc::new(spec), block, state: Arc::new(state) })
    }
}

fn read_spec(directory: &Path) -> Result<ChainSpec, InputError> {
    let Some(path) = find(directory, "chain.json") else { return Ok(ChainSpec::mainnet()) };
    Ok(match read_json(&path)? {
        ChainFile::Genesis { config } | ChainFile::Config(config) => ChainSpec::from_config(&config),
    })
}

fn read_block(path: &Path, spec: &ChainSpec) -> Result<Block, InputError> {
    let rpc: RpcBlock = read_json(path)?;
    let differs = |field: &str, expected: &dyn ToString, got: &dyn ToString| {
        let (expected, got) = (expected.to_string(), got.to_string());
        Err(InputError::Contradiction { path: path.to_owned(), field: field.to_owned(), expected, got })
    };
    let hash = rpc.header.hash;
    let senders: Vec<Address> =
        rpc.transactions.txns().map(|transaction| transaction.inner.signer()).collect();
    if !rpc.transactions.is_full() {
        return differs("transactions", &"whole transactions", &"their hashes");
    }
    let block = rpc.into_consensus().convert_transactions::<Transaction>();
    let block = recover_block(block, spec)
        .map_err(|source| InputError::Block { place: path.display().to_string(), source })?;
    if block.hash != hash {
        return differs("hash", &hash, &format!("a header with hash {}", block.hash));
    }
    let root = calculate_transaction_root(&block.transactions);
    if block.header.transactions_root != root {
        let got = format!("transactions with root {root}");
        return differs("transactionsRoot", &block.header.transactions_root, &got);
    }
    let root = block.withdrawals.as_deref().map(|withdrawals| calculate_withdrawals_root(withdrawals));
    if block.header.withdrawals_root != root {
        let got = format!("withdrawals with root {root:?}");
        return differs("withdrawalsRoot", &format!("{:?}", block.header.withdrawals_root), &got);
    }
    for (index, (transaction, stated)) in block.transactions.iter().zip(senders).enumerate() {
        if transaction.signer() != stated {
            let got = format!("a signature by {}", transaction.signer());
            return differs(&format!("transactions[{index}].from"), &stated, &got);
        }
    }
    Ok(block)
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
