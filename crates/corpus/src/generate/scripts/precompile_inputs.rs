//! Makes input for precompiles, valid and invalid.

use alloy_primitives::{B256, hex};
use sha2::{Digest, Sha256};

use crate::generate::{accounts::Role, draft::Draft};

/// A precompile, by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Precompile {
    EcRecover = 1,
    Sha256 = 2,
    Ripemd160 = 3,
    Identity = 4,
    ModExp = 5,
    Bn254Add = 6,
    Bn254Mul = 7,
    Bn254Pairing = 8,
    Blake2F = 9,
    PointEvaluation = 0x0a,
    Bls12G1Add = 0x0b,
    Bls12G1Msm = 0x0c,
    Bls12G2Add = 0x0d,
    Bls12G2Msm = 0x0e,
    Bls12Pairing = 0x0f,
    Bls12MapFpToG1 = 0x10,
    Bls12MapFp2ToG2 = 0x11,
    P256Verify = 0x100,
}

impl Precompile {
    /// All precompiles of Osaka.
    pub(super) const ALL: [Self; 18] = [
        Self::EcRecover,
        Self::Sha256,
        Self::Ripemd160,
        Self::Identity,
        Self::ModExp,
        Self::Bn254Add,
        Self::Bn254Mul,
        Self::Bn254Pairing,
        Self::Blake2F,
        Self::PointEvaluation,
        Self::Bls12G1Add,
        Self::Bls12G1Msm,
        Self::Bls12G2Add,
        Self::Bls12G2Msm,
        Self::Bls12Pairing,
        Self::Bls12MapFpToG1,
        Self::Bls12MapFp2ToG2,
        Self::P256Verify,
    ];
}

/// The generator of BN254's G1, and its negative (EIP-196).
const BN_G1: [u8; 64] = hex!(
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
);
const BN_G1_NEGATIVE: [u8; 64] = hex!(
    "0000000000000000000000000000000000000000000000000000000000000001"
    "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd45"
);
/// The generator of BN254's G2, imaginary parts first (EIP-197).
const BN_G2: [u8; 128] = hex!(
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
);
/// The generator of BLS12-381's G1, and its negative (EIP-2537).
const BLS_G1: [u8; 128] = hex!(
    "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
    "6c55e83ff97a1aeffb3af00adb22c6bb"
    "0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3ed"
    "d03cc744a2888ae40caa232946c5e7e1"
);
const BLS_G1_NEGATIVE: [u8; 128] = hex!(
    "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
    "6c55e83ff97a1aeffb3af00adb22c6bb"
    "00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac4236"
    "4e6f38ba0ecb751bad54dcd6b939c2ca"
);
/// The generator of BLS12-381's G2 (EIP-2537).
const BLS_G2: [u8; 256] = hex!(
    "00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d177"
    "0bac0326a805bbefd48056c8c121bdb8"
    "0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049"
    "334cf11213945d57e5ac7d055d042b7e"
    "000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c"
    "923ac9cc3baca289e193548608b82801"
    "000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab"
    "3f370d275cec1da1aaa9075ff05f79be"
);
/// A message hash, a P-256 signature of it and the public key (from go-ethereum's and EIP-7951's vectors).
const P256: [u8; 160] = hex!(
    "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
    "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
    "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
    "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
    "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
);
/// Length of BLAKE2's compression input (EIP-152).
const BLAKE2_LEN: usize = 213;

