//! Examples as tensors.

use druse_representations::Element;
use tch::{Device, Kind, Tensor};

use super::{MatrixExample, MatrixVaeConfig};

/// Greatest atomic number plus one.
pub(super) const ELEMENTS: i64 = 119;
/// Volume (Å^3) per atom that lengths are measured against.
const VOLUME_PER_ATOM: f64 = 18.0;

/// A batch; places past the last kind or atom are empty. There are as many places of atoms as the largest crystal needs.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) composition: Compositions,
    /// Fractional coordinates `[batch, atoms, 3]`.
    pub(super) frac: Tensor,
    /// Cell as [`scaled_cell`] has it `[batch, 6]`.
    pub(super) cell: Tensor,
}

/// Which atoms there are.
#[derive(Debug)]
pub(super) struct Compositions {
    /// Atomic numbers, 0 for none `[batch, kinds]`.
    pub(super) elements: Tensor,
    /// Atoms of each kind, 0 for none `[batch, kinds]`.
    pub(super) counts: Tensor,
    /// Kind of each atom, `kinds` for none `[batch, atoms]`.
    pub(super) kind: Tensor,
    /// Atomic number of each atom, 0 for none `[batch, atoms]`.
    pub(super) element: Tensor,
    /// Place of each atom among those of its kind `[batch, atoms]`.
    pub(super) rank: Tensor,
    /// Whether there is an atom `[batch, atoms]`.
    pub(super) there: Tensor,
    /// Number of atoms `[batch, 1]`.
    pub(super) atoms: Tensor,
}

impl Compositions {
    /// From elements with their numbers of atoms, as [`in_order`](crate::learned::latent::in_order) gives them.
    pub(super) fn new(config: &MatrixVaeConfig, all: &[Vec<(Element, usize)>], device: Device) -> Self {
        let (rows, kinds) = (all.len(), config.kinds);
        let total = |composition: &Vec<(Element, usize)>| composition.iter().map(|(_, n)| n).sum();
        let atoms = all.iter().map(total).max().unwrap_or(1);
        let mut elements = vec![0i64; rows * kinds];
        let mut counts = vec![0i64; rows * kinds];
        let mut kind = vec![kinds as i64; rows * atoms];
        let mut element = vec![0i64; rows * atoms];
        let mut rank = vec![0i64; rows * atoms];
        let mut sums = vec![0f32; rows];
        for (row, composition) in all.iter().enumerate() {
            let mut place = row * atoms;
            for (k, &(which, count)) in composition.iter().enumerate() {
                elements[row * kinds + k] = i64::from(which.atomic_number());
                counts[row * kinds + k] = count as i64;
                for i in 0..count {
                    kind[place] = k as i64;
                    element[place] = i64::from(which.atomic_number());
                    rank[place] = i as i64;
                    place += 1;
                }
                sums[row] += count as f32;
            }
        }
        let (b, k, n) = (rows as i64, kinds as i64, atoms as i64);
        let kind = Tensor::from_slice(&kind).to_device(device).view([b, n]);
        Self {
            elements: Tensor::from_slice(&elements).to_device(device).view([b, k]),
            counts: Tensor::from_slice(&counts).to_device(device).view([b, k]),
            there: kind.lt(k),
            kind,
            element: Tensor::from_slice(&element).to_device(device).view([b, n]),
            rank: Tensor::from_slice(&rank).to_device(device).view([b, n]),
            atoms: Tensor::from_slice(&sums).to_device(device).view([b, 1]),
        }
    }
}

impl Batch {
    /// These examples with the elements of `compositions`.
    pub(super) fn new(
        config: &MatrixVaeConfig,
        examples: &[&MatrixExample],
        compositions: &[Vec<(Element, usize)>],
        device: Device,
    ) -> Self {
        let atoms = examples.iter().map(|example| example.atoms()).max().unwrap_or(1);
        let mut frac = vec![0f32; examples.len() * atoms * 3];
        let mut cell = Vec::with_capacity(examples.len() * 6);
        for (example, frac) in examples.iter().zip(frac.chunks_mut(atoms * 3)) {
            for (x, place) in example.frac.iter().zip(frac.chunks_mut(3)) {
                place.copy_from_slice(x);
            }
            cell.extend(scaled_cell(example.cell.map(f64::from), example.atoms()).map(|x| x as f32));
        }
        let b = examples.len() as i64;
        Self {
            composition: Compositions::new(config, compositions, device),
            frac: Tensor::from_slice(&frac).to_device(device).view([b, atoms as i64, 3]),
            cell: Tensor::from_slice(&cell).to_device(device).view([b, 6]),
        }
    }

    /// Sines and cosines of the coordinates and their multiples `[batch, atoms, 6 harmonics]`.
    pub(super) fn harmonics(frac: &Tensor, harmonics: i64) -> Tensor {
        let multiples = Tensor::arange_start(1, harmonics + 1, (Kind::Float, frac.device()));
        let angles = (frac.unsqueeze(-1) * multiples * std::f64::consts::TAU).flatten(-2, -1);
        Tensor::cat(&[angles.sin(), angles.cos()], -1)
    }
}

/// Logarithms of the lengths relative to those of a cube for so many atoms, and angles from 90° in units of 30°.
pub(super) fn scaled_cell(cell: [f64; 6], atoms: usize) -> [f64; 6] {
    let edge = (VOLUME_PER_ATOM * atoms as f64).cbrt();
    std::array::from_fn(|i| if i < 3 { (cell[i] / edge).ln() } else { (cell[i] - 90.0) / 30.0 })
}

/// The inverse of [`scaled_cell`].
pub(super) fn cell_from(scaled: [f64; 6], atoms: usize) -> [f64; 6] {
    let edge = (VOLUME_PER_ATOM * atoms as f64).cbrt();
    std::array::from_fn(|i| if i < 3 { scaled[i].exp() * edge } else { 90.0 + 30.0 * scaled[i] })
}
