//! The symmetry of a cell made exact: operations, what they do to each site, and means over them.

use nalgebra::{Matrix3, SymmetricEigen, Vector3};

use super::analysis::{Operation, operations, species_classes};
use crate::crystal::Crystal;
use crate::lattice::Lattice;

/// Sites of a symmetrised crystal are taken to each other within this (fractional).
const EXACT: f64 = 1e-9;

/// Where an operation takes a site: `R x + t = x(site) + shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Index of the other site.
    pub site: u32,
    /// Lattice translation.
    pub shift: [i32; 3],
}

/// Sites of a cell that its operations take to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteOrbit {
    /// The first of them.
    pub representative: u32,
    /// How many there are.
    pub multiplicity: u32,
    /// Operations that take the representative to itself or a copy of it.
    pub stabiliser: Vec<u32>,
}

/// The operations of a cell as permutations of its sites.
///
/// Belongs to a crystal that has the symmetry to the last bits, see [`CellSymmetry::find`].
#[derive(Clone, Debug, PartialEq)]
pub struct CellSymmetry {
    operations: Vec<Operation>,
    /// By operation, then by site.
    images: Vec<Vec<Image>>,
    orbits: Vec<SiteOrbit>,
    /// Index of each site's orbit.
    orbit_of: Vec<u32>,
    /// An operation that takes each site to the representative of its orbit.
    to_representative: Vec<u32>,
}

impl CellSymmetry {
    /// The identity alone, for a cell of so many sites.
    pub fn trivial(sites: usize) -> Self {
        let identity = Operation { rotation: Matrix3::identity(), translation: Vector3::zeros() };
        let own = (0..sites).map(|site| Image { site: site as u32, shift: [0; 3] }).collect();
        Self::new(vec![identity], vec![own])
    }

    /// Finds the symmetry of a crystal within `symprec` (Å) as [`analyse`](super::analyse) does, and makes it exact: each site goes to the mean of
    /// where the operations put it, the metric of the lattice to its mean. Where no symmetry can be found, the
    /// crystal stays as it is.
    ///
    /// An energy that is invariant changes by the square of the displacements only, since no force leads out of a symmetry.
    pub fn find(crystal: &Crystal, symprec: f64) -> (Crystal, Self) {
        Self::exact(crystal, symprec).unwrap_or_else(|| (crystal.clone(), Self::trivial(crystal.sites.len())))
    }

    fn exact(crystal: &Crystal, symprec: f64) -> Option<(Crystal, Self)> {
        let mut operations = operations(crystal, symprec).ok()?;
        if operations.len() < 2 {
            return None;
        }
        let (species, _) = species_classes(crystal);
        let images = operations
            .iter()
            .map(|operation| images(crystal, &species, operation, 3.0 * symprec))
            .collect::<Option<Vec<_>>>()?;
        let positions = crystal.fractional();
        let sites = positions.len() as f64;
        for (operation, images) in operations.iter_mut().zip(&images) {
            // The mean over all sites makes the translations of products those of the products.
            let rotation = operation.rotation.map(f64::from);
            let sum: Vector3<f64> = positions
                .iter()
                .zip(images)
                .map(|(x, image)| positions[image.site as usize] + float(image.shift) - rotation * x)
                .sum();
            operation.translation = sum / sites;
        }
        let mut symmetric = crystal.clone();
        symmetric.lattice = symmetric_lattice(&crystal.lattice, &operations)?;
        let mut means = vec![Vector3::zeros(); positions.len()];
        for (operation, images) in operations.iter().zip(&images) {
            for (x, image) in positions.iter().zip(images) {
                means[image.site as usize] += operation.apply(x) - float(image.shift);
            }
        }
        for (site, mean) in symmetric.sites.iter_mut().zip(&means) {
            site.frac = mean / operations.len() as f64;
        }
        let found = Self::new(operations, images);
        found.holds(&symmetric).then_some((symmetric, found))
    }

    fn new(operations: Vec<Operation>, images: Vec<Vec<Image>>) -> Self {
        let sites = images.first().map_or(0, Vec::len);
        let mut orbits: Vec<SiteOrbit> = Vec::new();
        let (mut orbit_of, mut to_representative) = (vec![u32::MAX; sites], vec![0; sites]);
        for site in 0..sites {
            // Lowest site that this one is taken to.
            let (operation, image) = images
                .iter()
                .enumerate()
                .map(|(operation, images)| (operation, images[site].site as usize))
                .min_by_key(|&(operation, image)| (image, operation))
                .unwrap_or((0, site));
            to_representative[site] = operation as u32;
            if image == site {
                let stabiliser = (0..images.len()).filter(|&o| images[o][site].site as usize == site);
                orbits.push(SiteOrbit {
                    representative: site as u32,
                    multiplicity: 0,
                    stabiliser: stabiliser.map(|operation| operation as u32).collect(),
                });
                orbit_of[site] = orbits.len() as u32 - 1;
            } else {
                orbit_of[site] = orbit_of[image];
            }
            orbits[orbit_of[site] as usize].multiplicity += 1;
        }
        Self { operations, images, orbits, orbit_of, to_representative }
    }

