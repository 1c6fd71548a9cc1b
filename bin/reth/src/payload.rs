//! Recovers the senders of a payload's transactions, each once.
//!
//! reth recovers them on many threads while it executes; the look-ahead needs all of them. Whoever comes to a transaction
//! first recovers it, the others take what is there.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use alloy_consensus::transaction::Recovered;
use alloy_eips::Decodable2718;
use alloy_primitives::{B256, Bytes};
use parking_lot::Mutex;
use rayon::prelude::*;
use reth_ethereum_primitives::TransactionSigned;
use reth_evm::SenderRecoveryCache;
use reth_primitives_traits::SignedTransaction;
use reth_storage_api::errors::any::AnyError;

/// Payloads that are remembered between reth's two calls; it handles one at a time.
const PAYLOADS_MAX: usize = 4;

type Transaction = Recovered<TransactionSigned>;

/// The transactions of a payload.
#[derive(Debug)]
pub(crate) struct PayloadSenders {
    encoded: Vec<Bytes>,
    recovered: Vec<OnceLock<Result<Transaction, AnyError>>>,
    cache: Option<SenderRecoveryCache>,
}

impl PayloadSenders {
    pub(crate) fn new(encoded: Vec<Bytes>, cache: Option<SenderRecoveryCache>) -> Self {
        let recovered = encoded.iter().map(|_| OnceLock::new()).collect();
        Self { encoded, recovered, cache }
    }

    /// Returns one transaction, decoded and with its sender.
    pub(crate) fn recovered(&self, index: usize) -> Result<Transaction, AnyError> {
        self.recovered[index].get_or_init(|| self.recover(index)).clone()
    }

    /// Returns all transactions, if all are valid.
    pub(crate) fn all(&self) -> Option<Arc<[Transaction]>> {
        let all: Option<Vec<_>> =
            (0..self.encoded.len()).into_par_iter().map(|index| self.recovered(index).ok()).collect();
        all.map(Into::into)
    }

    fn recover(&self, index: usize) -> Result<Transaction, AnyError> {
        let tx = TransactionSigned::decode_2718_exact(&self.encoded[index]).map_err(AnyError::new)?;
        let sender = match &self.cache {
            Some(cache) => cache.recover(&tx),
            None => tx.try_recover(),
        };
        Ok(tx.with_signer(sender.map_err(AnyError::new)?))
    }
}

/// The latest payloads, between their conversion and their execution. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payloads(Arc<Mutex<VecDeque<Remembered>>>);

/// A payload's block hash, and its transactions.
type Remembered = (B256, Arc<PayloadSenders>);

impl Payloads {
    /// Remembers a payload.
    pub(crate) fn add(&self, hash: B256, senders: Arc<PayloadSenders>) {
        let mut payloads = self.0.lock();
        payloads.push_back((hash, senders));
        while payloads.len() > PAYLOADS_MAX {
            payloads.pop_front();
        }
    }

    /// Takes a payload, if it is remembered.
    pub(crate) fn take(&self, hash: B256) -> Option<Arc<PayloadSenders>> {
        let mut payloads = self.0.lock();
        let at = payloads.iter().rposition(|(known, _)| *known == hash)?;
        payloads.remove(at).map(|(_, senders)| senders)
    }
}
