//! Keeps a worker's own copies of contracts' code.
//!
//! revm counts the references to a code with every frame and every account that holds it. Where threads share the
//! code, they fight for that count, of popular contracts above all. So a worker reads through copies that no other
//! thread touches.

use alloy_primitives::{B256, Bytes, map::B256Map};
use revm::bytecode::Bytecode;

use crate::sync::Mutex;

/// Bytes of code beyond which a collection begins anew.
const BYTES_MAX: usize = 64 << 20;

/// Copies of code by hash.
#[derive(Debug, Default)]
pub struct Codes {
    copies: B256Map<Bytecode>,
    byte_count: usize,
}

impl Codes {
    /// Returns a copy of the code with this hash, made from what `read` gives where there is none yet.
    pub fn get<E>(
        &mut self,
        code_hash: B256,
        read: impl FnOnce() -> Result<Bytecode, E>,
    ) -> Result<Bytecode, E> {
        if let Some(copy) = self.copies.get(&code_hash) {
            return Ok(copy.clone());
        }
        let copy = copy(&read()?);
        if self.byte_count > BYTES_MAX {
            self.copies.clear();
            self.byte_count = 0;
        }
        self.byte_count += copy.len();
        self.copies.insert(code_hash, copy.clone());
        Ok(copy)
    }
}

/// Collections that wait for workers; a worker takes one for the time of a block.
#[derive(Debug, Default)]
pub struct CodeStock(Mutex<Vec<Codes>>);

impl CodeStock {
    /// Takes a collection, a new one where none waits.
    pub fn take(&self) -> Codes {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Returns how many collections wait.
    #[cfg(all(test, loom))]
    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// Puts a collection back.
    pub fn put_back(&self, codes: Codes) {
        self.0.lock().push(codes);
    }
}

/// Copies code, its reference count included.
fn copy(code: &Bytecode) -> Bytecode {
    match code.eip7702_address() {
        Some(address) => Bytecode::new_eip7702(address),
        None => Bytecode::new_legacy(Bytes::copy_from_slice(code.original_byte_slice())),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn copies_are_equal_and_made_once() {
        let mut codes = Codes::default();
        let code = Bytecode::new_legacy([0x5b, 0x60, 0x5b, 0x00].into());
        let hash = code.hash_slow();
        let copy = codes.get(hash, || Ok::<_, Infallible>(code.clone())).unwrap();
        assert_eq!(
            (copy.original_bytes(), copy.legacy_jump_table()),
            (code.original_bytes(), code.legacy_jump_table())
        );
        assert_ne!(copy.bytecode_ptr(), code.bytecode_ptr());
        let again = codes.get::<()>(hash, || Err(())).unwrap();
        assert_eq!(again.bytecode_ptr(), copy.bytecode_ptr());
    }

    #[test]
    fn delegation_stays_a_delegation() {
        let code = Bytecode::new_eip7702(alloy_primitives::Address::repeat_byte(7));
        assert_eq!(copy(&code), code);
        assert!(copy(&code).is_eip7702());
    }
}
