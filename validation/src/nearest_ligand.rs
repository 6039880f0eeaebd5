//! The known ligand that shares most fragments with a new one.

use std::collections::BTreeMap;

use druse_representations::ligand::{Fingerprint, similarity};

/// Fingerprints by fragment: a search touches only ligands that have a fragment in common with the
/// new one, and finds the same as a comparison with all of them.
#[derive(Debug, Default)]
pub struct FingerprintIndex {
    ids: Vec<Box<str>>,
    totals: Vec<u32>,
    /// Places of the ligands with a fragment, and how often they have it.
    holders: BTreeMap<u32, Vec<(u32, u32)>>,
}

impl FingerprintIndex {
    /// An index of ligands in a fixed order.
    pub fn new(ligands: impl IntoIterator<Item = (Box<str>, Fingerprint)>) -> Self {
        let mut index = Self::default();
        for (id, fingerprint) in ligands {
            let place = index.ids.len() as u32;
            index.ids.push(id);
            index.totals.push(fingerprint.total());
            for &(fragment, count) in fingerprint.counts() {
                index.holders.entry(fragment).or_default().push((place, count));
            }
        }
        index
    }

    /// The most similar ligand and its similarity (Tanimoto's coefficient); of equals the first.
    /// `None` when there are no ligands.
    pub fn nearest(&self, fingerprint: &Fingerprint) -> Option<(&str, f64)> {
        let mut common = vec![0; self.ids.len()];
        for (fragment, count) in fingerprint.counts() {
            for &(place, others) in self.holders.get(fragment).into_iter().flatten() {
                common[place as usize] += others.min(*count);
            }
        }
        let similarities = common
            .iter()
            .zip(&self.totals)
            .map(|(&common, &total)| similarity(common, fingerprint.total(), total));
        let mut best: Option<(usize, f64)> = None;
        for (place, similarity) in similarities.enumerate() {
            if best.is_none_or(|(_, known)| similarity > known) {
                best = Some((place, similarity));
            }
        }
        best.map(|(place, similarity)| (&*self.ids[place], similarity))
    }
}
