//! Recovers the senders of blocks and validates their bodies: all that needs no parent.

use std::sync::{Mutex, PoisonError, mpsc::Receiver};

use alloy_consensus::transaction::Recovered as WithSender;
use tandem_corpus::{Block, BlockDecodeError, ChainSpec, Transaction, recover_sender};

use super::{
    Failure,
    clock::{Clock, Stage},
    decode::Ticket,
};
use crate::{body::validate_body, error::ChainError};

/// A block with its senders and its place in the source.
pub(super) type Recovered = Result<(String, Block), Failure>;

/// Takes blocks until there are no more.
pub(super) fn run(queue: &Mutex<Receiver<Ticket>>, spec: &ChainSpec, clock: &Clock) {
    loop {
        // The lock is held while waiting: whoever waits next would wait for the same block.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Ticket { place, block, done }) = next else { return };
        let recovered = clock.time(Stage::Recover, || recover(spec, place, block));
        // Nobody waits for it if a later stage has failed.
        let _ = done.send(recovered);
    }
}

fn recover(spec: &ChainSpec, place: String, block: alloy_consensus::Block<Transaction>) -> Recovered {
    let number = block.header.number;
    match with_senders(spec, block) {
        Ok(block) => Ok((place, block)),
        Err(error) => Err(Failure::new(format!("{place}: block {number}: "), error)),
    }
}

fn with_senders(spec: &ChainSpec, block: alloy_consensus::Block<Transaction>) -> Result<Block, ChainError> {
    let alloy_consensus::Block { header, body } = block;
    let with_sender = |(index, transaction): (usize, Transaction)| {
        let sender = recover_sender(&transaction, &header, spec)
            .map_err(|source| BlockDecodeError::Signature { index, source })?;
        Ok(WithSender::new_unchecked(transaction, sender))
    };
    let transactions = body.transactions.into_iter().enumerate().map(with_sender);
    let transactions = transactions.collect::<Result<_, BlockDecodeError>>()?;
    let hash = header.hash_slow();
    let block = Block { hash, header, transactions, ommers: body.ommers, withdrawals: body.withdrawals };
    validate_body(spec, &block)?;
    Ok(block)
}
