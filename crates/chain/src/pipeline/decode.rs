//! Reads and decodes blocks, and passes over those that are on disk.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tandem_corpus::{ChainBlock, ChainBlocks, Transaction, decode_unrecovered};
use tandem_state::Store;

use super::{
    Failure,
    clock::{Clock, Stage},
    recover::Recovered,
};
use crate::error::ChainError;

/// A block whose senders are not recovered, and where it is to go when they are.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) place: String,
    pub(super) block: alloy_consensus::Block<Transaction>,
    pub(super) done: SyncSender<Recovered>,
}

/// Decodes until the source ends, fails or is to stop; returns how many blocks were on disk.
///
/// Each block goes to whoever recovers its senders, and a ticket for it to the next stage, in order.
pub(super) fn run(
    blocks: ChainBlocks,
    store: &Store,
    stops: &(dyn Fn() -> bool + Sync),
    clock: &Clock,
    to_recover: &SyncSender<Ticket>,
    tickets: &SyncSender<Receiver<Recovered>>,
) -> (u64, Option<Failure>) {
    let mut known = 0;
    let mut blocks = blocks.into_iter();
    while !stops() {
        let next = clock.time(Stage::Decode, || blocks.next().map(|block| decode(block, store)));
        match next {
            None => break,
            Some(Err(failure)) => return (known, Some(failure)),
            Some(Ok(None)) => known += 1,
            Some(Ok(Some((place, block)))) => {
                let (done, ticket) = sync_channel(1);
                if to_recover.send(Ticket { place, block, done }).is_err() || tickets.send(ticket).is_err() {
                    break;
                }
            }
        }
    }
    (known, None)
}

/// Decodes a block; none if it is on disk.
fn decode(
    block: Result<ChainBlock, tandem_corpus::InputError>,
    store: &Store,
) -> Result<Option<(String, alloy_consensus::Block<Transaction>)>, Failure> {
    let block = block.map_err(|error| Failure::new("", error))?;
    let ChainBlock { rlp, place, .. } = block;
    let decoded = decode_unrecovered(&rlp).map_err(ChainError::from);
    let known = decoded.and_then(|block| Ok((is_on_disk(store, &block)?, block)));
    match known {
        Ok((true, _)) => Ok(None),
        Ok((false, block)) => Ok(Some((place, block))),
        Err(error) => Err(Failure::new(format!("{place}: "), error)),
    }
}

/// Tells whether a block is on the canonical chain, or was and left; a block of the genesis' height must be the genesis.
///
/// From the merge on the head is the block accepted last, so that a source tells history in the order of its blocks: one
/// that left before a restart must not become the head again.
fn is_on_disk(store: &Store, block: &alloy_consensus::Block<Transaction>) -> Result<bool, ChainError> {
    let (number, got) = (block.header.number, block.header.hash_slow());
    match store.canonical_hash(number)? {
        Some(expected) if got != expected && store.canonical_hash(number.wrapping_sub(1))?.is_none() => {
            Err(ChainError::OtherGenesis { got, expected })
        }
        Some(canonical) if canonical == got => Ok(true),
        _ => Ok(block.header.difficulty.is_zero() && store.header(got)?.is_some()),
    }
}
