//! Writes a generated chain to a directory: `genesis.json` and `chain.rlp`.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use alloy_consensus::Header;
use alloy_eips::eip6110::MAINNET_DEPOSIT_CONTRACT_ADDRESS;
use alloy_primitives::{Address, B256};
use revm::database::BundleState;
use serde_json::{Map, Value, json};

use super::{
    Fork, GenerateError, GenerateOptions, Workload, branches::Branches, chain::Chain, fork::CHAIN_ID,
};
use crate::{PlainAccount, PlainState, encode_block};

/// Computes the state roots of a chain as it grows; the caller's, because this crate knows no tries.
pub trait Roots {
    /// Takes the genesis state and returns its root.
    fn genesis(&mut self, state: &PlainState) -> B256;

    /// Applies what a block changed and returns the root after it.
    fn next(&mut self, changes: &BundleState) -> B256;

    /// Returns the roots of a branch that begins here.
    fn branch(&self) -> Box<dyn Roots>;
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFiles {
    /// The genesis, in geth's format.
    pub genesis: PathBuf,
    /// The blocks, concatenated.
    pub chain: PathBuf,
    /// Blocks written.
    pub blocks: usize,
    /// Blocks written on branches that the chain leaves again; not counted otherwise.
    pub left: usize,
    /// Transactions in them.
    pub txs: usize,
    /// Gas that they use.
    pub gas_used: u64,
    /// Hash of the last block.
    pub head: B256,
}

/// Generates a chain and writes it block by block; holds one state and one block in memory, and another state for a branch.
///
/// A branch is written where it begins, before the blocks of the chain that replace it.
/// `each` is told each block's header when it is written and says whether to go on.
pub fn write_chain(
    directory: &Path,
    (workload, seed): (Workload, u64),
    options: GenerateOptions,
    roots: &mut dyn Roots,
    each: &mut dyn FnMut(&Header) -> bool,
) -> Result<ChainFiles, GenerateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| GenerateError::Write { path, source }
    };
    let mut branches = Branches::new(options.reorgs, options.blocks)?;
    let mut chain = Chain::genesis(workload, seed, options)?;
    chain.parent.state_root = roots.genesis(&chain.state);

    fs::create_dir_all(directory).map_err(failed(directory))?;
    let (genesis, rlp) = (directory.join("genesis.json"), directory.join("chain.rlp"));
    write_genesis(&genesis, &chain.parent, options.fork, &chain.state).map_err(failed(&genesis))?;

    let mut out = BufWriter::new(File::create(&rlp).map_err(failed(&rlp))?);
    let head = chain.parent.hash_slow();
    let mut files = ChainFiles { genesis, chain: rlp.clone(), blocks: 0, left: 0, txs: 0, gas_used: 0, head };
    while files.blocks < options.blocks {
        if let Some((index, length)) = branches.at(files.blocks) {
            let (mut branch, mut roots) = (chain.branch(workload, seed, index), roots.branch());
            for _ in 0..length {
                let block = branch.next_block(&options, &mut *roots)?;
                out.write_all(&encode_block(&block)).map_err(failed(&rlp))?;
                files.left += 1;
            }
        }
        let block = chain.next_block(&options, roots)?;
        out.write_all(&encode_block(&block)).map_err(failed(&rlp))?;
        files.blocks += 1;
        files.txs += block.transactions.len();
        files.gas_used += block.header.gas_used;
        files.head = block.hash;
        if !each(&block.header) {
            break;
        }
    }
    out.flush().map_err(failed(&rlp))?;
    Ok(files)
}

/// Writes a genesis in geth's format, one account after the other, in the order of their addresses.
fn write_genesis(path: &Path, header: &Header, fork: Fork, state: &PlainState) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let fields = json!({
        "config": config(fork),
        "gasLimit": format!("{:#x}", header.gas_limit),
        "timestamp": format!("{:#x}", header.timestamp),
        "baseFeePerGas": header.base_fee_per_gas.map(|fee| format!("{fee:#x}")),
        "difficulty": "0x0",
        "nonce": "0x0",
        "extraData": "0x",
        "mixHash": header.mix_hash,
        "coinbase": header.beneficiary,
        "stateRoot": header.state_root,
    });
    let fields = fields.to_string();
    let open = fields.strip_suffix('}').expect("an object ends with a brace");
    write!(out, "{open},\"alloc\":{{")?;
    let mut accounts: Vec<_> = state.accounts.iter().collect();
    accounts.sort_unstable_by_key(|(address, _)| **address);
    for (index, (address, account)) in accounts.into_iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(out, "{comma}\n\"{address}\":")?;
        write_account(&mut out, state, *address, account)?;
    }
    writeln!(out, "}}}}")?;
    out.flush()
}

