//! What a model was trained on, so that its samples can be told from what it remembers.

use sha2::{Digest, Sha256};
use tch::Tensor;

use super::sealed::FileError;
use crate::learned::Subject;

/// Name of the tensor in the file of a model.
const TENSOR: &str = "seen";

/// What a model was trained on, by [`Subject::composition_key`]: formulas of crystals, drawings of ligands. Each is
/// kept as the first 32 bits of a SHA-256, so that a model of 100,000 structures grows by 0.4 MB at most; a new
/// formula is mistaken for one of these with a probability of 2·10⁻⁵.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(Vec<i32>);

impl Seen {
    /// What these are.
    pub fn of<S: Subject>(subjects: &[S]) -> Self {
        Self::sorted(subjects.iter().map(|subject| fingerprint(&subject.composition_key())).collect())
    }

    /// Both together.
    pub fn and(&self, other: &Self) -> Self {
        Self::sorted(self.0.iter().chain(&other.0).copied().collect())
    }

    /// Whether something of this key was seen.
    pub fn contains(&self, composition_key: &str) -> bool {
        self.0.binary_search(&fingerprint(composition_key)).is_ok()
    }

    /// Whether nothing was seen, as far as is known: older files do not tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Different ones.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn sorted(mut fingerprints: Vec<i32>) -> Self {
        fingerprints.sort_unstable();
        fingerprints.dedup();
        Self(fingerprints)
    }

    /// As tensors of a file: none when nothing was seen.
    pub(super) fn tensors(&self) -> Option<(String, Tensor)> {
        (!self.is_empty()).then(|| (TENSOR.to_owned(), Tensor::from_slice(&self.0)))
    }

    /// Takes it out of the tensors of a file.
    pub(super) fn take_from(tensors: &mut Vec<(String, Tensor)>, origin: &str) -> Result<Self, FileError> {
        let Some(place) = tensors.iter().position(|(name, _)| name == TENSOR) else {
            return Ok(Self::default());
        };
        let (_, tensor) = tensors.remove(place);
        let fingerprints = Vec::<i32>::try_from(&tensor)
            .map_err(|error| FileError::unfit(origin, error, "32-bit whole numbers as 'seen'"))?;
        Ok(Self::sorted(fingerprints))
    }
}

fn fingerprint(key: &str) -> i32 {
    let sum: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    sum.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use druse_representations::Ligand;

    use super::*;
    use crate::learned::LigandEntry;

    #[test]
    fn what_was_seen_is_known_again() {
        let entry = |smiles: &str| LigandEntry::new(Ligand::from_smiles(smiles).unwrap());
        let seen = Seen::of(&[entry("[NH2:1]CC(=O)[O-:2] gly"), entry("[NH3:1] ammine")]);
        let more = seen.and(&Seen::of(&[entry("[NH3:1] again"), entry("[OH2:1] aqua")]));
        let contains = |seen: &Seen, smiles: &str| seen.contains(&entry(smiles).composition_key());
        assert!(contains(&seen, "C(C(=O)[O-:2])[NH2:1] other"), "the same drawing begun elsewhere");
        assert!(!contains(&seen, "[OH2:1] aqua") && contains(&more, "[OH2:1] aqua"));
        assert_eq!((seen.len(), more.len()), (2, 3));
        let mut tensors: Vec<_> = more.tensors().into_iter().collect();
        assert_eq!(Seen::take_from(&mut tensors, "here").unwrap(), more);
        assert!(tensors.is_empty());
    }
}
