//! Mirrors the JSON of a witness; what is not needed is skipped.

use std::{collections::BTreeMap, fmt};

use alloy_genesis::ChainConfig;
use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Deserializer, de};

use crate::{quantity::Number, rpc_block::RpcBlock};

/// A file.
#[derive(Deserialize)]
pub(super) struct JsonWitness {
    pub(super) chain: Option<JsonChain>,
    pub(super) number: Option<Number>,
    pub(super) hash: Option<B256>,
    pub(super) pre_state_root: Option<B256>,
    pub(super) state_root: Option<B256>,
    pub(super) receipts_root: Option<B256>,
    pub(super) block: JsonBlock,
    #[serde(alias = "executionWitness")]
    pub(super) witness: JsonExecutionWitness,
    pub(super) block_hashes: Option<BTreeMap<u64, B256>>,
}

impl JsonWitness {
    /// A block and a witness about which nothing more is stated.
    pub(super) fn new(block: JsonBlock, witness: JsonExecutionWitness) -> Self {
        Self {
            chain: None,
            number: None,
            hash: None,
            pre_state_root: None,
            state_root: None,
            receipts_root: None,
            block,
            witness,
            block_hashes: None,
        }
    }
}

/// The result of `debug_executionWitness`; `keys`, the preimages of hashed keys, is not needed.
#[derive(Deserialize)]
pub(super) struct JsonExecutionWitness {
    pub(super) state: Vec<Bytes>,
    pub(super) codes: Vec<Bytes>,
    /// RLP of ancestors' headers.
    #[serde(default)]
    pub(super) headers: Vec<Bytes>,
}

/// A chain.
pub(super) enum JsonChain {
    /// By the name of a public chain.
    Name(String),
    /// By a geth genesis config.
    Config(Box<ChainConfig>),
}

impl<'de> Deserialize<'de> for JsonChain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChainVisitor)
    }
}

struct ChainVisitor;

impl<'de> de::Visitor<'de> for ChainVisitor {
    type Value = JsonChain;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a chain: the name of a public one, or a geth genesis config")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<JsonChain, E> {
        Ok(JsonChain::Name(name.to_owned()))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<JsonChain, A::Error> {
        let config = ChainConfig::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(JsonChain::Config(Box::new(config)))
    }
}

/// A block.
pub(super) enum JsonBlock {
    /// Its RLP.
    Rlp(Bytes),
    /// As a node's RPC gives it.
    Rpc(Box<RpcBlock>),
}

impl Default for JsonBlock {
    fn default() -> Self {
        Self::Rlp(Bytes::new())
    }
}

impl<'de> Deserialize<'de> for JsonBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BlockVisitor)
    }
}

struct BlockVisitor;

impl<'de> de::Visitor<'de> for BlockVisitor {
    type Value = JsonBlock;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a block: its RLP as `0x…`, or the object that eth_getBlockByNumber gives")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<JsonBlock, E> {
        text.parse().map(JsonBlock::Rlp).map_err(|_| E::invalid_value(de::Unexpected::Str("no hex"), &self))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<JsonBlock, A::Error> {
        let block = RpcBlock::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(JsonBlock::Rpc(Box::new(block)))
    }
}
