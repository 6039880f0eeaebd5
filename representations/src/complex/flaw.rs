//! The rule that says whether the coordinates of a complex are sound.

use nalgebra::Vector3;

use crate::element::Element;
use crate::molecule::{NoRadius, Radii};

use super::Complex;

/// A heavy atom nearer to the metal than this times the sum of the covalent radii is bound to it.
pub const BOUND: f64 = 1.20;
/// The same for the atoms of a haptic group, whose outer atoms are often further away.
pub const BOUND_HAPTIC: f64 = 1.30;
/// No two atoms may be nearer than this times the sum of the covalent radii.
pub const TOO_CLOSE: f64 = 0.75;
/// The same for the metal and its donors: multiple bonds are that short (V=O 1.58 Å, 0.72 of the sum).
pub const TOO_CLOSE_DONOR: f64 = 0.65;
/// No two hydrogens that are not bonded to each other may be nearer (Å).
pub const HYDROGENS: f64 = 1.3;

/// What is wrong with the coordinates of a complex. Atoms are numbered with the metal as 0.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Number of positions.
    #[error("found {found} positions, expected {expected}: the metal and all atoms of the ligands")]
    Length {
        /// Positions given.
        found: usize,
        /// Atoms of the complex.
        expected: usize,
    },
    /// A coordinate is not a number.
    #[error("atom {atom} has a coordinate that is not finite")]
    NotFinite {
        /// Atom.
        atom: usize,
    },
    /// An element of unknown size.
    #[error(transparent)]
    NoRadius(#[from] NoRadius),
    /// A donor is not bound.
    #[error(
        "donor {donor} of ligand {ligand} is lost: its atom {atom} is {distance:.2} Å from the metal, expected at most {limit:.2} Å"
    )]
    LostDonor {
        /// Ligand, from 0.
        ligand: usize,
        /// Donor of that ligand, from 0.
        donor: usize,
        /// Atom.
        atom: usize,
        /// Distance to the metal (Å).
        distance: f64,
        /// Largest distance allowed (Å).
        limit: f64,
    },
    /// An atom that is no donor is bound.
    #[error(
        "atom {atom} ({element}) of ligand {ligand} is no donor but {distance:.2} Å from the metal, expected more than {limit:.2} Å"
    )]
    ExtraNeighbour {
        /// Ligand, from 0.
        ligand: usize,
        /// Atom.
        atom: usize,
        /// Its element.
        element: Element,
        /// Distance to the metal (Å).
        distance: f64,
        /// Smallest distance allowed (Å).
        limit: f64,
    },
    /// Two atoms are too close.
    #[error(
        "atoms {atoms:?} ({elements}) are {distance:.2} Å apart, expected at least {limit:.2} Å",
        elements = .elements.map(Element::symbol).join(", ")
    )]
    TooClose {
        /// The atoms.
        atoms: [usize; 2],
        /// Their elements.
        elements: [Element; 2],
        /// Distance (Å).
        distance: f64,
        /// Smallest distance allowed (Å).
        limit: f64,
        /// Whether both belong to one ligand.
        same_ligand: bool,
    },
}

/// Checks coordinates (Å; metal first, then the ligands' atoms in order): all donors and nothing
/// else bound to the metal, no atoms too close. `radii` are covalent radii (Å).
///
/// The rule: a donor atom is within [`BOUND`] times the sum of the covalent radii (Cordero et al.
/// 2008), or [`BOUND_HAPTIC`] in a haptic group; no other atom but hydrogen is within [`BOUND`],
/// unless it is bonded to a donor that is closer; no pair is nearer than [`TOO_CLOSE`] times the sum
/// of the radii ([`TOO_CLOSE_DONOR`] for the metal and its donors), no pair of hydrogens nearer than [`HYDROGENS`]. The coordination number, a haptic
/// group counting once, is then the asked one.
///
/// # Errors
/// The first flaw found.
pub fn validate(complex: &Complex, positions: &[[f64; 3]], radii: &Radii) -> Result<(), Flaw> {
    let (atoms, points) = measured(complex, positions, radii)?;
    coordination(complex, &atoms.radii, &points)?;
    distances(&atoms, &points)
}

/// The part of [`validate()`] about distances: no atoms too close, whatever binds to the metal.
///
/// # Errors
/// The first flaw found.
pub fn validate_distances(complex: &Complex, positions: &[[f64; 3]], radii: &Radii) -> Result<(), Flaw> {
    let (atoms, points) = measured(complex, positions, radii)?;
    distances(&atoms, &points)
}

/// Atoms with a radius and a finite place each.
fn measured(
    complex: &Complex,
    positions: &[[f64; 3]],
    radii: &Radii,
) -> Result<(Atoms, Vec<Vector3<f64>>), Flaw> {
    let atoms = Atoms::new(complex, radii)?;
    if positions.len() != atoms.elements.len() {
        return Err(Flaw::Length { found: positions.len(), expected: atoms.elements.len() });
    }
    if let Some(atom) = positions.iter().position(|p| p.iter().any(|x| !x.is_finite())) {
        return Err(Flaw::NotFinite { atom });
    }
    Ok((atoms, positions.iter().map(|&p| p.into()).collect()))
}

