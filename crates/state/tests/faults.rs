//! Makes writes fail and opens the store anew.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use tandem_state::{StateError, Store, store::Fault};

use chain::{Chain, Event, Events, config};

#[path = "support/chain.rs"]
mod chain;

fn some_blocks(count: u8) -> Vec<Events> {
    (0..count).map(|n| BTreeMap::from([(n % 7, Event::Set { nonce: 1, slots: vec![(n, n + 1)] })])).collect()
}

/// For every write of a short import: the store opens at the last block that was acknowledged, or, where the write had
/// reached the disk, at the one that was not, and the import goes on.
#[test]
fn a_failed_write_is_there_whole_or_not_at_all() {
    for fault in [Fault::Refused, Fault::Unacknowledged] {
        for failing in 0..4 {
            let dir = tempfile::tempdir().unwrap();
            let mut chain = Chain::create(dir.path());
            chain.store.inject(fault, failing);
            let blocks = chain.extend(&some_blocks(5));
            for (at, block) in (0..).zip(&blocks) {
                let outcome = chain.store.commit(std::slice::from_ref(block));
                match at {
                    at if at < failing => drop(outcome.unwrap()),
                    at if at == failing => assert!(matches!(outcome, Err(StateError::Injected))),
                    _ => assert!(matches!(
                        outcome,
                        Err(StateError::Halted { .. } | StateError::NotNext { .. })
                    )),
                }
            }
            assert!(matches!(chain.store.unwind(0), Err(StateError::Halted { .. })) || failing == 0);
            let Chain { store, blocks: all } = chain;
            drop(store);

            let store = Store::open(dir.path(), config(), Chain::genesis_hash()).unwrap();
            let there = failing + u64::from(fault == Fault::Unacknowledged);
            assert_eq!(store.head().number, there);
            store.check().unwrap();
            let rest = usize::try_from(there).unwrap();
            store.commit(&blocks[rest..]).unwrap();
            Chain { store, blocks: all }.check();
        }
    }
}