    /// The operations that mirror nothing: rotations and screws. Orbits may fall into two.
    pub fn proper(&self) -> Self {
        let rotation = |operation: &Operation| operation.rotation.map(f64::from).determinant() > 0.0;
        let both = self.operations.iter().zip(&self.images).filter(|(operation, _)| rotation(operation));
        let (operations, images) = both.map(|(operation, images)| (*operation, images.clone())).unzip();
        Self::new(operations, images)
    }

    /// Whether the operations hold to the last bits.
    fn holds(&self, crystal: &Crystal) -> bool {
        let positions = crystal.fractional();
        self.operations.iter().zip(&self.images).all(|(operation, images)| {
            positions.iter().zip(images).all(|(x, image)| {
                let miss = operation.apply(x) - positions[image.site as usize] - float(image.shift);
                miss.amax() < EXACT
            })
        })
    }

    /// Number of operations, pure translations of a cell that is not primitive included.
    pub fn order(&self) -> usize {
        self.operations.len()
    }

    /// The operations in the cell.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Where operation `operation` takes site `site`.
    pub fn image(&self, operation: usize, site: usize) -> Image {
        self.images[operation][site]
    }

    /// Sites that are equivalent, by their first site.
    pub fn orbits(&self) -> &[SiteOrbit] {
        &self.orbits
    }

    /// Index of each site's orbit.
    pub fn orbit_of(&self) -> &[u32] {
        &self.orbit_of
    }

    /// An operation that takes a site to the representative of its orbit.
    pub fn to_representative(&self, site: usize) -> usize {
        self.to_representative[site] as usize
    }

    /// The rotations on Cartesian columns, for a lattice of this symmetry.
    pub fn cartesian_rotations(&self, lattice: &Lattice) -> Vec<Matrix3<f64>> {
        let basis = lattice.matrix().transpose();
        let back = basis.try_inverse().unwrap_or_else(Matrix3::identity);
        self.operations.iter().map(|operation| basis * operation.rotation.map(f64::from) * back).collect()
    }

    /// Replaces vectors on the sites (forces, displacements; Cartesian) by their mean over all operations.
    pub fn symmetrise_vectors(&self, rotations: &[Matrix3<f64>], vectors: &mut [Vector3<f64>]) {
        let mut means = vec![Vector3::zeros(); vectors.len()];
        for (rotation, images) in rotations.iter().zip(&self.images) {
            for (vector, image) in vectors.iter().zip(images) {
                means[image.site as usize] += rotation * vector;
            }
        }
        for (vector, mean) in vectors.iter_mut().zip(&means) {
            *vector = mean / rotations.len() as f64;
        }
    }

    /// Mean of a Cartesian tensor of rank two (stress, strain) over all operations.
    pub fn symmetrised_tensor(&self, rotations: &[Matrix3<f64>], tensor: &Matrix3<f64>) -> Matrix3<f64> {
        let sum: Matrix3<f64> =
            rotations.iter().map(|rotation| rotation * tensor * rotation.transpose()).sum();
        sum / rotations.len() as f64
    }
}

fn float(shift: [i32; 3]) -> Vector3<f64> {
    Vector3::from(shift.map(f64::from))
}

/// Where an operation takes every site, within `tolerance` (Å); `None` where it leads to none or to one twice.
fn images(crystal: &Crystal, species: &[i32], operation: &Operation, tolerance: f64) -> Option<Vec<Image>> {
    let mut taken = vec![false; crystal.sites.len()];
    let image = |(i, site): (usize, &crate::crystal::Site)| {
        let at = operation.apply(&site.frac);
        let (distance, j, shift) = crystal
            .sites
            .iter()
            .enumerate()
            .filter(|&(j, _)| species[j] == species[i])
            .map(|(j, other)| {
                let apart = at - other.frac;
                let shift = apart.map(f64::round);
                (crystal.lattice.to_cartesian(&(apart - shift)).norm(), j, shift)
            })
            .min_by(|x, y| x.0.total_cmp(&y.0))?;
        let free = distance < tolerance && !std::mem::replace(&mut taken[j], true);
        free.then_some(Image { site: j as u32, shift: shift.map(|x| x as i32).into() })
    };
    crystal.sites.iter().enumerate().map(image).collect()
}

