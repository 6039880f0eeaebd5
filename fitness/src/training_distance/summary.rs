//! Making a summary of known atoms.

use std::collections::{BTreeMap, HashMap};

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

use super::known::Spread;
use super::{HALF, KnownAtomsError, WIDTH};
use crate::chgnet::AtomFeatures;

/// Atoms of all elements that stand beside an element's own in its covariance.
const BORROWED: f64 = 64.0;
/// Variance, as a share of the mean of all features, below which a direction does not count as sharper.
const FLOOR: f64 = 1e-4;

/// Sums over atoms, element by element. The order of the atoms matters to the last digits alone.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    elements: BTreeMap<u8, Sums>,
}

#[derive(Clone, Debug)]
struct Sums {
    atoms: f64,
    sum: DVector<f64>,
    products: DMatrix<f64>,
}

impl Sums {
    fn mean(&self) -> DVector<f64> {
        &self.sum / self.atoms
    }

    /// Sum of outer products of the distances from the mean.
    fn scatter(&self) -> DMatrix<f64> {
        let mean = self.mean();
        &self.products - &mean * mean.transpose() * self.atoms
    }
}

impl Summary {
    /// Takes in the atoms of a known structure.
    pub fn add(&mut self, atoms: &[AtomFeatures]) {
        for atom in atoms {
            let x = DVector::from_row_slice(&atom.features);
            let sums = self.elements.entry(atom.atomic_number).or_insert_with(|| Sums {
                atoms: 0.0,
                sum: DVector::zeros(WIDTH),
                products: DMatrix::zeros(WIDTH, WIDTH),
            });
            sums.atoms += 1.0;
            sums.products.ger(1.0, &x, &x, 1.0);
            sums.sum += x;
        }
    }

    /// Atoms of each element (atomic number).
    pub fn atoms(&self) -> BTreeMap<u8, usize> {
        self.elements.iter().map(|(&z, sums)| (z, sums.atoms as usize)).collect()
    }

    /// The bytes of the summary, scaled so that 95 % of `others`, known structures that were not added, have a distance of at most 1.
    /// `model_hash` is that of the weights whose features these are.
    ///
    /// # Errors
    /// When nothing was added, or `others` are none.
    pub fn finish(&self, others: &[Vec<AtomFeatures>], model_hash: &str) -> Result<Vec<u8>, KnownAtomsError> {
        let damaged = |reason: &str| KnownAtomsError::Damaged(reason.to_owned());
        let spreads = self.spreads().ok_or_else(|| damaged("too few atoms for a covariance"))?;
        let of_structure = |atoms: &Vec<AtomFeatures>| -> Option<f64> {
            let one = |atom: &AtomFeatures| Some(spreads.get(&atom.atomic_number)?.distance(&atom.features));
            atoms.iter().map(one).try_fold(0.0_f64, |most, distance| Some(most.max(distance?)))
        };
        // Elements that were never added are infinitely far.
        let mut distances: Vec<f64> =
            others.iter().map(|atoms| of_structure(atoms).unwrap_or(f64::INFINITY)).collect();
        distances.sort_by(f64::total_cmp);
        let place = (0.95 * distances.len() as f64) as usize;
        let scale = *distances.get(place).ok_or_else(|| damaged("no structures to scale by"))?;
        let tables: [(&str, usize, Vec<f64>); 4] = [
            ("atomic_numbers", 1, spreads.keys().map(|&z| f64::from(z)).collect()),
            ("means", WIDTH, spreads.values().flat_map(|spread| spread.mean.clone()).collect()),
            ("whitenings", HALF, spreads.values().flat_map(|spread| spread.whitening.clone()).collect()),
            ("scale", 1, vec![scale]),
        ];
        let tables = tables.map(|(name, width, numbers)| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
            (name, vec![numbers.len() / width, width], bytes)
        });
        let views: Vec<(&str, TensorView<'_>)> = tables
            .iter()
            .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<Result<_, safetensors::SafeTensorError>>()
            .map_err(|error| damaged(&error.to_string()))?;
        // One entry, for the order of several would be another each time.
        let metadata = HashMap::from([("model_hash".to_owned(), model_hash.to_owned())]);
        serialize(views, Some(metadata)).map_err(|error| damaged(&error.to_string()))
    }

    /// Means and whitening matrices.
    fn spreads(&self) -> Option<BTreeMap<u8, Spread>> {
        let freedom = self.elements.values().map(|sums| sums.atoms - 1.0).sum::<f64>();
        if freedom < WIDTH as f64 {
            return None;
        }
        let nothing = DMatrix::zeros(WIDTH, WIDTH);
        let mut pooled = self.elements.values().fold(nothing, |all, sums| all + sums.scatter()) / freedom;
        let floor = FLOOR * pooled.trace() / WIDTH as f64;
        for k in 0..WIDTH {
            pooled[(k, k)] += floor;
        }
        let spread = |sums: &Sums| {
            let covariance = (sums.scatter() + &pooled * BORROWED) / (sums.atoms + BORROWED);
            let whitening =
                covariance.cholesky()?.l().solve_lower_triangular(&DMatrix::identity(WIDTH, WIDTH))?;
            let rows = (0..WIDTH).flat_map(|i| (0..=i).map(move |j| (i, j)));
            Some(Spread {
                mean: sums.mean().as_slice().to_vec(),
                whitening: rows.map(|place| whitening[place]).collect(),
            })
        };
        self.elements.iter().map(|(&z, sums)| Some((z, spread(sums)?))).collect()
    }
}
