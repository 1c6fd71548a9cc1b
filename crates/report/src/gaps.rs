//! What a merged report lacks.

use crate::{
    BlockRecord,
    summary::{Gap, Part},
};
use alloy_primitives::map::{HashMap, HashSet};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// Gaps that are named; the others are counted.
const GAPS_MAX: usize = 1_000;

/// Numbers and links of the blocks that have a record: some 40 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    sources: HashMap<String, u32>,
    blocks: Vec<Covered>,
    /// Blocks that left the chain, and how often.
    left: HashMap<u64, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Covered {
    source: u32,
    number: u64,
    hash: u64,
    parent: u64,
}

impl Coverage {
    /// Takes note of a record.
    pub(crate) fn add(&mut self, record: &BlockRecord) {
        let hash = short(record.hash.0);
        if record.reverted {
            *self.left.entry(hash).or_default() += 1;
            return;
        }
        let chain = chain_of(&record.source);
        let next = self.sources.len() as u32;
        let source = match self.sources.get(chain) {
            Some(source) => *source,
            None => *self.sources.entry(chain.to_owned()).or_insert(next),
        };
        self.blocks.push(Covered { source, number: record.number, hash, parent: short(record.parent.0) });
    }

    /// Names the numbers that lie between a chain's blocks and have no record, and those wanted that nothing has.
    ///
    /// A source is a chain if one of its blocks is another's parent: separate blocks leave numbers out on purpose.
    pub(crate) fn gaps(mut self, wanted: Option<RangeInclusive<u64>>) -> Vec<Gap> {
        self.blocks.sort_unstable_by_key(|block| (block.source, block.number));
        // Blocks that left tell a chain too.
        let chains: HashSet<u32> = self
            .blocks
            .chunk_by(|one, two| one.source == two.source)
            .filter(|blocks| is_chain(blocks))
            .map(|blocks| blocks[0].source)
            .collect();
        self.forget_left();
        let mut gaps = Vec::new();
        let mut names: Vec<(&String, &u32)> = self.sources.iter().collect();
        names.sort_unstable();
        for (name, source) in names {
            let from = self.blocks.partition_point(|block| block.source < *source);
            let to = self.blocks.partition_point(|block| block.source <= *source);
            let blocks = &self.blocks[from..to];
            if chains.contains(source) {
                let missing = blocks.windows(2).filter(|pair| pair[1].number > pair[0].number + 1);
                gaps.extend(missing.map(|pair| Gap::Blocks {
                    source: name.clone(),
                    first: pair[0].number + 1,
                    last: pair[1].number - 1,
                }));
            }
        }
        if let Some(wanted) = wanted {
            gaps.extend(self.unwritten(&wanted));
        }
        gaps
    }

    fn forget_left(&mut self) {
        let left = &mut self.left;
        // A block that left and came back has one record more than it left.
        self.blocks.retain(|block| match left.get_mut(&block.hash) {
            Some(times) if *times > 0 => {
                *times -= 1;
                false
            }
            _ => true,
        });
    }

    fn unwritten(&self, wanted: &RangeInclusive<u64>) -> Vec<Gap> {
        let numbers: BTreeSet<u64> =
            self.blocks.iter().map(|block| block.number).filter(|number| wanted.contains(number)).collect();
        let mut next = *wanted.start();
        let mut gaps = Vec::new();
        let mut add = |first: u64, last: u64| {
            gaps.push(Gap::Blocks { source: "any source".to_owned(), first, last });
        };
        for number in numbers {
            if number > next {
                add(next, number - 1);
            }
            next = number.saturating_add(1);
        }
        if next <= *wanted.end() {
            add(next, *wanted.end());
        }
        gaps
    }
}

/// Names the parts of runs that no report has.
///
/// Runs are told apart by how many parts they have, and over how many blocks.
pub(crate) fn missing_parts(parts: &BTreeSet<Part>) -> Vec<Gap> {
    let mut runs: BTreeMap<(u64, Option<u64>), BTreeSet<u64>> = BTreeMap::new();
    let ended: HashSet<u64> =
        parts.iter().filter(|part| part.blocks.is_some()).map(|part| part.count).collect();
    for part in parts {
        // A part that was interrupted does not know how many blocks there are.
        if part.blocks.is_some() || !ended.contains(&part.count) {
            runs.entry((part.count, part.blocks)).or_default().insert(part.index);
        }
    }
    for part in parts.iter().filter(|part| part.blocks.is_none()) {
        for ((count, _), indexes) in &mut runs {
            if *count == part.count {
                indexes.insert(part.index);
            }
        }
    }
    let missing = |((count, blocks), indexes): ((u64, Option<u64>), BTreeSet<u64>)| {
        let missing = (0..count).filter(move |index| !indexes.contains(index)).take(GAPS_MAX);
        missing.map(move |index| Gap::Part(Part { index, count, blocks }))
    };
    runs.into_iter().flat_map(missing).collect()
}

/// Keeps so many gaps as can be read, and counts the others.
pub(crate) fn bounded(mut gaps: Vec<Gap>) -> Vec<Gap> {
    let more = gaps.len().saturating_sub(GAPS_MAX) as u64;
    if more > 0 {
        gaps.truncate(GAPS_MAX);
        gaps.push(Gap::More { more });
    }
    gaps
}

/// Returns what the sources of one chain's blocks have in common.
fn chain_of(source: &str) -> &str {
    let name = source.trim_end_matches(|c: char| c.is_ascii_digit());
    let places = [": offset ", ": block ", " block "];
    places.iter().find_map(|place| name.strip_suffix(place)).filter(|_| name != source).unwrap_or(source)
}

fn is_chain(blocks: &[Covered]) -> bool {
    let hashes: HashSet<u64> = blocks.iter().map(|block| block.hash).collect();
    blocks.iter().any(|block| hashes.contains(&block.parent))
}

/// Eight bytes of a hash: a million blocks share none but with a chance of one in ten millions.
fn short(hash: [u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[24..]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_chain_have_one_source() {
        for (source, chain) in [
            ("a/chain.rlp: offset 120", "a/chain.rlp"),
            ("m.era1: block 7", "m.era1"),
            ("generated mixed:2:3 Osaka seed 0 block 2", "generated mixed:2:3 Osaka seed 0"),
            ("mainnet/19932703", "mainnet/19932703"),
            ("chain", "chain"),
        ] {
            assert_eq!(chain_of(source), chain);
        }
    }

    #[test]
    fn missing_parts_are_named_by_run() {
        let part = |index, count, blocks| Part { index, count, blocks };
        let parts = [part(0, 3, Some(9)), part(2, 3, Some(9)), part(0, 2, Some(5)), part(1, 2, None)];
        let missing = missing_parts(&parts.into_iter().collect());
        assert_eq!(missing, [Gap::Part(part(1, 3, Some(9)))]);
        assert_eq!(missing_parts(&[part(1, 2, None)].into()), [Gap::Part(part(0, 2, None))]);
    }
}