fn coordination(complex: &Complex, radii: &[f64], points: &[Vector3<f64>]) -> Result<(), Flaw> {
    let sum = |atom: usize| radii[0] + radii[atom];
    let mut first = 1;
    for (number, placed) in complex.ligands.iter().enumerate() {
        let ligand = &placed.ligand;
        let elements: Vec<Element> = ligand.elements().collect();
        let distance = |atom: usize| (points[first + atom] - points[0]).norm();
        let mut is_donor = vec![false; elements.len()];
        for (donor, group) in ligand.donors.iter().enumerate() {
            let factor = if group.len() > 1 { BOUND_HAPTIC } else { BOUND };
            for &atom in group {
                is_donor[atom] = true;
                let limit = factor * sum(first + atom);
                if distance(atom) > limit {
                    let (distance, atom) = (distance(atom), first + atom);
                    return Err(Flaw::LostDonor { ligand: number, donor, atom, distance, limit });
                }
            }
        }
        let beside_donor = |atom: usize| {
            ligand.graph.edge_indices().filter_map(|edge| ligand.graph.edge_endpoints(edge)).any(|(a, b)| {
                let other = if a.index() == atom {
                    b.index()
                } else if b.index() == atom {
                    a.index()
                } else {
                    return false;
                };
                is_donor[other] && distance(other) < distance(atom)
            })
        };
        for (atom, &element) in elements.iter().enumerate() {
            let limit = BOUND * sum(first + atom);
            let counts = !is_donor[atom] && element.atomic_number() != 1 && distance(atom) < limit;
            if counts && !beside_donor(atom) {
                let (distance, atom) = (distance(atom), first + atom);
                return Err(Flaw::ExtraNeighbour { ligand: number, atom, element, distance, limit });
            }
        }
        first += elements.len();
    }
    Ok(())
}

/// All atoms of a complex in a row.
struct Atoms {
    elements: Vec<Element>,
    radii: Vec<f64>,
    is_donor: Vec<bool>,
    /// Number of the ligand, from 1; 0 is the metal.
    ligand: Vec<usize>,
    /// Bonds between hydrogens (dihydrogen as a ligand).
    hydrogen_bonds: Vec<[usize; 2]>,
}

impl Atoms {
    fn new(complex: &Complex, radii: &Radii) -> Result<Self, NoRadius> {
        let elements: Vec<Element> = complex.elements().collect();
        let radii = elements.iter().map(|&element| radii(element).ok_or(NoRadius(element)));
        let radii = radii.collect::<Result<Vec<f64>, NoRadius>>()?;
        let is_donor = vec![false; elements.len()];
        let mut atoms = Self { elements, radii, is_donor, ligand: vec![0], hydrogen_bonds: Vec::new() };
        for (number, placed) in complex.ligands.iter().enumerate() {
            let graph = &placed.ligand.graph;
            let first = atoms.ligand.len();
            atoms.ligand.resize(first + graph.node_count(), number + 1);
            placed.ligand.donors.iter().flatten().for_each(|&atom| atoms.is_donor[first + atom] = true);
            for (a, b) in graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge)) {
                if graph[a].element.atomic_number() == 1 && graph[b].element.atomic_number() == 1 {
                    atoms
                        .hydrogen_bonds
                        .push([first + a.index().min(b.index()), first + a.index().max(b.index())]);
                }
            }
        }
        Ok(atoms)
    }
}

fn distances(atoms: &Atoms, points: &[Vector3<f64>]) -> Result<(), Flaw> {
    for j in 0..points.len() {
        for i in 0..j {
            let squared = (points[i] - points[j]).norm_squared();
            let share = if i == 0 && atoms.is_donor[j] { TOO_CLOSE_DONOR } else { TOO_CLOSE };
            let mut limit = share * (atoms.radii[i] + atoms.radii[j]);
            let both_hydrogen =
                atoms.elements[i].atomic_number() == 1 && atoms.elements[j].atomic_number() == 1;
            if both_hydrogen && !atoms.hydrogen_bonds.contains(&[i, j]) {
                limit = HYDROGENS;
            }
            if squared < limit * limit {
                return Err(Flaw::TooClose {
                    atoms: [i, j],
                    elements: [atoms.elements[i], atoms.elements[j]],
                    distance: squared.sqrt(),
                    limit,
                    same_ligand: atoms.ligand[i] == atoms.ligand[j],
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Geometry;
    use super::super::testing::{complex, ligand};
    use super::*;

    /// Ag(H2)Cl, side on, with radii of Cordero et al. (2008).
    fn flaw(positions: [[f64; 3]; 4]) -> Result<(), Flaw> {
        let mut hydrogen = super::super::testing::chelate("H", "H");
        hydrogen.donors = vec![vec![0, 1]];
        let placed = [(&hydrogen, vec![0]), (&ligand("Cl", -1), vec![1])];
        let complex = complex("Ag", 1, 1, Geometry::Linear, &placed).unwrap();
        let radii = |element: Element| match element.symbol() {
            "Ag" => Some(1.45),
            "H" => Some(0.31),
            "Cl" => Some(1.02),
            _ => None,
        };
        validate(&complex, &positions, &radii)
    }

    #[test]
    fn each_rule_has_its_flaw() {
        let good = [[0.0; 3], [1.8, 0.4, 0.0], [1.8, -0.4, 0.0], [-2.3, 0.0, 0.0]];
        // The hydrogens of H2 may be near to each other.
        assert_eq!(flaw(good), Ok(()));
        let mut far = good;
        far[3][0] = -3.0;
        let text = flaw(far).unwrap_err().to_string();
        assert!(text.contains("donor 0 of ligand 1 is lost: its atom 3 is 3.00 Å"), "{text}");
        let mut near = good;
        near[3][0] = -1.5;
        let text = flaw(near).unwrap_err().to_string();
        assert!(text.contains("(Ag, Cl) are 1.50 Å apart, expected at least 1.61 Å"), "{text}");
        let mut broken = good;
        broken[1][2] = f64::NAN;
        assert_eq!(flaw(broken), Err(Flaw::NotFinite { atom: 1 }));
    }
}
