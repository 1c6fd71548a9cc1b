//! Writes sources from generated blocks.

use std::{fs, path::Path};

use alloy_consensus::{Block as ConsensusBlock, BlockBody, EMPTY_OMMER_ROOT_HASH, Header};
use alloy_primitives::{B256, hex};
use alloy_rlp::Encodable;
use serde_json::{Map, Value, json};
use tandem_corpus::{Block, Case, Generate, GenerateOptions, PlainState, Transaction, Workload, generate};

/// A generated chain of some blocks.
#[derive(Debug)]
pub struct Generated {
    /// The block before the first.
    pub genesis: Header,
    /// The blocks with the states before them.
    pub cases: Vec<Case>,
}

/// Generates blocks with right state roots.
///
/// # Panics
/// If the generator fails.
pub fn generated(workload: Workload, blocks: usize, txs_per_block: usize) -> Generated {
    let options = GenerateOptions {
        blocks,
        txs_per_block,
        state_root: Some(tandem_chain::state_root),
        ..GenerateOptions::default()
    };
    let generator: Generate = generate(workload, 7, options);
    let genesis = generator.genesis_header().expect("the workload is generated under its default rules");
    let cases: Result<Vec<Case>, _> = generator.collect();
    Generated { genesis, cases: cases.expect("generated blocks execute") }
}

impl Generated {
    /// Returns the chain as a blockchain test of one name; tests of bad input change it.
    pub fn blockchain_test(&self) -> Value {
        // A block without a header is one that must be rejected.
        let block = |case: &Case| json!({ "rlp": hex_of(&block_rlp(&case.block)), "blockHeader": { "hash": case.block.hash } });
        let blocks: Vec<Value> = self.cases.iter().map(block).collect();
        let genesis = ConsensusBlock::<Transaction>::new(self.genesis.clone(), empty_body(&self.genesis));
        let last = self.cases.last().map_or_else(|| self.genesis.hash_slow(), |case| case.block.hash);
        json!({
            "network": "Osaka",
            "config": { "chainid": format!("{:#x}", self.cases[0].spec.chain_id) },
            "genesisRLP": hex_of(&alloy_rlp::encode(&genesis)),
            "pre": accounts(&self.cases[0].state),
            "blocks": blocks,
            "lastblockhash": last,
        })
    }

    /// Writes the chain as a genesis and concatenated blocks.
    ///
    /// # Panics
    /// If the directory cannot be written to.
    pub fn write_blockchain_test(&self, file: &Path) {
        write_json(file, &json!({ "generated": self.blockchain_test() }));
    }

    /// Writes one block as a case: a directory with `block.json`, `pre_state.json`, `block_hashes.json`, `chain.json`.
    ///
    /// # Panics
    /// If the directory cannot be written to.
    pub fn write_case(&self, index: usize, directory: &Path) {
        let case = &self.cases[index];
        fs::create_dir_all(directory).expect("the scratch directory can be written to");
        write_json(&directory.join("block.json"), &rpc_block(&case.block));
        write_json(&directory.join("pre_state.json"), &accounts(&case.state));
        write_json(&directory.join("block_hashes.json"), &json!(case.state.block_hashes));
        write_json(&directory.join("chain.json"), &chain_config(case.spec.chain_id));
    }
}

/// Writes a JSON file.
///
/// # Panics
/// If it cannot be written.
pub fn write_json(file: &Path, value: &Value) {
    fs::write(file, value.to_string()).expect("the scratch directory can be written to");
}

/// Returns a state as tests and tracers write it.
pub fn accounts(state: &PlainState) -> Value {
    let mut accounts = Map::new();
    for (address, account) in &state.accounts {
        let code = state.contracts.get(&account.info.code_hash).map(|code| code.original_bytes());
        let storage: Map<String, Value> = account
            .storage
            .iter()
            .map(|(slot, value)| (B256::from(*slot).to_string(), json!(B256::from(*value))))
            .collect();
        let account = json!({
            "balance": account.info.balance,
            "nonce": format!("{:#x}", account.info.nonce),
            "code": code.unwrap_or_default(),
            "storage": storage,
        });
        accounts.insert(address.to_string(), account);
    }
    Value::Object(accounts)
}

/// Returns a block's RLP.
pub fn block_rlp(block: &Block) -> Vec<u8> {
    let body = BlockBody {
        transactions: block.transactions.iter().map(|transaction| transaction.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    };
    let mut rlp = Vec::new();
    ConsensusBlock::<Transaction>::new(block.header.clone(), body).encode(&mut rlp);
    rlp
}

fn empty_body(header: &Header) -> BlockBody<Transaction> {
    assert_eq!(header.ommers_hash, EMPTY_OMMER_ROOT_HASH);
    BlockBody { withdrawals: header.withdrawals_root.map(|_| Vec::new().into()), ..BlockBody::default() }
}

/// Returns a block as `eth_getBlockByNumber(n, true)` gives it.
fn rpc_block(block: &Block) -> Value {
    let header = alloy_rpc_types_eth::Header::new(block.header.clone());
    let mut value = json!(header);
    let transactions: Vec<Value> = block
        .transactions
        .iter()
        .enumerate()
        .map(|(index, transaction)| {
            json!(alloy_rpc_types_eth::Transaction::from_transaction(
                transaction.clone(),
                alloy_rpc_types_eth::TransactionInfo {
                    hash: Some(*transaction.tx_hash()),
                    index: Some(index as u64),
                    block_hash: Some(block.hash),
                    block_number: Some(block.header.number),
                    base_fee: block.header.base_fee_per_gas,
                    ..Default::default()
                },
            ))
        })
        .collect();
    value["transactions"] = json!(transactions);
    value["uncles"] = json!([]);
    value["withdrawals"] = json!(block.withdrawals);
    value
}

/// Returns the genesis config of the rules that blocks are generated by: Osaka from the beginning.
pub fn chain_config(chain_id: u64) -> Value {
    let mut config = json!({
        "chainId": chain_id, "terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": true,
        "shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0, "osakaTime": 0,
    });
    for fork in [
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
    ] {
        config[format!("{fork}Block")] = json!(0);
    }
    config
}

fn hex_of(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}
