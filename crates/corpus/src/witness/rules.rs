//! Finds the rules of a witness' chain by looking: what states them, and what the transactions say.

use std::path::Path;

use alloy_consensus::Transaction as _;

use super::json::JsonChain;
use crate::{
    block::Transaction,
    chain_spec::{ChainSpec, KNOWN_CHAINS},
    error::InputError,
};

/// Returns the rules that a file states.
pub(super) fn stated(chain: JsonChain, path: &Path) -> Result<ChainSpec, InputError> {
    match chain {
        JsonChain::Config(config) => Ok(ChainSpec::from_config(&config)),
        JsonChain::Name(name) => ChainSpec::by_name(&name).ok_or_else(|| InputError::Field {
            path: path.to_owned(),
            field: "chain".to_owned(),
            expected: format!("{KNOWN_CHAINS}, or a genesis config"),
            got: name,
        }),
    }
}

/// Returns the stated rules, or else those of the public chain that the transactions name; never a default.
///
/// Whatever is stated, every transaction that names a chain must name that one.
pub(super) fn of<'a>(
    stated: Option<ChainSpec>,
    transactions: impl Iterator<Item = &'a Transaction>,
    path: &Path,
) -> Result<ChainSpec, InputError> {
    let ids: Vec<(usize, u64)> =
        transactions.enumerate().filter_map(|(index, tx)| Some((index, tx.chain_id()?))).collect();
    let spec = match (stated, ids.first()) {
        (Some(spec), _) => spec,
        (None, Some((_, chain_id))) => {
            ChainSpec::by_chain_id(*chain_id).ok_or_else(|| unknown(path, format!("chain id {chain_id}")))?
        }
        (None, None) => return Err(unknown(path, "nothing, and no transaction names a chain".to_owned())),
    };
    match ids.into_iter().find(|(_, chain_id)| *chain_id != spec.chain_id) {
        Some((index, chain_id)) => Err(InputError::Contradiction {
            path: path.to_owned(),
            field: format!("block: transaction {index}"),
            expected: format!("chain id {}", spec.chain_id),
            got: chain_id.to_string(),
        }),
        None => Ok(spec),
    }
}

fn unknown(path: &Path, got: String) -> InputError {
    let expected = format!("{KNOWN_CHAINS}, or a genesis config");
    InputError::Field { path: path.to_owned(), field: "chain".to_owned(), expected, got }
}