/// The lattice of mean metric, turned as little as possible.
fn symmetric_lattice(lattice: &Lattice, operations: &[Operation]) -> Option<Lattice> {
    // With rows as vectors the metric is L L^T, and R takes it to R^T (L L^T) R.
    let metric = lattice.matrix() * lattice.matrix().transpose();
    let mean: Matrix3<f64> = operations
        .iter()
        .map(|operation| {
            let rotation = operation.rotation.map(f64::from);
            rotation.transpose() * metric * rotation
        })
        .sum::<Matrix3<f64>>()
        / operations.len() as f64;
    // L' = L S with S symmetric and L S^2 L^T the mean metric.
    let back = lattice.matrix().try_inverse()?;
    let square = SymmetricEigen::new(back * mean * back.transpose());
    let root = square.eigenvectors
        * Matrix3::from_diagonal(&square.eigenvalues.map(f64::sqrt))
        * square.eigenvectors.transpose();
    Some(Lattice::from_matrix(lattice.matrix() * root))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rutile TiO2, 16 operations, moved from its symmetry by up to `off` (fractional).
    fn rutile(off: [f64; 3]) -> Crystal {
        let lattice =
            Lattice::from_rows([[4.594, 0.0, off[0]], [0.0, 4.594 + off[1], 0.0], [0.0, 0.0, 2.959]]);
        let [ti, o] = ["Ti", "O"].map(|symbol| symbol.parse().unwrap());
        let u = 0.3053;
        let atoms = [
            (ti, [0.0, 0.0, off[2]]),
            (ti, [0.5, 0.5, 0.5]),
            (o, [u, u + off[0], 0.0]),
            (o, [-u, -u, off[1]]),
            (o, [0.5 + u, 0.5 - u, 0.5]),
            (o, [0.5 - u + off[2], 0.5 + u, 0.5]),
        ];
        Crystal::ordered(lattice, atoms)
    }

    #[test]
    fn orbits_and_stabilisers_multiply_to_the_order() {
        let (_, symmetry) = CellSymmetry::find(&rutile([0.0; 3]), 1e-3);
        assert_eq!((symmetry.order(), symmetry.orbits().len()), (16, 2));
        for orbit in symmetry.orbits() {
            assert_eq!(orbit.stabiliser.len() * orbit.multiplicity as usize, 16);
        }
        for site in 0..6 {
            let orbit = &symmetry.orbits()[symmetry.orbit_of()[site] as usize];
            let image = symmetry.image(symmetry.to_representative(site), site);
            assert_eq!(image.site, orbit.representative);
        }
    }

    #[test]
    fn half_of_the_operations_mirror_nothing() {
        let (crystal, symmetry) = CellSymmetry::find(&rutile([0.0; 3]), 1e-3);
        let proper = symmetry.proper();
        assert_eq!((proper.order(), proper.orbits().len()), (8, 2));
        for rotation in proper.cartesian_rotations(&crystal.lattice) {
            assert!((rotation.determinant() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn without_symmetry_nothing_moves() {
        let crystal = rutile([0.1, 0.05, 0.08]);
        let (same, symmetry) = CellSymmetry::find(&crystal, 1e-3);
        assert_eq!((same, symmetry.order(), symmetry.orbits().len()), (crystal, 1, 6));
    }

    proptest! {
        #[test]
        fn a_nearly_symmetric_crystal_becomes_symmetric(off in prop::array::uniform3(-5e-4..5e-4f64)) {
            let crystal = rutile(off);
            let (symmetric, symmetry) = CellSymmetry::find(&crystal, 1e-2);
            prop_assert_eq!(symmetry.order(), 16);
            for (rotation, place) in symmetry.cartesian_rotations(&symmetric.lattice).iter().zip(0..) {
                prop_assert!((rotation * rotation.transpose() - Matrix3::identity()).amax() < 1e-12, "{}", place);
            }
            for (old, new) in crystal.cartesian().iter().zip(symmetric.cartesian()) {
                prop_assert!((old - new).norm() < 0.02);
            }
            // Found again within a tolerance that the first crystal does not meet.
            prop_assert_eq!(CellSymmetry::find(&symmetric, 1e-6).1.order(), 16);
        }

        #[test]
        fn means_over_the_group_do_not_change_any_more(vectors in prop::array::uniform6(prop::array::uniform3(-1.0..1.0f64))) {
            let (crystal, symmetry) = CellSymmetry::find(&rutile([0.0; 3]), 1e-3);
            let rotations = symmetry.cartesian_rotations(&crystal.lattice);
            let mut once = vectors.map(Vector3::from).to_vec();
            symmetry.symmetrise_vectors(&rotations, &mut once);
            let mut twice = once.clone();
            symmetry.symmetrise_vectors(&rotations, &mut twice);
            for (once, twice) in once.iter().zip(&twice) {
                prop_assert!((once - twice).norm() < 1e-12);
            }
            let tensor = Matrix3::from_fn(|i, j| vectors[i][j]);
            let once = symmetry.symmetrised_tensor(&rotations, &tensor);
            prop_assert!((once - symmetry.symmetrised_tensor(&rotations, &once)).amax() < 1e-12);
            // Tetragonal: xx = yy, nothing off the diagonal.
            prop_assert!((once[(0, 0)] - once[(1, 1)]).abs() < 1e-12 && once[(0, 1)].abs() < 1e-12);
        }
    }
}
