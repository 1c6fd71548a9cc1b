use std::num::NonZeroUsize;

use super::*;
use crate::update::{Account, StorageBase};

/// An address for each number.
fn address(number: u64) -> Address {
    Address::from_word(keccak256(number.to_be_bytes()))
}

fn account(nonce: u64, code_hash: B256) -> Account {
    Account { nonce, balance: U256::from(nonce * 7), code_hash }
}

/// A state of 40 accounts, the third with 30 slots and a code: its root and all of its nodes.
fn whole() -> (B256, Vec<Bytes>) {
    let mut update = StateUpdate::default();
    for number in 1..=40 {
        let slots = if number == 3 { 1..31 } else { 0..0 };
        let code_hash = if number == 3 { keccak256([0x60, 1]) } else { KECCAK256_EMPTY };
        update.insert(
            address(number),
            account(number, code_hash),
            slots.map(|slot: u64| (U256::from(slot), U256::from(slot * slot))),
        );
    }
    let trie = update_root(&NodesByHash::default(), EMPTY_ROOT_HASH, &update, NonZeroUsize::MIN).unwrap();
    let storages = trie.storages.values().flat_map(|storage| storage.nodes.values());
    let nodes = trie.accounts.values().chain(storages).flatten().cloned().collect();
    (trie.root, nodes)
}

fn state(root: B256, nodes: Vec<Bytes>) -> WitnessState {
    let hashes = BTreeMap::from([(7, B256::repeat_byte(7))]);
    WitnessState::new(root, nodes, [Bytes::from_static(&[0x60, 1])], hashes).unwrap()
}

#[test]
fn reads_give_what_the_root_proves() {
    let (root, nodes) = whole();
    let state = state(root, nodes);
    let info = state.basic_ref(address(3)).unwrap().unwrap();
    assert_eq!((info.nonce, info.balance), (3, U256::from(21)));
    assert_eq!(state.code_by_hash_ref(info.code_hash).unwrap().original_bytes()[..], [0x60, 1]);
    assert_eq!(state.storage_ref(address(3), U256::from(9)).unwrap(), U256::from(81));
    assert_eq!(state.storage_ref(address(3), U256::from(99)).unwrap(), U256::ZERO);
    assert_eq!(state.basic_ref(address(99)).unwrap(), None);
    assert_eq!(state.storage_ref(address(99), U256::from(1)).unwrap(), U256::ZERO);
    assert_eq!(state.block_hash_ref(7).unwrap(), B256::repeat_byte(7));
    assert_eq!(state.block_hash_ref(8).unwrap_err().to_string(), "hash of block 8 is not in the witness");
    assert_eq!(
        state.code_by_hash_ref(B256::ZERO).unwrap_err().to_string(),
        format!("code {} is not in the witness", B256::ZERO)
    );
}

/// Whichever node is taken out, a read gives the right answer or an error that names that node.
#[test]
fn a_node_that_is_not_there_is_named_and_nothing_is_guessed() {
    let (root, nodes) = whole();
    let full = state(root, nodes.clone());
    let (mut accounts_failed, mut slots_failed) = (0, 0);
    for absent in &nodes {
        let hash = keccak256(absent);
        let rest = nodes.iter().filter(|node| *node != absent).cloned().collect::<Vec<_>>();
        if hash == root {
            let error = WitnessState::new(root, rest, [], BTreeMap::new()).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("the witness does not begin with state root {root}")),
                "{error}"
            );
            continue;
        }
        let partial = state(root, rest);
        for number in 1..50 {
            match partial.basic_ref(address(number)) {
                Ok(info) => assert_eq!(info, full.basic_ref(address(number)).unwrap()),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.starts_with(&format!("account {}", address(number))), "{error}");
                    assert!(error.contains(&hash.to_string()), "{error}");
                    accounts_failed += 1;
                }
            }
        }
        for slot in (1..40).map(U256::from) {
            match partial.storage_ref(address(3), slot) {
                Ok(value) => assert_eq!(value, full.storage_ref(address(3), slot).unwrap()),
                Err(error) => {
                    assert!(error.to_string().contains(&hash.to_string()), "{error}");
                    slots_failed += 1;
                }
            }
        }
    }
    assert!(accounts_failed > 40 && slots_failed > 30, "{accounts_failed} {slots_failed}");
}

#[test]
fn another_states_nodes_are_refused() {
    let (_, nodes) = whole();
    let error = WitnessState::new(B256::repeat_byte(1), nodes, [], BTreeMap::new()).unwrap_err();
    assert!(error.to_string().contains("at path 0x of the account trie is missing"), "{error}");
}

#[test]
fn changes_before_the_block_are_read_and_enter_the_root() {
    let (root, nodes) = whole();
    let mut state = state(root, nodes);
    assert_eq!(state.root_after(StateUpdate::default()).unwrap(), root);
    let info = AccountInfo { nonce: 3, balance: U256::from(5), ..AccountInfo::default() };
    state.change(address(3), AccountInfo { code_hash: keccak256([0x60, 1]), ..info });
    assert_eq!(state.basic_ref(address(3)).unwrap().unwrap().balance, U256::from(5));
    assert_eq!(state.storage_ref(address(3), U256::from(9)).unwrap(), U256::from(81), "storage stays");
    let changed = state.root_after(StateUpdate::default()).unwrap();
    assert_ne!(changed, root);

    // The block's own change of the account comes after it.
    let mut update = StateUpdate::default();
    update.insert(address(3), account(3, keccak256([0x60, 1])), []);
    assert_eq!(update.accounts.values().next().unwrap().storage.base, StorageBase::Kept);
    assert_eq!(state.root_after(update).unwrap(), root);
}
