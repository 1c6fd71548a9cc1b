//! Follows a block's ancestors through the headers of a witness.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};
use alloy_rlp::Decodable;

use crate::error::InputError;

/// What the headers of a witness prove: each is the parent of the next, the last one the block's.
#[derive(Debug)]
pub(super) struct Ancestors {
    /// The parent's header.
    pub(super) parent: Option<Header>,
    hashes: BTreeMap<u64, B256>,
}

impl Ancestors {
    /// Follows parent hashes from the block on, through headers in any order; none may be left over.
    pub(super) fn read(block: &Header, headers: &[Bytes], path: &Path) -> Result<Self, InputError> {
        let mut by_hash = B256Map::default();
        for (index, rlp) in headers.iter().enumerate() {
            by_hash.insert(keccak256(rlp), (index, decode(index, rlp, path)?));
        }
        let (mut parent, mut hashes) = (None, BTreeMap::new());
        let (mut number, mut wanted) = (block.number, block.parent_hash);
        while let Some(above) = number.checked_sub(1) {
            number = above;
            hashes.insert(number, wanted);
            let Some((index, header)) = by_hash.remove(&wanted) else { break };
            if header.number != number {
                let (expected, got) = (format!("block {number}"), format!("block {}", header.number));
                return Err(field(path, index, expected, got));
            }
            wanted = header.parent_hash;
            parent.get_or_insert(header);
        }
        match by_hash.into_values().min_by_key(|(index, _)| *index) {
            Some((index, header)) => {
                let expected = format!("no gap between the headers: block {number} {wanted} is not there");
                Err(field(path, index, expected, format!("block {}", header.number)))
            }
            None => Ok(Self { parent, hashes }),
        }
    }

    /// Returns the hashes that the headers prove, and with them those that the source states.
    pub(super) fn with_stated(
        &self,
        stated: BTreeMap<u64, B256>,
        path: &Path,
    ) -> Result<BTreeMap<u64, B256>, InputError> {
        let mut hashes = self.hashes.clone();
        for (number, stated) in stated {
            match hashes.entry(number) {
                Entry::Occupied(proved) if *proved.get() != stated => {
                    return Err(InputError::Contradiction {
                        path: path.to_owned(),
                        field: format!("block_hashes: block {number}"),
                        expected: format!("{} as its child says", proved.get()),
                        got: stated.to_string(),
                    });
                }
                entry => *entry.or_insert(stated) = stated,
            }
        }
        Ok(hashes)
    }
}

fn decode(index: usize, rlp: &Bytes, path: &Path) -> Result<Header, InputError> {
    let mut rest = &rlp[..];
    let header = Header::decode(&mut rest)
        .map_err(|error| field(path, index, "the RLP of a header".to_owned(), error.to_string()))?;
    if rest.is_empty() {
        return Ok(header);
    }
    let got = format!("{} bytes more", rest.len());
    Err(field(path, index, "the end of the header".to_owned(), got))
}

fn field(path: &Path, index: usize, expected: String, got: String) -> InputError {
    InputError::Field { path: path.to_owned(), field: format!("witness.headers[{index}]"), expected, got }
}