/// Makes input for a precompile; invalid input is too short, too large, off the curve, or a proof of
/// something else.
///
/// SHA-256, RIPEMD-160, the identity and MODEXP take any input.
pub(super) fn draw(precompile: Precompile, valid: bool, draft: &mut Draft<'_>) -> Vec<u8> {
    let random = &mut draft.world.random;
    let mut input = match precompile {
        Precompile::EcRecover => signature(draft),
        Precompile::Sha256 | Precompile::Ripemd160 | Precompile::Identity => {
            let len = random.index(200);
            return random.bytes(len);
        }
        Precompile::ModExp => return modular_power(draft),
        Precompile::Bn254Add => [BN_G1, random.pick([BN_G1, BN_G1_NEGATIVE, [0; 64]])].concat(),
        Precompile::Bn254Mul => [&BN_G1[..], &random.bytes(32)].concat(),
        Precompile::Bn254Pairing => [&BN_G1[..], &BN_G2, &BN_G1_NEGATIVE, &BN_G2].concat(),
        Precompile::Blake2F => compression(draft),
        Precompile::PointEvaluation => constant_zero_proof(random.bytes(31)),
        Precompile::Bls12G1Add => [BLS_G1, random.pick([BLS_G1, BLS_G1_NEGATIVE, [0; 128]])].concat(),
        Precompile::Bls12G1Msm => [&BLS_G1[..], &random.bytes(32), &BLS_G1, &random.bytes(32)].concat(),
        Precompile::Bls12G2Add => [BLS_G2, random.pick([BLS_G2, [0; 256]])].concat(),
        Precompile::Bls12G2Msm => [&BLS_G2[..], &random.bytes(32)].concat(),
        Precompile::Bls12Pairing => [&BLS_G1[..], &BLS_G2, &BLS_G1_NEGATIVE, &BLS_G2].concat(),
        Precompile::Bls12MapFpToG1 => field_element(random.bytes(47)),
        Precompile::Bls12MapFp2ToG2 => {
            [field_element(random.bytes(47)), field_element(random.bytes(47))].concat()
        }
        Precompile::P256Verify => P256.to_vec(),
    };
    if !valid {
        spoil(&mut input, draft);
    }
    input
}

/// Cuts the last byte off, changes one bit of the first point, or makes the last word as large as it can be.
fn spoil(input: &mut Vec<u8>, draft: &mut Draft<'_>) {
    let random = &mut draft.world.random;
    let len = input.len();
    match random.below(3) {
        0 => input.truncate(len - 1),
        1 => input[random.index(len.min(64))] ^= 1 << random.below(8),
        _ => input[len - 32..].fill(0xff),
    }
}

/// Hash, recovery id, r, s of a user's signature.
fn signature(draft: &mut Draft<'_>) -> Vec<u8> {
    let user = draft.world.any(Role::User);
    let hash = draft.world.random.word();
    let signature = draft.world.accounts[user].sign(hash);
    let recovery = B256::with_last_byte(27 + u8::from(signature.v()));
    let (r, s) = (B256::from(signature.r()), B256::from(signature.s()));
    [hash, recovery, r, s].concat()
}

/// Lengths, then base, exponent and modulus of up to 32 bytes (EIP-198).
fn modular_power(draft: &mut Draft<'_>) -> Vec<u8> {
    let random = &mut draft.world.random;
    let lengths = [(); 3].map(|()| 1 + random.below(32) as u8);
    let numbers = random.bytes(lengths.iter().map(|length| usize::from(*length)).sum());
    [lengths.map(B256::with_last_byte).concat(), numbers].concat()
}

/// Up to 255 rounds, a state, a message, offsets, and whether this is the last block.
fn compression(draft: &mut Draft<'_>) -> Vec<u8> {
    let random = &mut draft.world.random;
    let mut input = random.bytes(BLAKE2_LEN);
    input[..3].fill(0);
    input[BLAKE2_LEN - 1] = random.below(2) as u8;
    input
}

/// A field element of 47 bytes, small enough to be below the modulus, in 64 bytes.
fn field_element(bytes: Vec<u8>) -> Vec<u8> {
    [vec![0; 64 - bytes.len()], bytes].concat()
}

/// The proof that the zero polynomial is zero at a point: commitment and proof are the point at infinity (EIP-4844).
fn constant_zero_proof(point: Vec<u8>) -> Vec<u8> {
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let mut versioned_hash: [u8; 32] = Sha256::digest(infinity).into();
    versioned_hash[0] = 1;
    [&versioned_hash[..], &[0], &point, &[0; 32], &infinity, &infinity].concat()
}
