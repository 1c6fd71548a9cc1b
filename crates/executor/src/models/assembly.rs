//! A bundle that threads build together.

use std::sync::Arc;

use alloy_primitives::Address;
use loom::{model, thread};

use crate::bundle::{Assembly, Part};

/// A part with one account, whose bundle has that account.
fn part(byte: u8) -> Part {
    let mut account = revm::state::Account::default();
    account.info.nonce = 1;
    account.mark_touch();
    let changes = [(Address::repeat_byte(byte), account)];
    Part { changes: changes.into_iter().collect(), ..Part::default() }
}

#[test]
fn every_part_is_built_once_whoever_comes_when() {
    model(|| {
        let assembly = Arc::new(Assembly::new());
        let expecting = assembly.expect();
        let helper = {
            let assembly = assembly.clone();
            thread::spawn(move || assembly.help())
        };
        let bundle = assembly.assemble(vec![part(1), part(2)]).unwrap();
        assert_eq!((bundle.state.len(), bundle.reverts.len(), bundle.reverts[0].len()), (2, 1, 2));
        drop(expecting);
        helper.join().unwrap();
    });
}

#[test]
fn helper_of_a_block_that_fails_goes() {
    model(|| {
        let assembly = Arc::new(Assembly::new());
        let expecting = assembly.expect();
        let helper = {
            let assembly = assembly.clone();
            thread::spawn(move || assembly.help())
        };
        drop(expecting);
        helper.join().unwrap();
    });
}

#[test]
fn parts_of_two_helpers_are_all_waited_for() {
    let mut limits = model::Builder::new();
    limits.preemption_bound = Some(2);
    limits.check(|| {
        let assembly = Arc::new(Assembly::new());
        let expecting = assembly.expect();
        let helpers = [0, 1].map(|_| {
            let assembly = assembly.clone();
            thread::spawn(move || assembly.help())
        });
        let bundle = assembly.assemble(vec![part(1), part(2), part(3)]).unwrap();
        assert_eq!((bundle.state.len(), bundle.reverts[0].len()), (3, 3));
        drop(expecting);
        helpers.into_iter().for_each(|helper| helper.join().unwrap());
    });
}
