//! Opens files of blocks and tells them apart by looking at them.

use std::path::Path;

use super::{ChainBlocks, Era1Blocks, RlpBlocks, era1};
use crate::{
    error::InputError,
    file::{Input, plain_name},
};

/// Opens a file of blocks: era1, or concatenated RLP blocks; compressed or not.
///
/// An era1 file begins with the type of its version entry; one that is named so and does not is a damaged one, unless
/// it begins with an RLP list.
pub fn open_blocks(path: &Path) -> Result<ChainBlocks, InputError> {
    let mut input = Input::open(path)?;
    let start = input.fill()?;
    let is_list = start.first().is_some_and(|first| *first >= alloy_rlp::EMPTY_LIST_CODE);
    let is_era1 = start.starts_with(&era1::MAGIC) || (!is_list && plain_name(path).ends_with(".era1"));
    drop(input);
    Ok(if is_era1 { Box::new(Era1Blocks::open(path)?) } else { Box::new(RlpBlocks::open(path)?) })
}

/// Says whether a file's name is that of a file of blocks.
pub(crate) fn is_blocks(path: &Path) -> bool {
    let name = plain_name(path);
    name.ends_with(".rlp") || name.ends_with(".era1")
}
