//! The summary of known atoms and the distance from it.

use std::collections::BTreeMap;

use druse_representations::Element;
use safetensors::{Dtype, SafeTensors};

use super::{HALF, WIDTH};
use crate::chgnet::AtomFeatures;
use crate::weights::hash;

/// Why a summary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownAtomsError {
    /// The file is something else.
    #[error("no summary of known atoms: {0}")]
    Damaged(String),
    /// It belongs to other weights.
    #[error("the summary of known atoms is of weights with SHA-256 {found}, expected {expected}")]
    OtherWeights {
        /// Weights of the summary.
        found: String,
        /// Weights of the potential.
        expected: String,
    },
}

/// How far a crystal is from known ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    /// The largest distance of its atoms; 1 is what 95 % of known structures stay below.
    Of(f64),
    /// It holds an element that no known structure has: infinitely far.
    Unseen(Element),
}

/// Means and covariances of the features of known atoms.
#[derive(Clone, Debug)]
pub struct KnownAtoms {
    model_hash: String,
    sha256: String,
    scale: f64,
    elements: BTreeMap<u8, Spread>,
}

/// One element: its mean, and the matrix `A` (lower half, by rows) with `C⁻¹ = AᵀA`.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) mean: Vec<f64>,
    pub(super) whitening: Vec<f64>,
}

impl Spread {
    /// Distance of Mahalanobis.
    pub(super) fn distance(&self, features: &[f64; WIDTH]) -> f64 {
        let from_mean: Vec<f64> = features.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        let rows = (0..WIDTH).map(|i| {
            let row = &self.whitening[i * (i + 1) / 2..(i + 1) * (i + 2) / 2];
            row.iter().zip(&from_mean).map(|(a, x)| a * x).sum::<f64>()
        });
        rows.map(|x| x * x).sum::<f64>().sqrt()
    }
}

impl KnownAtoms {
    /// The summary that comes with druse, for CHGNet 0.3.0.
    ///
    /// # Errors
    /// When the build is damaged.
    pub fn shipped() -> Result<Self, KnownAtomsError> {
        Self::from_bytes(include_bytes!("../../data/known_atoms_chgnet_0.3.0.safetensors"))
    }

    /// Reads the bytes that [`super::Summary::finish`] gives.
    ///
    /// # Errors
    /// When they are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KnownAtomsError> {
        let damaged = |reason: &str| KnownAtomsError::Damaged(reason.to_owned());
        let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error.to_string()))?;
        let model_hash = header.metadata().as_ref().and_then(|metadata| metadata.get("model_hash"));
        let read = |name: &str, width: usize| -> Result<Vec<f64>, KnownAtomsError> {
            let tensor = file.tensor(name).map_err(|error| damaged(&error.to_string()))?;
            if tensor.dtype() != Dtype::F32 || !tensor.data().len().is_multiple_of(4 * width) {
                return Err(damaged(&format!("'{name}' is no table of {width} columns of F32")));
            }
            let numbers = tensor.data().as_chunks::<4>().0;
            Ok(numbers.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect())
        };
        let (numbers, scale) = (read("atomic_numbers", 1)?, read("scale", 1)?);
        let (means, whitenings) = (read("means", WIDTH)?, read("whitenings", HALF)?);
        let [scale] = scale[..] else { return Err(damaged("'scale' is not one number")) };
        if [means.len() / WIDTH, whitenings.len() / HALF] != [numbers.len(); 2] {
            return Err(damaged("its tables are not of the same elements"));
        }
        let spreads = means.chunks_exact(WIDTH).zip(whitenings.chunks_exact(HALF));
        let one = |(&z, (mean, whitening)): (&f64, (&[f64], &[f64]))| {
            (z as u8, Spread { mean: mean.to_vec(), whitening: whitening.to_vec() })
        };
        Ok(Self {
            model_hash: model_hash.ok_or_else(|| damaged("its header names no weights"))?.clone(),
            sha256: hash(bytes),
            scale,
            elements: numbers.iter().zip(spreads).map(one).collect(),
        })
    }

    /// Refuses features of other weights than those that it was made with.
    ///
    /// # Errors
    /// When the hash is another.
    pub fn check(&self, model_hash: &str) -> Result<(), KnownAtomsError> {
        match self.model_hash == model_hash {
            true => Ok(()),
            false => Err(KnownAtomsError::OtherWeights {
                found: self.model_hash.clone(),
                expected: model_hash.to_owned(),
            }),
        }
    }

    /// SHA-256 of the summary.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Elements that it knows.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        self.elements.keys().filter_map(|&z| Element::from_atomic_number(z))
    }

    /// Distance of a crystal of these atoms.
    pub fn distance(&self, atoms: &[AtomFeatures]) -> Distance {
        let mut most = 0.0_f64;
        for atom in atoms {
            match self.elements.get(&atom.atomic_number) {
                Some(spread) => most = most.max(spread.distance(&atom.features) / self.scale),
                // Features exist for elements of the potential alone, which all have a symbol.
                None => match Element::from_atomic_number(atom.atomic_number) {
                    Some(element) => return Distance::Unseen(element),
                    None => most = f64::INFINITY,
                },
            }
        }
        Distance::Of(most)
    }
}
