//! Checks that the same seed gives the same bytes on every machine.

use alloy_primitives::b256;

use super::*;

/// Keccak hash over the block hashes and the last state before a block, accounts and slots in order.
fn digest(workload: Workload, seed: u64) -> B256 {
    let cases: Vec<Case> = generate(workload, seed, options(3, 60)).map(Result::unwrap).collect();
    let mut bytes: Vec<u8> = cases.iter().flat_map(|case| case.block.hash).collect();
    let state = &cases.last().unwrap().state;
    let mut accounts: Vec<_> = state.accounts.iter().collect();
    accounts.sort_by_key(|(address, _)| **address);
    for (address, account) in accounts {
        bytes.extend(address);
        bytes.extend(account.info.balance.to_be_bytes::<32>());
        bytes.extend(account.info.nonce.to_be_bytes());
        bytes.extend(account.info.code_hash);
        let mut slots: Vec<_> = account.storage.iter().collect();
        slots.sort();
        bytes.extend(
            slots.iter().flat_map(|(slot, value)| [slot, value]).flat_map(|word| word.to_be_bytes::<32>()),
        );
    }
    keccak256(bytes)
}

/// Changes when the generator, a contract or the gas schedule changes; then the new digests belong in the same change.
const DIGESTS: [(Workload, B256); 17] = [
    (Workload::NativeTransfers, b256!("5b0fbfe7cdb7290028bc93570b9cc499902a29b6e1ecf0d2016b3961ca904696")),
    (Workload::Erc20Transfers, b256!("983b1b87f6eaa08e41c60912952e36b91d5e971d6f6bddabec0b5fcac9e4ce74")),
    (Workload::Erc20OneRecipient, b256!("b7ae8c8fd34cd2b0b97964af4afae956fbe34b6be0dd765e14324705041ec493")),
    (Workload::SwapsManyPools, b256!("b91817944ea0e50fcf8893e9cedd6410cf0fb9c75ef562f29fac2925c597a3a1")),
    (Workload::SwapsOnePool, b256!("02d23c55004731e71f94761424809bd66876f7f74c4c10858da10ca5ce906b6e")),
    (Workload::MintRush, b256!("730f340215da21c7a64f5cd45006188da904993c2a818f712e4f989f8cb3dba0")),
    (Workload::GameMoves, b256!("57f65d31a326f0782840c678782f563e693bdff1d60db804e081c3695149b26f")),
    (Workload::RollupBatches, b256!("91287205090cb29cc8830ecc009daa544efd9f5d0f7bb7cdf1d8373dcfe6659f")),
    (Workload::NonceChain, b256!("7530c50706766fa069ef65ab61691a2541fc6f8d9a265a517359f0296fa78342")),
    (Workload::HotAccount, b256!("9d17d706fb594599172a85420d7069486480ef772b1f9ddd5bc49c257e598739")),
    (Workload::HotCounter, b256!("4d5ddceb28f115ca0d58e746528bf523a362d07f3598d943416ed57506c239dd")),
    (
        Workload::Create2Selfdestruct,
        b256!("06f05ebad35404ce3702263b9a213d26a0a6974caeeed13db07e7407a1821c23"),
    ),
    (Workload::Delegation, b256!("f4692de38c4468cee723ec4d3e6e77184ee5c2f35d6edda69fcb5204491c8398")),
    (Workload::Failing, b256!("41d02ed5f69dde2451b0b104ff26b3307f3137e0659a2f82f7795e98eba3afb0")),
    (Workload::FeeRecipient, b256!("6fc88b841429adc4cc95efe7b398b22b02877e8e479aea3c75e6ecc5f82e515b")),
    (Workload::Precompiles, b256!("261c74a6cd5d9b8553d49f2dc0600a8feb45d4afc052a1d5acc3b7b21aa35b4a")),
    (Workload::Mixed, b256!("3e63e5052ba038b743a64a6f819f795b89b672d96aac9b0797b613e7eeb0cb60")),
];

#[test]
fn same_seed_gives_the_same_bytes() {
    let got: Vec<_> = Workload::ALL.map(|workload| (workload, digest(workload, 1))).into();
    let lines = got
        .iter()
        .map(|(workload, digest)| format!("    (Workload::{workload:?}, b256!(\"{digest:x}\")),\n"));
    assert!(got == DIGESTS, "the digests are now\n{}", lines.collect::<String>());
}

#[test]
fn another_seed_gives_other_bytes() {
    assert_ne!(digest(Workload::NativeTransfers, 2), DIGESTS[0].1);
}