fn write_account(
    out: &mut impl Write,
    state: &PlainState,
    address: Address,
    account: &PlainAccount,
) -> io::Result<()> {
    let code = state.contracts.get(&account.info.code_hash).map(|code| code.original_bytes());
    debug_assert!(code.is_some() || account.info.is_empty_code_hash(), "{address} has its code");
    let mut slots: Vec<_> = account.storage.iter().collect();
    slots.sort_unstable();
    let storage: Map<String, Value> = slots
        .into_iter()
        .map(|(slot, value)| (B256::from(*slot).to_string(), json!(B256::from(*value))))
        .collect();
    let account = json!({
        "balance": account.info.balance,
        "nonce": format!("{:#x}", account.info.nonce),
        "code": code.unwrap_or_default(),
        "storage": storage,
    });
    serde_json::to_writer(out, &account).map_err(io::Error::from)
}

/// Returns the rules of a fork, in force from genesis on.
fn config(fork: Fork) -> Value {
    let mut config = json!({
        "chainId": CHAIN_ID,
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": true,
        "depositContractAddress": MAINNET_DEPOSIT_CONTRACT_ADDRESS,
    });
    let blocks = [
        "homestead",
        "eip150",
        "eip155",
        "eip158",
        "byzantium",
        "constantinople",
        "petersburg",
        "istanbul",
        "berlin",
        "london",
    ];
    for name in blocks {
        config[format!("{name}Block")] = json!(0);
    }
    let times = [
        (Fork::Shanghai, "shanghaiTime"),
        (Fork::Cancun, "cancunTime"),
        (Fork::Prague, "pragueTime"),
        (Fork::Osaka, "osakaTime"),
    ];
    for (_, name) in times.into_iter().filter(|(from, _)| fork >= *from) {
        config[name] = json!(0);
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Chain, GenerateOptions, decode_block, generate, open, source::Item};

    /// Gives every state the same root: tries are the caller's.
    struct Same;

    impl Roots for Same {
        fn genesis(&mut self, _: &PlainState) -> B256 {
            B256::ZERO
        }

        fn next(&mut self, _: &BundleState) -> B256 {
            B256::ZERO
        }

        fn branch(&self) -> Box<dyn Roots> {
            Box::new(Self)
        }
    }

    fn read(directory: &Path) -> Chain {
        match open(directory).unwrap().next().unwrap().unwrap() {
            Item::Chain(chain) => chain,
            other => panic!("expected a chain, found {other:?}"),
        }
    }

    #[test]
    fn branches_begin_where_the_chain_goes_on() {
        let scratch = tempfile::tempdir().unwrap();
        let options = GenerateOptions { blocks: 7, txs_per_block: 3, reorgs: 2, ..Default::default() };
        let what = (Workload::Mixed, 7);
        let files = write_chain(scratch.path(), what, options, &mut Same, &mut |_| true).unwrap();
        assert_eq!((files.blocks, files.left), (7, 3));
        let chain = read(scratch.path());
        let blocks = chain.blocks.map(|block| decode_block(&block.unwrap().rlp, &chain.spec).unwrap());
        let blocks: Vec<_> = blocks.collect();
        let numbers: Vec<_> = blocks.iter().map(|block| block.header.number).collect();
        assert_eq!(numbers, [1, 2, 2, 3, 4, 5, 4, 5, 6, 7]);
        // The chain is the one without branches.
        let plain = generate(what.0, what.1, GenerateOptions { reorgs: 0, ..options });
        let plain: Vec<_> = plain.map(|case| case.unwrap().block.hash).collect();
        let written = [0, 2, 3, 6, 7, 8, 9].map(|index| blocks[index].hash);
        assert_eq!(plain, written);
        assert_eq!(blocks[1].header.parent_hash, blocks[0].hash);
        assert_eq!(blocks[5].header.parent_hash, blocks[4].hash);
    }

    #[test]
    fn what_is_written_reads_as_what_is_generated() {
        let scratch = tempfile::tempdir().unwrap();
        for fork in [Fork::Shanghai, Fork::Osaka] {
            let options =
                GenerateOptions { blocks: 3, txs_per_block: 20, fork, users: 90, ..Default::default() };
            let what = (Workload::Mixed, 7);
            let files = write_chain(scratch.path(), what, options, &mut Same, &mut |_| true).unwrap();
            assert_eq!((files.blocks, files.txs), (3, 60));

            let mut chain = read(scratch.path());
            let generated = generate(what.0, what.1, options);
            let mut hash = B256::ZERO;
            assert_eq!(chain.genesis, generated.genesis_header().unwrap());
            for case in generated {
                let case = case.unwrap();
                let block = decode_block(&chain.blocks.next().unwrap().unwrap().rlp, &chain.spec).unwrap();
                if case.block.header.number == 1 {
                    assert_eq!(chain.state.accounts, case.state.accounts);
                    assert_eq!(chain.state.contracts.len(), case.state.contracts.len());
                }
                assert_eq!(block.header, case.block.header);
                assert_eq!(block.transactions, case.block.transactions);
                hash = block.hash;
            }
            assert!(chain.blocks.next().is_none());
            assert_eq!(files.head, hash);
        }
    }
}
