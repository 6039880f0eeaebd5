//! What a generator has proposed so far.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Keys of all proposals, and the count of proposals that broke a constraint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Ledger {
    /// Keys of the proposals. They stand in the journal; states of older versions hold them too.
    #[serde(default)]
    seen: BTreeSet<u64>,
    /// Keys that the journal does not have yet.
    #[serde(skip)]
    fresh: Vec<u64>,
    /// Proposals that the last check stopped; a mistake of the construction when not 0.
    pub(crate) violations: u64,
}

impl Ledger {
    /// Number of different keys.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether this key was proposed.
    pub(crate) fn has(&self, key: u64) -> bool {
        self.seen.contains(&key)
    }

    /// Remembers a proposal.
    pub(crate) fn insert(&mut self, key: u64) {
        if self.seen.insert(key) {
            self.fresh.push(key);
        }
    }

    /// Keys that are new since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.fresh)
    }

    /// Remembers keys of the journal.
    pub(crate) fn recall(&mut self, keys: Vec<u64>) {
        self.seen.extend(keys);
    }

    /// Has the keys that came with a state written to the journal.
    pub(crate) fn hand_over(&mut self) {
        self.fresh = self.seen.iter().copied().collect();
    }
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

    #[test]
    fn keys_of_an_old_state_go_into_the_journal() {
        let mut ledger: Ledger = serde_json::from_str(r#"{"seen": [3, 1], "violations": 0}"#).unwrap();
        ledger.hand_over();
        ledger.insert(2);
        ledger.insert(3);
        assert_eq!(ledger.take_fresh(), [1, 3, 2]);
        assert!(ledger.take_fresh().is_empty() && ledger.has(1) && ledger.len() == 3);
    }
}
