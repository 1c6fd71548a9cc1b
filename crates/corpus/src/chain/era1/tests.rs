use std::{fs, io::Write};

use super::*;
use crate::testing::block;

/// Returns an entry as bytes.
fn entry(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap();
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), &[0, 0], value].concat()
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = snap::write::FrameEncoder::new(Vec::new());
    out.write_all(bytes).unwrap();
    out.into_inner().unwrap()
}

/// The entries of an era of blocks from `first` on, each with difficulty 0x20000; the last two are accumulator and
/// index.
fn era(first: u64, count: u64) -> Vec<Vec<u8>> {
    let mut entries = vec![entry(VERSION, &[])];
    let (mut parent_hash, mut records, mut offsets) = (B256::ZERO, Vec::new(), Vec::new());
    let mut offset = 8;
    for number in first..first + count {
        let block = block(number, parent_hash, vec![]);
        parent_hash = block.header.hash_slow();
        let total_difficulty = U256::from(0x20000 * (number + 1));
        records.push(HeaderRecord { block_hash: parent_hash, total_difficulty });
        offsets.push(offset);
        for part in [
            entry(COMPRESSED_HEADER, &snappy(&alloy_rlp::encode(&block.header))),
            entry(COMPRESSED_BODY, &snappy(&alloy_rlp::encode(&block.body))),
            entry(COMPRESSED_RECEIPTS, &snappy(&[0xc0])),
            entry(TOTAL_DIFFICULTY, &total_difficulty.to_le_bytes::<32>()),
        ] {
            offset += part.len() as u64;
            entries.push(part);
        }
    }
    entries.push(entry(ACCUMULATOR, accumulator(&records).as_slice()));
    offset += entries.last().unwrap().len() as u64;
    let mut index = first.to_le_bytes().to_vec();
    index.extend(offsets.iter().flat_map(|at: &u64| at.wrapping_sub(offset).to_le_bytes()));
    index.extend(count.to_le_bytes());
    entries.push(entry(BLOCK_INDEX, &index));
    entries
}

/// Reads a file of these entries and returns each block's hash or the error, without the path.
fn read(entries: &[Vec<u8>]) -> Vec<Result<B256, String>> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.era1");
    fs::write(&path, entries.concat()).unwrap();
    let show = |error: InputError| error.to_string().replace(&path.display().to_string(), "!");
    super::super::open_blocks(&path)
        .unwrap()
        .map(|block| block.map(|block| block.hash.unwrap()).map_err(show))
        .collect()
}

/// Returns the error that ends a file, and how many blocks came before it.
fn damage(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (usize, String) {
    let mut entries = era(5, 3);
    change(&mut entries);
    let mut read = read(&entries);
    let error = read.pop().unwrap().expect_err("the file is damaged");
    assert!(read.iter().all(Result::is_ok));
    (read.len(), error)
}

#[test]
fn blocks_come_back_as_they_went_in() {
    for first in [0, 5] {
        let mut entries = era(first, 3);
        // An entry of a kind that nobody here knows may stand behind the blocks; the index does not mind.
        let position = entries.len() - 2;
        let unknown = entry(0x7777, &[1, 2, 3]);
        let index = entries.last_mut().unwrap();
        for at in index[16..].chunks_exact_mut(8).take(3) {
            let offset = u64::from_le_bytes((&*at).try_into().unwrap());
            at.copy_from_slice(&offset.wrapping_sub(unknown.len() as u64).to_le_bytes());
        }
        entries.insert(position, unknown);
        let hashes: Vec<B256> = read(&entries).into_iter().map(Result::unwrap).collect();
        assert_eq!(hashes.len(), 3);
        let expected = block(first, B256::ZERO, vec![]).header.hash_slow();
        assert_eq!(hashes[0], expected);
        assert_eq!(hashes[1], block(first + 1, expected, vec![]).header.hash_slow());
    }
}

#[test]
fn rlp_is_the_whole_block() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.era1.zst");
    fs::write(&path, zstd::encode_all(&era(0, 1).concat()[..], 1).unwrap()).unwrap();
    let blocks: Vec<_> = super::super::open_blocks(&path).unwrap().map(Result::unwrap).collect();
    assert_eq!(blocks[0].rlp, alloy_rlp::encode(block(0, B256::ZERO, vec![])));
}

