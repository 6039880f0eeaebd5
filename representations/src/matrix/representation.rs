//! Encoding and decoding crystals as they stand, in a reduced primitive cell.

use serde::{Deserialize, Serialize};

use super::{MatrixCode, MatrixCodeError};
use crate::crystal::Crystal;
use crate::design::Representation;
use crate::lattice::{ImpossibleCell, Lattice};
use crate::reduction::{ReductionError, primitive};

/// Why a crystal cannot be encoded, or a code not be decoded.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// A site with partial occupancies.
    #[error("site {site} is disordered; the matrix representation holds one element per site")]
    Disordered {
        /// Index of the first such site, from 0.
        site: usize,
    },
    /// The cell cannot be reduced.
    #[error(transparent)]
    Reduction(#[from] ReductionError),
    /// The reduced cell spans no volume.
    #[error(transparent)]
    ImpossibleCell(#[from] ImpossibleCell),
    /// The code describes no crystal.
    #[error(transparent)]
    Code(#[from] MatrixCodeError),
}

/// The matrix representation: the Niggli-reduced primitive cell with a along x and b in the xy plane,
/// fractional coordinates in [0, 1) and species, sorted.
///
/// Round trip: decoding gives the crystal back in its reduced primitive cell, turned in space and as
/// right-handed or left-handed as it was; atoms move by less than `tolerance` where they coincide
/// modulo a smaller lattice only nearly, and by rounding errors otherwise. Invariant to the choice of
/// cell, orientation and order of sites; not to the origin, which is kept. Ordered crystals only, of
/// any number of atoms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixRepresentation {
    /// Distance (Å) within which translations carry atoms onto each other.
    pub tolerance: f64,
}

impl Default for MatrixRepresentation {
    fn default() -> Self {
        Self { tolerance: 0.01 }
    }
}

impl Representation<Crystal> for MatrixRepresentation {
    type Code = MatrixCode;
    type Error = MatrixError;

    fn name(&self) -> &'static str {
        "matrix"
    }

    fn encode(&self, crystal: &Crystal) -> Result<MatrixCode, MatrixError> {
        let disordered = |e: crate::crystal::DisorderedSite| MatrixError::Disordered { site: e.site };
        crystal.elements().map_err(disordered)?;
        let reduced = primitive(crystal, self.tolerance)?;
        let species = reduced.elements().map_err(disordered)?;
        // The standard orientation is right-handed: the inverted axes describe the same crystal.
        let sign = if reduced.lattice.matrix().determinant() < 0.0 { -1.0 } else { 1.0 };
        let lattice = Lattice::from_parameters(reduced.lattice.parameters())?;
        let frac = reduced.sites.iter().map(|site| (sign * site.frac).into()).collect();
        let mut code = MatrixCode { lattice, frac, species };
        code.validate()?;
        code.sort_atoms();
        Ok(code)
    }

    fn decode(&self, code: &MatrixCode) -> Result<Crystal, MatrixError> {
        code.validate()?;
        Ok(code.to_crystal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Neighbours;
    use crate::conformance::{check_representation, retold_crystal};
    use nalgebra::Vector3;
    use proptest::prelude::*;

    /// Largest difference between the sorted distances below 6 Å of one atom's surroundings after the
    /// other, species by species; `None` for unlike compositions.
    fn apart(a: &Crystal, b: &Crystal) -> Option<f64> {
        let fractions = |c: &Crystal| -> Vec<(u8, f64)> {
            let composition = c.composition();
            composition.elements().map(|e| (e.atomic_number(), composition.fraction(e))).collect()
        };
        let same = |(x, y): (&(u8, f64), &(u8, f64))| x.0 == y.0 && (x.1 - y.1).abs() < 1e-9;
        let (x, y) = (fractions(a), fractions(b));
        if x.len() != y.len() || !x.iter().zip(&y).all(same) {
            return None;
        }
        let surroundings = |c: &Crystal| -> Vec<(u8, u8, f64)> {
            let numbers: Vec<u8> = c.elements().unwrap().iter().map(|e| e.atomic_number()).collect();
            let near = Neighbours::within(c, 6.0).unwrap();
            let mut all: Vec<_> = near.iter().map(|(i, j, _, d)| (numbers[i], numbers[j], d)).collect();
            all.sort_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(x.2.total_cmp(&y.2)));
            all
        };
        let (x, y) = (surroundings(a), surroundings(b));
        // Cells of other sizes hold the same surroundings several times.
        let (nx, ny) = (a.sites.len(), b.sites.len());
        let every = |list: Vec<(u8, u8, f64)>, n: usize, least: usize| -> Vec<f64> {
            list.into_iter().step_by(n / least).map(|(_, _, d)| d).collect()
        };
        let least = nx.min(ny);
        let (x, y) = (every(x, nx, least), every(y, ny, least));
        (x.len() == y.len()).then(|| x.iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
    }

    fn low() -> Crystal {
        let atom = |symbol: &str, frac| (symbol.parse().unwrap(), frac);
        Crystal::ordered(
            Lattice::from_parameters([4.9, 5.1, 5.4, 88.0, 92.0, 107.0]).unwrap(),
            [atom("K", [0.1, 0.0, 0.0]), atom("O", [0.41, 0.27, 0.619]), atom("F", [0.7, 0.8, 0.3])],
        )
    }

    fn salt() -> Crystal {
        let (na, cl) = ("Na".parse().unwrap(), "Cl".parse().unwrap());
        let corners = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]];
        let half = |x: [f64; 3]| x.map(|x| x + 0.5);
        let atoms = corners.map(|x| (na, x)).into_iter().chain(corners.map(|x| (cl, half(x))));
        Crystal::ordered(Lattice::cubic(5.64), atoms)
    }

    #[test]
    fn it_conforms() {
        let representation = MatrixRepresentation::default();
        check_representation(&representation, &[low(), salt()], 1e-9, &apart, &retold_crystal).unwrap();
    }

    #[test]
    fn cells_become_primitive_and_disorder_is_refused() {
        let representation = MatrixRepresentation::default();
        assert_eq!(representation.encode(&salt()).unwrap().atom_count(), 2);
        let mut mixed = low();
        mixed.sites[1].occupants[0].occupancy = 0.5;
        assert_eq!(representation.encode(&mixed), Err(MatrixError::Disordered { site: 1 }));
    }

    /// Codes depend neither on cell, orientation nor order of sites; the origin is kept.
    #[test]
    fn codes_do_not_depend_on_how_a_cell_is_told() {
        let representation = MatrixRepresentation::default();
        let expected = representation.encode(&low()).unwrap();
        for (change, other) in retold_crystal(&low()) {
            let code = representation.encode(&other).unwrap();
            assert!((code.lattice.matrix() - expected.lattice.matrix()).amax() < 1e-9, "{change}");
            let moved = code
                .frac
                .iter()
                .zip(&expected.frac)
                .any(|(x, y)| (0..3).any(|k| ((x[k] - y[k]) - (x[k] - y[k]).round()).abs() > 1e-9));
            assert_eq!(moved, change == "the origin", "{change}");
        }
    }

    /// The signed volume of three bonds (Å^3): it changes its sign in a mirror, where distances do not.
    fn hand(crystal: &Crystal) -> f64 {
        let elements = crystal.elements().unwrap();
        let near = Neighbours::within(crystal, 8.0).unwrap();
        let bonds = |from: &str, to: &str| {
            let mut bonds: Vec<(f64, Vector3<f64>)> = near
                .iter()
                .filter(|&(i, j, _, _)| elements[i].symbol() == from && elements[j].symbol() == to)
                .map(|(i, j, image, distance)| {
                    let shift = Vector3::from(image.map(f64::from));
                    let way = crystal.sites[j].frac + shift - crystal.sites[i].frac;
                    (distance, crystal.lattice.to_cartesian(&way))
                })
                .collect();
            bonds.sort_by(|x, y| x.0.total_cmp(&y.0));
            bonds
        };
        let (oxygen, fluorine) = (bonds("K", "O"), bonds("K", "F"));
        oxygen[0].1.cross(&fluorine[0].1).dot(&oxygen[1].1)
    }

    #[test]
    fn hands_are_kept() {
        let mut mirror = nalgebra::Matrix3::identity();
        mirror[(2, 2)] = -1.0;
        let mirrored = Crystal { lattice: Lattice::from_matrix(low().lattice.matrix() * mirror), ..low() };
        let representation = MatrixRepresentation::default();
        for crystal in [low(), mirrored] {
            let back = representation.decode(&representation.encode(&crystal).unwrap()).unwrap();
            assert!(hand(&crystal).abs() > 1.0 && (hand(&back) - hand(&crystal)).abs() < 1e-9);
        }
    }

    proptest! {
        #[test]
        fn any_number_of_atoms_comes_back(
            places in prop::collection::vec(prop::array::uniform3(0.0..1.0f64), 1..60),
            lengths in prop::array::uniform3(3.0..20.0f64),
            angles in prop::array::uniform3(65.0..115.0f64),
        ) {
            let cell = [lengths[0], lengths[1], lengths[2], angles[0], angles[1], angles[2]];
            prop_assume!(Lattice::from_parameters(cell).is_ok());
            let symbols = ["Li", "O", "Fe"];
            let atoms = places.iter().enumerate().map(|(i, &x)| (symbols[i % 3].parse().unwrap(), x));
            let crystal = Crystal::ordered(Lattice::from_parameters(cell).unwrap(), atoms);
            let representation = MatrixRepresentation::default();
            let once = representation.decode(&representation.encode(&crystal).unwrap()).unwrap();
            let twice = representation.decode(&representation.encode(&once).unwrap()).unwrap();
            prop_assert!((once.lattice.volume() - twice.lattice.volume()).abs() < 1e-6);
            prop_assert!(crystal.sites.len().is_multiple_of(once.sites.len()));
        }
    }
}
