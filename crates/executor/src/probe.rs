//! Tells by a block's first transactions whether a block of transactions to one target is a single chain.
//!
//! Where nearly all transactions go to one contract, they are either as good as independent (payments of a token) or each
//! needs the one before it (a counter, one pool, a mint). A few of them, executed in order, show which: those of a chain
//! find a slot that one before them changed. Then waking workers would be for nothing. A wrong guess costs time only.

use alloy_consensus::{Transaction, transaction::Recovered};
use alloy_primitives::{Address, U256, map::HashSet};
use revm::state::EvmState;

use crate::{look_ahead::LookAhead, payment::PaymentRules, plan::Strategy, writes::WriteSet};

/// Transactions that are probed.
const PROBED: usize = 4;

/// Transactions to the one target, for one to another, from which on a block is tried.
const TARGET_RATIO: usize = 16;

/// A probe of a block's first transactions, which the frontier executes before there is speculation.
#[derive(Debug)]
pub(crate) struct Probe<T> {
    /// What workers are to speculate on if the block turns out not to be a chain.
    pub(crate) look_ahead: LookAhead<T>,
    /// What the transactions that are probed wrote.
    pub(crate) writes: Vec<WriteSet>,
    target: Address,
    tried: usize,
    changed: HashSet<(Address, U256)>,
}

/// What a probe has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing yet.
    Open,
    /// Each transaction needs the one before it.
    Chain,
    /// One did not.
    Free,
}

impl<T: Transaction> Probe<T> {
    /// Creates a probe of a block that is worth one; otherwise gives the look-ahead back.
    pub(crate) fn new(look_ahead: LookAhead<T>) -> Result<Self, LookAhead<T>> {
        let may_decide = look_ahead.strategy == Strategy::Auto;
        let Some(target) = only_target(&look_ahead.transactions).filter(|_| may_decide) else {
            return Err(look_ahead);
        };
        Ok(Self { look_ahead, writes: Vec::new(), target, tried: 0, changed: HashSet::default() })
    }

    /// Looks at what a transaction loaded and changed.
    pub(crate) fn look(&mut self, to: Option<Address>, state: &EvmState) -> Finding {
        self.writes.push(WriteSet::from_state(state));
        if to != Some(self.target) {
            return Finding::Open;
        }
        let slots = || {
            state.iter().flat_map(|(address, account)| {
                account.storage.iter().map(move |(slot, value)| ((*address, *slot), value))
            })
        };
        let needs = slots().any(|(location, _)| self.changed.contains(&location));
        if self.tried > 0 && !needs {
            return Finding::Free;
        }
        self.changed.extend(slots().filter(|(_, value)| value.is_changed()).map(|(location, _)| location));
        self.tried += 1;
        if self.tried == PROBED { Finding::Chain } else { Finding::Open }
    }
}

/// Returns the contract that nearly all transactions call, if there is one.
fn only_target<T: Transaction>(transactions: &[Recovered<T>]) -> Option<Address> {
    let mut targets =
        transactions.iter().filter(|tx| !PaymentRules::is_candidate(tx.inner())).map(|tx| tx.to());
    let target = targets.clone().next()??;
    let count = targets.clone().count();
    let others = targets.by_ref().filter(|other| *other != Some(target)).count();
    (count > 2 * PROBED && others * TARGET_RATIO <= count).then_some(target)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_primitives::{Signature, TxKind};
    use revm::state::{Account, EvmStorageSlot, TransactionId};

    use super::*;
    use crate::base::{BaseReader, BaseSource, ReadError};

    const TARGET: Address = Address::repeat_byte(7);

    #[derive(Debug)]
    struct NoBase;

    impl BaseSource for NoBase {
        fn reader(&self) -> Result<Box<dyn BaseReader>, ReadError> {
            Err(ReadError::Stopped)
        }
    }

    fn look_ahead(targets: &[Address]) -> LookAhead<EthereumTxEnvelope<TxEip4844>> {
        let transactions: Vec<_> = targets
            .iter()
            .map(|to| {
                let tx = TxLegacy { to: TxKind::Call(*to), input: vec![1].into(), ..TxLegacy::default() };
                Recovered::new_unchecked(tx.into_signed(Signature::test_signature()).into(), Address::ZERO)
            })
            .collect();
        LookAhead { transactions: transactions.into(), base: Arc::new(NoBase), strategy: Strategy::Auto }
    }

    /// Returns the state after a transaction that added one to some slots of the target.
    fn added(slots: &[u64]) -> EvmState {
        let slot = EvmStorageSlot::new_changed(U256::ZERO, U256::ONE, TransactionId::ZERO);
        let storage = slots.iter().map(|at| (U256::from(*at), slot.clone())).collect();
        let mut account = Account::default();
        account.storage = storage;
        account.mark_touch();
        [(TARGET, account)].into_iter().collect()
    }

    #[test]
    fn transactions_that_find_what_one_before_them_changed_are_a_chain() {
        let mut probe = Probe::new(look_ahead(&[TARGET; 20])).unwrap();
        for _ in 1..PROBED {
            assert_eq!(probe.look(Some(TARGET), &added(&[1])), Finding::Open);
        }
        assert_eq!(probe.look(Some(TARGET), &added(&[1, 2])), Finding::Chain);
        assert_eq!(probe.writes.len(), PROBED);
    }

    #[test]
    fn transaction_that_needs_none_before_it_frees_the_block() {
        let mut probe = Probe::new(look_ahead(&[TARGET; 20])).unwrap();
        assert_eq!(probe.look(Some(TARGET), &added(&[1])), Finding::Open);
        assert_eq!(probe.look(Some(TARGET), &added(&[1])), Finding::Open);
        assert_eq!(probe.look(Some(TARGET), &added(&[2])), Finding::Free);
    }

    #[test]
    fn block_of_several_targets_or_of_few_transactions_is_not_tried() {
        let other = Address::repeat_byte(8);
        let with_others = |count| {
            let mut targets = vec![TARGET; 32];
            targets.iter_mut().rev().take(count).for_each(|target| *target = other);
            Probe::new(look_ahead(&targets)).is_ok()
        };
        assert!(with_others(2) && !with_others(3));
        assert!(Probe::new(look_ahead(&[TARGET; 2 * PROBED])).is_err());
        let always = LookAhead { strategy: Strategy::Parallel, ..look_ahead(&[TARGET; 32]) };
        assert!(Probe::new(always).is_err());
    }
}
