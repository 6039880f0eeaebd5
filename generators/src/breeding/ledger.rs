//! What a generator has proposed so far.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Keys of all proposals, and the count of proposals that broke a constraint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    /// Keys of the proposals.
    pub(crate) seen: BTreeSet<u64>,
    /// Proposals that the last check stopped; a mistake of the construction when not 0.
    pub(crate) violations: u64,
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo), for keys.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_as_published() {
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c); // published test vector
    }
}
