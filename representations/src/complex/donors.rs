//! Which atoms of a molecule bind to its metal.
//!
//! A bare cut-off fails for the atoms that are drawn to the metal by their neighbours: the carbon of a
//! chelating carboxylate, agostic C-H, the middle of any four-membered chelate ring. Therefore atoms
//! are taken in the order of their *reach* (distance over the sum of covalent radii):
//!
//! 1. An atom without a bond to a donor found before is a donor when its reach is below a limit and it
//!    has an orbital left: fewer neighbours than saturate it.
//! 2. An atom bonded to a donor belongs to it side on (haptic) only when both are nearly equally far
//!    away, or when both lie flat to the metal: the metal stands above the plane of their neighbours.
//! 3. Hydrogen binds when it is alone or in H2, and when it bridges from B, Al, Ga (hydroborates) or
//!    from Si, Ge, Sn (σ complexes) at a short distance; never from C, N, O, P and others.
//!
//! The limits were set on known cases of each kind. Of 639 ligands in 192 crystal structures of tmQMg
//! that the MetaLig library lists too, 630 have the same donors (98.6 %); the others differ by single
//! long contacts (2.5 to 2.8 Å to N or O).

use nalgebra::Vector3;

use crate::element::Element;
use crate::molecule::{Molecule, NoRadius, Radii};

/// Largest reach of any donor.
pub const METAL_REACH: f64 = 1.3;
/// Largest difference of reach inside a haptic group, to its nearest atom.
const SLIP: f64 = 0.22;
/// Largest angle (degrees) between the direction to the metal and the normal of the local plane of an
/// atom that binds face on. 40 in an ideal arene, 90 in the plane of a chelate.
const TILT: f64 = 50.0;

