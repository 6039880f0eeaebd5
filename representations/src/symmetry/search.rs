//! Chooses a tolerance at which the symmetry search is well posed.
//!
//! A search within a tolerance can find operations that form no group: translations, automorphisms
//! of the lattice or operations that nearly hold, but whose products do not. moyo then widens or
//! narrows the tolerance by itself and, when widening takes it to the size of the cell, may try to
//! close an infinite group. So the tolerance is settled here first, downwards only: it is lowered
//! until the operations form a group and stay the same for a tolerance 20 % smaller.

use nalgebra::{Matrix3, Vector3};

use super::analysis::Operation;
use crate::crystal::Crystal;
use crate::lattice::Lattice;
use crate::reduction::sites::SiteLookup;
use crate::reduction::{Folded, fold, in_cell};

/// Factor between trials.
const STEP: f64 = 0.8;
/// Trials: the last tolerance is 1e-5 of the first.
const MAX_TRIALS: usize = 52;

/// A crystal in its primitive cell, and the tolerance that found it.
pub(super) struct WellPosed {
    pub(super) folded: Folded,
    /// Tolerance (Å), at most the one asked for.
    pub(super) symprec: f64,
    /// Operations of the primitive cell within it.
    pub(super) operations: Vec<Operation>,
}

/// Folds a Niggli-reduced crystal into its primitive cell with the largest tolerance up to
/// `symprec` for which translations and operations form groups; `None` when there is none.
pub(super) fn well_posed(crystal: &Crystal, symprec: f64) -> Option<WellPosed> {
    let mut tolerance = symprec;
    let mut before: Option<Attempt> = None;
    for _ in 0..MAX_TRIALS {
        let now = attempt(crystal, tolerance);
        if let (Some(larger), Some(smaller)) = (before, &now)
            && larger.automorphisms == smaller.automorphisms
            && larger.operations.len() == smaller.operations.len()
            && larger.folded.crystal.sites.len() == smaller.folded.crystal.sites.len()
        {
            return Some(WellPosed {
                folded: larger.folded,
                symprec: tolerance / STEP.sqrt(),
                operations: larger.operations,
            });
        }
        before = now;
        tolerance *= STEP;
    }
    None
}

/// What one tolerance leads to.
struct Attempt {
    folded: Folded,
    automorphisms: usize,
    operations: Vec<Operation>,
}

/// Primitive cell and its operations at one tolerance; `None` when they form no group.
fn attempt(crystal: &Crystal, tolerance: f64) -> Option<Attempt> {
    let folded = in_minkowski_basis(fold(crystal, tolerance)?)?;
    let thinnest = folded.crystal.lattice.plane_spacings().into_iter().fold(f64::INFINITY, f64::min);
    if thinnest < 8.0 * tolerance {
        return None;
    }
    let automorphisms = Automorphisms::of(&folded.crystal.lattice, tolerance)?;
    let lookup = SiteLookup::new(&folded.crystal, 2.0 * tolerance);
    let mut operations = Vec::new();
    // Where each automorphism takes the sites, if it is an operation of the crystal.
    let mut targets: Vec<Option<Vec<usize>>> = Vec::with_capacity(automorphisms.rotations.len());
    for rotation in &automorphisms.rotations {
        let mut images = lookup.images(&rotation.map(f64::from), tolerance);
        if images.len() > 1 {
            return None; // translations of a primitive cell are unique
        }
        targets.push(images.pop().map(|image| {
            operations.push(Operation { rotation: *rotation, translation: image.translation });
            image.targets
        }));
    }
    let mapped = || targets.iter().enumerate().filter_map(|(i, map)| Some((i, map.as_ref()?)));
    let closed = mapped().all(|(first, by_first)| {
        mapped().all(|(second, by_second)| {
            let both = targets[automorphisms.product(second, first)].as_ref();
            both.is_some_and(|both| both.iter().zip(by_first).all(|(&end, &middle)| by_second[middle] == end))
        })
    });
    let automorphisms = automorphisms.rotations.len();
    closed.then_some(Attempt { folded, automorphisms, operations })
}

