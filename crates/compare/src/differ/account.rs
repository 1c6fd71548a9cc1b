//! Compares one account's balance, nonce and code.

use revm::state::AccountInfo;

use super::Differences;
use crate::subject::{AccountField, Layer, Side, Subject};
use alloy_primitives::Address;

/// Compares an account's info, which either side may lack.
///
/// revm's own equality looks at balance, nonce and code hash. The code itself is compared where both carry it; that
/// only one carries it says nothing, because it is a cache of what the code hash names.
pub fn info(
    layer: Layer,
    side: Side,
    address: Address,
    sequential: Option<&AccountInfo>,
    parallel: Option<&AccountInfo>,
    out: &mut Differences,
) {
    let subject = |field| Subject::Account(layer, address, field);
    let (Some(one), Some(two)) = (sequential, parallel) else {
        let exists = |info: Option<&AccountInfo>| u64::from(info.is_some());
        out.check(subject(AccountField::Exists(side)), exists(sequential), exists(parallel));
        return;
    };
    out.check(subject(AccountField::Balance(side)), one.balance, two.balance);
    out.check(subject(AccountField::Nonce(side)), one.nonce, two.nonce);
    out.check(subject(AccountField::CodeHash(side)), one.code_hash, two.code_hash);
    if let (Some(one), Some(two)) = (&one.code, &two.code) {
        let subject = subject(AccountField::Code(side));
        if one != two {
            let (one, two) = (one.original_bytes(), two.original_bytes());
            out.push(crate::difference::Difference::new(subject, one, two));
        }
    }
}