/// Donors of `metal`, each a group of atoms (one for κ, more for η) in ascending order, sorted by first
/// atom. `bonds` are the covalent neighbours of each atom, without those of the metal.
///
/// # Errors
/// When an element has no radius.
pub fn find_donors(
    molecule: &Molecule,
    metal: usize,
    bonds: &[Vec<usize>],
    radii: &Radii,
) -> Result<Vec<Vec<usize>>, NoRadius> {
    let radius = |atom: usize| radii(molecule.elements[atom]).ok_or(NoRadius(molecule.elements[atom]));
    let mut near = Vec::new();
    for atom in (0..molecule.len()).filter(|&atom| atom != metal) {
        let reach = molecule.distance(metal, atom) / (radius(metal)? + radius(atom)?);
        if reach <= METAL_REACH {
            near.push((reach, atom));
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut search = Search { molecule, metal, bonds, reach: vec![None; molecule.len()], group: Vec::new() };
    for (reach, atom) in near {
        search.consider(atom, reach);
    }
    let mut groups = search.group;
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort();
    Ok(groups)
}

struct Search<'a> {
    molecule: &'a Molecule,
    metal: usize,
    bonds: &'a [Vec<usize>],
    /// Reach of the donor atoms.
    reach: Vec<Option<f64>>,
    group: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn consider(&mut self, atom: usize, reach: f64) {
        let bound: Vec<usize> =
            self.bonds[atom].iter().copied().filter(|&other| self.reach[other].is_some()).collect();
        let is_donor = match self.molecule.elements[atom].symbol() {
            "H" => self.hydrogen_binds(atom, reach),
            _ if bound.is_empty() => self.binds_alone(atom, reach),
            _ => self.binds_side_on(atom, reach, &bound),
        };
        if !is_donor {
            return;
        }
        self.reach[atom] = Some(reach);
        // The atom may join groups that were apart.
        let (mut joined, apart): (Vec<_>, Vec<_>) = std::mem::take(&mut self.group)
            .into_iter()
            .partition(|group| group.iter().any(|other| bound.contains(other)));
        self.group = apart;
        let mut group = joined.drain(..).flatten().collect::<Vec<usize>>();
        group.push(atom);
        self.group.push(group);
    }

    fn hydrogen_binds(&self, atom: usize, reach: f64) -> bool {
        match self.bonds[atom].first() {
            None => true,
            Some(&parent) => match self.molecule.elements[parent].symbol() {
                "H" => true,
                "B" | "Al" | "Ga" => reach <= 1.15,
                "Si" | "Ge" | "Sn" => reach <= 1.1,
                _ => false,
            },
        }
    }

    fn binds_alone(&self, atom: usize, reach: f64) -> bool {
        let element = self.molecule.elements[atom];
        let neighbours = self.bonds[atom].len();
        if in_cage(element, neighbours) {
            return reach <= 1.15;
        }
        let limit = match element.symbol() {
            "C" | "B" => 1.2,
            "N" | "O" => METAL_REACH,
            // Fluorine of anions and of C-F is often near without a bond.
            "F" | "Cl" | "Br" | "I" if neighbours > 0 => 1.2,
            _ => 1.25,
        };
        reach <= limit && neighbours < saturation(element)
    }

    fn binds_side_on(&self, atom: usize, reach: f64, bound: &[usize]) -> bool {
        let element = self.molecule.elements[atom];
        let neighbours = self.bonds[atom].len();
        if in_cage(element, neighbours) {
            return reach <= 1.15;
        }
        if neighbours >= saturation(element) {
            return false;
        }
        bound.iter().any(|&donor| {
            let difference = reach - self.reach[donor].unwrap_or(reach);
            let angle = self.angle_to_metal(atom, donor);
            if (difference <= 0.06 && angle >= 50.0) || (difference <= 0.09 && angle >= 62.0) {
                return true;
            }
            let nearest = self.group.iter().find(|group| group.contains(&donor));
            let nearest = nearest.into_iter().flatten().filter_map(|&member| self.reach[member]);
            reach - nearest.fold(reach, f64::min) <= SLIP && self.lies_flat(atom) && self.lies_flat(donor)
        })
    }

    /// Angle (degrees) at `atom` between the metal and `other`.
    fn angle_to_metal(&self, atom: usize, other: usize) -> f64 {
        self.vector(atom, self.metal).angle(&self.vector(atom, other)).to_degrees()
    }

    /// Whether the metal stands above the plane of an atom and its neighbours.
    fn lies_flat(&self, atom: usize) -> bool {
        let around: Vec<Vector3<f64>> =
            self.bonds[atom].iter().map(|&other| self.vector(atom, other)).collect();
        let (normal, height) = match around.as_slice() {
            [a, b] => (a.cross(b), 0.0),
            [a, b, c] => {
                let normal = a.cross(b) + b.cross(c) + c.cross(a);
                // Distance of the atom from the plane of its neighbours.
                (normal, a.dot(&normal.normalize()).abs())
            }
            _ => return false,
        };
        let tilt = normal.angle(&self.vector(atom, self.metal)).to_degrees();
        normal.norm() > 1e-3 && height < 0.4 && tilt.min(180.0 - tilt) <= TILT
    }

    fn vector(&self, from: usize, to: usize) -> Vector3<f64> {
        Vector3::from(self.molecule.positions[to]) - Vector3::from(self.molecule.positions[from])
    }
}

/// Number of neighbours with which an atom has no orbital left for the metal.
fn saturation(element: Element) -> usize {
    match (element.symbol(), element.group()) {
        ("H", _) => 1,
        // Alkali and alkaline-earth metals are counterions, noble gases bind to nothing.
        (_, 1 | 2 | 18) => 0,
        (_, 13..=15) => 4,
        ("O", _) => 3,
        (_, 16) => 4,
        (_, 17) => 2,
        _ => 4,
    }
}

/// Boron and carbon in clusters have more neighbours than electron pairs.
fn in_cage(element: Element, neighbours: usize) -> bool {
    matches!(element.symbol(), "B" | "C") && neighbours >= 5
}