/// The same in the basis that moyo would choose, so that it keeps it.
fn in_minkowski_basis(folded: Folded) -> Option<Folded> {
    let columns = moyo::base::Lattice::new(*folded.crystal.lattice.matrix());
    let (reduced, t) = columns.minkowski_reduce().ok()?;
    let lattice = Lattice::from_matrix(reduced.basis.transpose());
    let crystal = in_cell(&folded.crystal, lattice, &t.transpose());
    let back = t.map(f64::from).try_inverse()?.map(f64::round);
    Some(Folded { crystal, to_primitive: back * folded.to_primitive, mapping: folded.mapping })
}

/// Most automorphisms that a lattice has.
const MOST: usize = 48;
/// Number of 3 x 3 matrices of -1, 0 and 1.
const CODES: usize = 3_usize.pow(9);

/// Integer matrices that keep the metric of a lattice, a group.
struct Automorphisms {
    rotations: Vec<Matrix3<i32>>,
    /// Index of each product, row by row.
    products: Vec<usize>,
}

impl Automorphisms {
    /// Those of a Minkowski-reduced lattice: lengths within `tolerance`, angles with
    /// `sin^2(difference) |u| |v| < tolerance^2`, the criterion of spglib (A. Togo and
    /// I. Tanaka, arXiv:1808.01590) and moyo. `None` when they form no group.
    fn of(lattice: &Lattice, tolerance: f64) -> Option<Self> {
        let rotations = metric_keeping(lattice, tolerance);
        if rotations.len() > MOST {
            return None;
        }
        let mut index = vec![None; CODES];
        for (i, rotation) in rotations.iter().enumerate() {
            index[code(rotation)?] = Some(i);
        }
        let mut products = Vec::with_capacity(rotations.len().pow(2));
        for x in &rotations {
            for y in &rotations {
                products.push(index[code(&(x * y))?]?);
            }
        }
        Some(Self { rotations, products })
    }

    /// Index of the product of two by their indices.
    fn product(&self, left: usize, right: usize) -> usize {
        self.products[left * self.rotations.len() + right]
    }
}

/// Number of a matrix of -1, 0 and 1; a reduced lattice has no other automorphisms.
fn code(matrix: &Matrix3<i32>) -> Option<usize> {
    matrix.iter().try_fold(0, |code, &entry| {
        let digit = usize::try_from(entry + 1).ok().filter(|&digit| digit < 3)?;
        Some(3 * code + digit)
    })
}

fn metric_keeping(lattice: &Lattice, tolerance: f64) -> Vec<Matrix3<i32>> {
    let vectors: [Vector3<f64>; 3] = std::array::from_fn(|i| lattice.vector(i));
    let points: Vec<(Vector3<i32>, Vector3<f64>)> = (0..27)
        .map(|k| {
            let coefficients = Vector3::new(k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1);
            (coefficients, lattice.to_cartesian(&coefficients.map(f64::from)))
        })
        .collect();
    let candidates: [Vec<&(Vector3<i32>, Vector3<f64>)>; 3] = std::array::from_fn(|i| {
        points.iter().filter(|(_, v)| (v.norm() - vectors[i].norm()).abs() < tolerance).collect()
    });
    let fits = |i: usize, j: usize, u: &Vector3<f64>, v: &Vector3<f64>| {
        let difference = u.angle(v) - vectors[i].angle(&vectors[j]);
        let u_length = (u.norm() + vectors[i].norm()) / 2.0;
        let v_length = (v.norm() + vectors[j].norm()) / 2.0;
        difference.sin().powi(2) * u_length * v_length < tolerance * tolerance
    };
    let mut rotations = Vec::new();
    for (c0, v0) in &candidates[0] {
        for (c1, v1) in candidates[1].iter().filter(|(_, v1)| fits(0, 1, v0, v1)) {
            for (c2, v2) in &candidates[2] {
                let rotation = Matrix3::from_columns(&[*c0, *c1, *c2]);
                let unimodular = super::normalizer::determinant(&rotation).abs() == 1;
                if unimodular && fits(1, 2, v1, v2) && fits(2, 0, v2, v0) {
                    rotations.push(rotation);
                }
            }
        }
    }
    rotations
}
