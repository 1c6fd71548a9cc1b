//! Checks that failing transactions fail in all ways, and that the fee recipient is paid, pays and is read.

use std::collections::BTreeSet;

use super::*;
use crate::{
    Block,
    generate::calls::{Failing, Reader, Tipper},
};

#[test]
fn failures_are_of_every_kind() {
    for seed in [1, 2, 3] {
        let blocks = executed(Workload::Failing, seed, options(2, 200));
        let outcomes: Vec<_> = blocks.iter().flat_map(|block| &block.outcomes).collect();
        let reverted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Revert { .. })).count();
        assert!(reverted > 50, "{reverted}");
        let halts: BTreeSet<&str> = outcomes.iter().filter_map(|outcome| halt(outcome)).collect();
        let expected = [
            "code begins with ef",
            "code too large",
            "invalid jump",
            "invalid opcode",
            "out of gas",
            "out of offset",
            "stack underflow",
        ];
        assert_eq!(halts, BTreeSet::from(expected), "seed {seed}");
        let survived: usize = blocks.iter().map(|block| block.events::<Failing::Survived>().len()).sum();
        assert!(survived > 30, "{survived}");
    }
}

fn halt(outcome: &Outcome) -> Option<&'static str> {
    let Outcome::Halt { reason, .. } = outcome else { return None };
    Some(match reason {
        HaltReason::OutOfGas(_) => "out of gas",
        HaltReason::InvalidFEOpcode => "invalid opcode",
        HaltReason::InvalidJump => "invalid jump",
        HaltReason::StackUnderflow => "stack underflow",
        HaltReason::OutOfOffset => "out of offset",
        HaltReason::CreateContractStartingWithEF => "code begins with ef",
        HaltReason::CreateContractSizeLimit => "code too large",
        _ => "other",
    })
}

#[test]
fn fee_recipient_is_paid_pays_and_is_read() {
    let blocks = executed(Workload::FeeRecipient, 1, options(12, 100));
    let (mut sent, mut sent_when_new, mut read, mut tipped, mut contract) = (0, 0, 0, 0, 0);
    for block in &blocks {
        let Case { block: Block { header, transactions, .. }, state, .. } = &block.case;
        let own = transactions.iter().filter(|tx| tx.signer() == header.beneficiary).count();
        let before = state.accounts.get(&header.beneficiary);
        match before {
            Some(account) if !account.info.is_empty_code_hash() => contract += 1,
            Some(_) => sent += own,
            None => sent_when_new += own,
        }
        read +=
            block.events::<Reader::Saw>().iter().filter(|(_, saw)| saw.account == header.beneficiary).count();
        tipped += block.events::<Tipper::Tipped>().len();
        assert_eq!(block.succeeded(), 100);
        assert!(transactions.iter().filter(|tx| tx.to() == Some(header.beneficiary)).count() > 5);
    }
    assert!(sent > 20 && sent_when_new > 20, "{sent} {sent_when_new}");
    assert!(read > 20 && tipped > 20 && contract > 0, "{read} {tipped} {contract}");
}

#[test]
fn fee_recipient_without_a_past_spends_what_the_block_gave_it() {
    let blocks = executed(Workload::FeeRecipient, 1, options(12, 100));
    let new = blocks.iter().filter(|block| {
        let Case { block: Block { header, transactions, .. }, state, .. } = &block.case;
        let first = transactions.iter().position(|tx| tx.signer() == header.beneficiary);
        first.is_some_and(|at| at > 0) && !state.accounts.contains_key(&header.beneficiary)
    });
    assert!(new.count() > 0);
}