#[test]
fn what_stands_before_the_blocks_must_be_the_version() {
    let (blocks, error) = damage(|entries| entries[0] = entry(0x3165, &[]));
    assert_eq!(blocks, 0);
    let expected =
        "expected the version of era1 (type 0x3265, no value), found an entry of type 0x3165 and 0 bytes";
    assert_eq!(error, format!("!: offset 0: {expected}"));
    let (_, error) = damage(|entries| entries[0] = entry(VERSION, &[1]));
    assert!(error.contains("found an entry of type 0x3265 and 1 bytes"), "{error}");
}

/// A flipped byte may still say the same: a copy from another place among equal bytes.
#[test]
fn flipped_bytes_in_snappy_frames_are_found() {
    let whole = era(5, 1);
    let intact = read(&whole);
    let mut found = 0;
    for index in 1..4 {
        for position in 8..whole[index].len() {
            let mut entries = whole.clone();
            entries[index][position] ^= 0x10;
            match read(&entries).pop().unwrap() {
                Err(error) => {
                    assert!(error.starts_with("!: offset "), "{error}");
                    found += 1;
                }
                Ok(hash) => assert_eq!(Ok(hash), intact[0], "entry {index}, byte {position}"),
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn every_cut_is_found() {
    let whole = era(5, 3).concat();
    for length in 0..whole.len() {
        let mut read = read(&[whole[..length].to_vec()]);
        let error = read.pop().unwrap().expect_err("the file is cut off");
        assert!(error.contains("ends after") || error.contains("found the end of the file"), "{error}");
        assert!(read.iter().all(Result::is_ok));
    }
}

#[test]
fn accumulator_and_index_are_compared_with_the_blocks() {
    let (blocks, error) = damage(|entries| entries[13][8] ^= 1);
    assert_eq!(blocks, 3);
    assert!(error.contains("expected accumulator 0x"), "{error}");
    let (blocks, error) = damage(|entries| entries[14][20] ^= 1);
    assert_eq!(blocks, 3);
    assert!(error.contains("expected the index of 3 blocks from 5 on"), "{error}");
    let (_, error) = damage(|entries| drop(entries.remove(13)));
    assert!(error.contains("expected the accumulator (type 0x7) before the block index"), "{error}");
    let (_, error) = damage(|entries| entries.push(entry(VERSION, &[])));
    assert!(error.contains("expected the end of the file, found an entry of type 0x3265"), "{error}");
}

#[test]
fn total_difficulties_and_numbers_follow_each_other() {
    let (blocks, error) = damage(|entries| entries[8][8] ^= 1);
    assert_eq!(blocks, 1);
    assert!(error.contains("of block 6, found"), "{error}");
    // Without the second block the third one follows the first.
    let (blocks, error) = damage(|entries| drop(entries.drain(5..9)));
    assert_eq!(blocks, 1);
    assert!(error.ends_with("expected block 6, found block 7"), "{error}");
    let (_, error) = damage(|entries| drop(entries.remove(3)));
    assert!(
        error.contains("expected the block's receipts (type 0x5), found an entry of type 0x6"),
        "{error}"
    );
}

#[test]
fn a_length_beyond_the_file_costs_no_memory() {
    let (_, error) = damage(|entries| entries[1][2..6].copy_from_slice(&u32::MAX.to_le_bytes()));
    assert!(
        error.contains("expected an entry of type 0x3 and 4294967295 bytes, the file ends after"),
        "{error}"
    );
}
