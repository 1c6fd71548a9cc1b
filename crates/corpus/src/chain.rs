//! Defines a chain to import: a genesis and the blocks that follow it, as bytes.

use std::{fmt, path::Path, sync::Arc};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};

use crate::{chain_spec::ChainSpec, error::InputError, state::PlainState};

mod blocks;
mod era1;
mod genesis;
mod genesis_file;
mod read;
mod rlp_file;

pub(crate) use blocks::is_blocks;
pub use blocks::open_blocks;
pub use era1::Era1Blocks;
pub use genesis::genesis_header;
pub use genesis_file::GenesisFile;
pub use rlp_file::RlpBlocks;

/// Blocks of a chain in the order in which they are to be imported.
pub type ChainBlocks = Box<dyn Iterator<Item = Result<ChainBlock, InputError>> + Send>;

/// A genesis and the blocks that follow it.
pub struct Chain {
    /// Where it came from, for people: a path, and a test's name.
    pub source: String,
    /// The chain's rules.
    pub spec: Arc<ChainSpec>,
    /// The genesis header; its state root is zero where the source does not state it. See [`Chain::genesis_header`].
    pub genesis: Header,
    /// The genesis hash, where the source states it.
    pub genesis_hash: Option<B256>,
    /// The genesis state.
    pub state: Arc<PlainState>,
    /// The blocks after it, read as they are asked for.
    pub blocks: ChainBlocks,
    /// Hash of the head after all blocks, where the source states it.
    pub last_hash: Option<B256>,
    /// State of the head after all blocks, where the source states it.
    pub post_state: Option<PostState>,
}

/// What a source says about the state after all blocks.
#[derive(Clone, Debug)]
pub enum PostState {
    /// All accounts.
    Accounts(Arc<PlainState>),
    /// The state root.
    Root(B256),
}

/// One block of a chain, not decoded yet ([`crate::decode_block`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainBlock {
    /// The block's RLP, or what should be it.
    pub rlp: Bytes,
    /// Hash of the block, where the source states it.
    pub hash: Option<B256>,
    /// Why the block is invalid, in the source's words, where it must be rejected.
    pub expected_exception: Option<String>,
    /// File and place in it, for messages.
    pub place: String,
}

impl Chain {
    /// Returns the genesis header with its state root, computed by the caller from [`Chain::state`].
    ///
    /// Fails where the source states another root or another hash: then the chain has no beginning.
    pub fn genesis_header(&self, state_root: B256) -> Result<Header, InputError> {
        let expected_hash = self.genesis_hash.map(|hash| ("genesis hash", hash));
        genesis_file::with_root(Path::new(&self.source), &self.genesis, state_root, expected_hash)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Chain")
            .field("source", &self.source)
            .field("spec", &self.spec)
            .field("genesis", &self.genesis)
            .field("last_hash", &self.last_hash)
            .finish_non_exhaustive()
    }
}
