//! Reads a witness: a block with what executing it needs of its parent's state, proved by the parent's state root.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};

use crate::{
    block::Block,
    chain_spec::ChainSpec,
    decode::{decode_unrecovered, recover_block},
    error::InputError,
    file::{Input, find, find_or_miss, read_json},
    rpc_block::{block_of, check_body, check_ommers},
};

mod ancestors;
mod json;
mod rules;

use ancestors::Ancestors;
use json::{JsonBlock, JsonExecutionWitness, JsonWitness};

/// One block with the part of its parent's state that executing it needs.
///
/// Trie nodes and codes are as the source gives them: whoever holds a state made of them finds each by its hash, and
/// so believes nothing that the root does not prove.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Where it came from, for people: a file or directory.
    pub source: String,
    /// The chain's rules.
    pub spec: Arc<ChainSpec>,
    /// The block.
    pub block: Block,
    /// The parent's header, where the source has it.
    pub parent: Option<Header>,
    /// Root of the state before the block: the parent header's, or else what the source states.
    pub parent_state_root: B256,
    /// RLP of trie nodes, in any order.
    pub state: Vec<Bytes>,
    /// Codes, in any order.
    pub codes: Vec<Bytes>,
    /// Hashes of ancestors for BLOCKHASH: the parent's, those that the headers prove, and those that the source states.
    pub block_hashes: BTreeMap<u64, B256>,
}

/// A witness under way: read, and not checked.
struct Parts {
    path: PathBuf,
    source: String,
    /// The rules, where something states them.
    spec: Option<ChainSpec>,
    json: JsonWitness,
}

impl Witness {
    /// Reads a JSON file with the members `block` (RLP, or as `eth_getBlockByNumber(n, true)` gives it) and `witness` or
    /// `executionWitness` (the `debug_executionWitness` result).
    ///
    /// Optional members: `chain` (the name of a public chain, or a geth genesis config), `pre_state_root`, needed where
    /// `headers` has no parent, `block_hashes`, and `number`, `hash`, `state_root`, `receipts_root`, which must then be
    /// the block's. Without `chain` the block's transactions must name a public chain by its id (EIP-155).
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let mut json: JsonWitness = read_json(path)?;
        let spec = json.chain.take().map(|chain| rules::stated(chain, path)).transpose()?;
        witness(Parts { path: path.to_owned(), source: path.display().to_string(), spec, json })
    }

    /// Reads a directory with `block.json` or `block.rlp`, and `witness.json` (the `debug_executionWitness` result).
    ///
    /// A `chain.json` with the genesis config of the chain is optional as `chain` is in a file.
    pub fn read_directory(directory: &Path) -> Result<Self, InputError> {
        let witness_path = find_or_miss(directory, "witness.json", "the result of debug_executionWitness")?;
        let result: JsonExecutionWitness = read_json(&witness_path)?;
        let block = match find(directory, "block.rlp") {
            Some(path) => JsonBlock::Rlp(Input::open(&path)?.read_to_end()?.into()),
            None => {
                let path = find_or_miss(directory, "block.json", "the block with its transactions")?;
                JsonBlock::Rpc(Box::new(read_json(&path)?))
            }
        };
        let spec = ChainSpec::read(directory)?;
        let source = directory.display().to_string();
        witness(Parts { path: directory.to_owned(), source, spec, json: JsonWitness::new(block, result) })
    }
}

fn witness(parts: Parts) -> Result<Witness, InputError> {
    let Parts { path, source, spec, mut json } = parts;
    let (block, spec) = block(std::mem::take(&mut json.block), spec, &path)?;
    check_stated(&json, &block, &path)?;
    let ancestors = Ancestors::read(&block.header, &json.witness.headers, &path)?;
    let parent_state_root = parent_state_root(&json, &ancestors, &path)?;
    let block_hashes = ancestors.with_stated(json.block_hashes.unwrap_or_default(), &path)?;
    Ok(Witness {
        source,
        spec: Arc::new(spec),
        block,
        parent: ancestors.parent,
        parent_state_root,
        state: json.witness.state,
        codes: json.witness.codes,
        block_hashes,
    })
}

/// Decodes the block and finds its rules, which decide who the senders are.
fn block(block: JsonBlock, spec: Option<ChainSpec>, path: &Path) -> Result<(Block, ChainSpec), InputError> {
    let in_block = |source| InputError::Block { place: format!("{}: block", path.display()), source };
    match block {
        JsonBlock::Rlp(rlp) => {
            let raw = decode_unrecovered(&rlp).map_err(in_block)?;
            let spec = rules::of(spec, raw.body.transactions.iter(), path)?;
            let block = recover_block(raw, &spec).map_err(in_block)?;
            check_body(&block, path)?;
            check_ommers(&block, path)?;
            Ok((block, spec))
        }
        JsonBlock::Rpc(rpc) => {
            let spec = rules::of(spec, rpc.transactions.txns().map(|tx| tx.inner.inner()), path)?;
            let block = block_of(*rpc, path, &spec)?;
            // RPC gives ommers' hashes only, and without their headers nobody gets their rewards: the root would be
            // wrong.
            check_ommers(&block, path)?;
            Ok((block, spec))
        }
    }
}

/// Compares what a file says about its block with the block.
fn check_stated(json: &JsonWitness, block: &Block, path: &Path) -> Result<(), InputError> {
    let header = &block.header;
    let differs = |field: &str, stated: String, got: String| InputError::Contradiction {
        path: path.to_owned(),
        field: field.to_owned(),
        expected: stated,
        got: format!("{got} in the block"),
    };
    if let Some(number) = json.number.filter(|number| number.0 != header.number) {
        return Err(differs("number", number.0.to_string(), header.number.to_string()));
    }
    for (field, stated, got) in [
        ("hash", json.hash, block.hash),
        ("state_root", json.state_root, header.state_root),
        ("receipts_root", json.receipts_root, header.receipts_root),
    ] {
        if let Some(stated) = stated.filter(|stated| *stated != got) {
            return Err(differs(field, stated.to_string(), got.to_string()));
        }
    }
    Ok(())
}

/// Returns the root that proves the witness: the parent header's, which the block's parent hash proves, or the stated.
fn parent_state_root(json: &JsonWitness, ancestors: &Ancestors, path: &Path) -> Result<B256, InputError> {
    let field = || "pre_state_root".to_owned();
    match (json.pre_state_root, ancestors.parent.as_ref().map(|parent| parent.state_root)) {
        (Some(stated), Some(proved)) if stated != proved => Err(InputError::Contradiction {
            path: path.to_owned(),
            field: field(),
            expected: format!("{proved} as in the parent's header"),
            got: stated.to_string(),
        }),
        (_, Some(proved)) => Ok(proved),
        (Some(stated), None) => Ok(stated),
        (None, None) => Err(InputError::Field {
            path: path.to_owned(),
            field: field(),
            expected: "the root of the parent's state here, or the parent's header in witness.headers"
                .to_owned(),
            got: "neither".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
