//! Keeps decoded codes, whose jump destinations are costly to find.

use alloy_primitives::{B256, map::B256Map};
use parking_lot::RwLock;
use revm::bytecode::Bytecode;

/// Bytes of code after which the cache begins anew.
const CODE_BYTES_MAX: usize = 64 << 20;

/// Codes by hash, bounded by emptying.
#[derive(Debug, Default)]
pub(super) struct CodeCache(RwLock<Codes>);

#[derive(Debug, Default)]
struct Codes {
    codes: B256Map<Bytecode>,
    bytes: usize,
}

impl CodeCache {
    pub(super) fn get(&self, hash: &B256) -> Option<Bytecode> {
        self.0.read().codes.get(hash).cloned()
    }

    pub(super) fn insert(&self, hash: B256, code: Bytecode) {
        let mut codes = self.0.write();
        if codes.bytes > CODE_BYTES_MAX {
            *codes = Codes::default();
        }
        codes.bytes += code.len();
        codes.codes.insert(hash, code);
    }
}
