//! Checks that contracts come, go and come back, and that delegations change within a block.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::Address;

use super::*;
use crate::generate::calls::{Factory, Wallet};

/// Where something happened: block and transaction.
type Place = (usize, usize);

/// Creations and destructions of each child, in order.
fn lives(blocks: &[Executed]) -> BTreeMap<Address, Vec<(Place, bool)>> {
    let mut lives = BTreeMap::<Address, Vec<(Place, bool)>>::new();
    for (number, block) in blocks.iter().enumerate() {
        let mut steps: Vec<(usize, Address, bool)> = Vec::new();
        for (at, outcome) in block.outcomes.iter().enumerate() {
            for log in outcome.logs() {
                if let Ok(event) = Factory::Created::decode_log(log) {
                    steps.push((at, event.child, true));
                } else if let Ok(event) = Factory::Destroyed::decode_log(log) {
                    steps.push((at, event.child, false));
                }
            }
        }
        for (at, child, alive) in steps {
            lives.entry(child).or_default().push(((number, at), alive));
        }
    }
    lives
}

/// Tells whether some address was created, destroyed and created again, later in one block and in a later block.
fn recreated(blocks: &[Executed]) -> (bool, bool) {
    let (mut within, mut across) = (false, false);
    for steps in lives(blocks).values() {
        for pair in steps.windows(2) {
            let [(destroyed, false), (created, true)] = pair else { continue };
            within |= destroyed.0 == created.0 && destroyed.1 < created.1;
            across |= destroyed.0 < created.0;
        }
    }
    (within, across)
}

#[test]
fn destroyed_addresses_are_created_again_within_and_across_blocks() {
    for fork in [Fork::Shanghai, Fork::Cancun, Fork::Osaka] {
        for seed in [1, 2, 3] {
            let options = GenerateOptions { fork, ..options(6, 100) };
            let blocks = executed(Workload::Create2Selfdestruct, seed, options);
            assert_eq!(recreated(&blocks), (true, true), "{fork} seed {seed}");
        }
    }
}

#[test]
fn creations_collide_and_children_start_from_empty_storage() {
    let blocks = executed(Workload::Create2Selfdestruct, 1, options(3, 100));
    let collided: usize = blocks.iter().map(|block| block.events::<Factory::Collided>().len()).sum();
    assert!(collided > 20, "{collided}");
    for block in &blocks {
        for (at, created) in block.events::<Factory::Created>() {
            let visits = block.events::<Factory::Visited>();
            let first = visits.iter().find(|(visit, event)| *visit >= at && event.child == created.child);
            if let Some((_, visit)) = first {
                assert!(visit.visits <= alloy_primitives::U256::from(3), "{} visits", visit.visits);
            }
        }
    }
}

#[test]
fn destroyed_children_lived_in_storage_before_cancun() {
    let options = GenerateOptions { fork: Fork::Shanghai, ..options(6, 100) };
    let blocks = executed(Workload::Create2Selfdestruct, 1, options);
    let stored = |block: &Executed, child: &Address| {
        block.case.state.accounts.get(child).is_some_and(|account| !account.storage.is_empty())
    };
    let wiped = blocks.iter().any(|block| {
        let destroyed = block.events::<Factory::Destroyed>();
        destroyed.iter().any(|(_, event)| stored(block, &event.child))
    });
    assert!(wiped, "no contract with storage of an earlier block was destroyed");
}

#[test]
fn accounts_delegate_elsewhere_within_a_block() {
    for seed in [1, 2, 3] {
        let blocks = executed(Workload::Delegation, seed, options(2, 150));
        for block in &blocks {
            let mut versions = BTreeMap::<Address, BTreeSet<(u64, usize)>>::new();
            for (at, event) in block.events::<Wallet::Executed>() {
                versions.entry(event.account).or_default().insert((event.version.to(), at));
            }
            let both = versions.values().filter(|seen| {
                let of = |wanted: u64| seen.iter().filter(|(version, _)| *version == wanted).count();
                of(1) > 0 && of(1000) > 0
            });
            assert!(both.count() >= 2, "{}", block.case.source);
        }
    }
}

#[test]
fn authorizations_come_from_old_and_new_accounts_and_some_revoke() {
    let blocks = executed(Workload::Delegation, 1, options(3, 150));
    let transactions = blocks.iter().flat_map(|block| block.case.block.transactions.iter());
    let lists = transactions.filter_map(|tx| Some((tx.signer(), tx.authorization_list()?)));
    let (mut revoked, mut own, mut several, mut foreign) = (0, 0, 0, 0);
    for (signer, list) in lists {
        several += usize::from(list.len() > 1);
        for authorization in list {
            revoked += usize::from(authorization.address.is_zero());
            own += usize::from(authorization.recover_authority().is_ok_and(|authority| authority == signer));
            foreign +=
                usize::from(authorization.chain_id == alloy_primitives::U256::from(fork::CHAIN_ID + 1));
        }
    }
    assert!(revoked > 5 && own > 5 && several > 5 && foreign > 5, "{revoked} {own} {several} {foreign}");
}

#[test]
fn delegations_hold_exactly_where_the_generator_counts_them() {
    let blocks = executed(Workload::Delegation, 1, options(3, 150));
    let mut chain = Chain::genesis(Workload::Delegation, 1, options(3, 150)).unwrap();
    for _ in 0..3 {
        chain.next_case(&options(3, 150)).unwrap();
    }
    let after = &blocks.last().unwrap().after;
    for role in [Role::Authority, Role::NewAuthority, Role::User] {
        for account in chain.world.accounts.of(role) {
            let nonce = after.accounts.get(&account.address).map_or(0, |found| found.info.nonce);
            assert_eq!(nonce, account.nonce, "{role:?} {}", account.address);
        }
    }
}
