//! Complexes from atoms in space alone.

use petgraph::graph::{NodeIndex, UnGraph};

use crate::composition::Composition;
use crate::element::Element;
use crate::ligand::{Atom, BondOrder, CanonicalLigand, Ligand, assign_formal_charges};
use crate::molecule::{Molecule, NoRadius, Radii, bonded_within};

use super::arrangement::canonical;
use super::donors::{METAL_REACH, find_donors};
use super::identity::{digest, face_text, guest};
use super::shape::nearest_shapes;
use super::{Complex, ComplexError, Geometry, PlacedLigand, is_transition_metal};

/// A ligand that was found in a molecule. Its bond orders are unknown and its formal charges zero.
#[derive(Clone, Debug)]
pub struct PerceivedLigand {
    /// The graph with donors, and positions with the metal at the origin.
    pub ligand: Ligand,
    /// Index of each of its atoms in the molecule.
    pub atoms: Vec<usize>,
    /// Site of each donor; empty when there is no polyhedron with that many sites.
    pub sites: Vec<usize>,
}

/// A complex as far as atoms in space tell it: what is bonded to what, and the polyhedron.
#[derive(Clone, Debug)]
pub struct Perceived {
    /// The metal.
    pub metal: Element,
    /// Its index in the molecule.
    pub metal_atom: usize,
    /// The ligands, by their first atom.
    pub ligands: Vec<PerceivedLigand>,
    /// Nearest polyhedron and its continuous shape measure; `None` for coordination numbers without
    /// one (1, and 8 and more).
    pub shape: Option<(Geometry, f64)>,
}

/// Why a molecule is no mononuclear complex.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PerceiveError {
    /// No transition metal.
    #[error("{formula} has no transition metal; expected exactly one d-block atom")]
    NoMetal {
        /// Composition of the molecule.
        formula: String,
    },
    /// Several transition metals.
    #[error("{formula} has {} transition metals ({}); expected exactly one d-block atom", metals.len(), list(metals))]
    SeveralMetals {
        /// Composition of the molecule.
        formula: String,
        /// The metals.
        metals: Vec<Element>,
    },
    /// An element of unknown size.
    #[error(transparent)]
    NoRadius(#[from] NoRadius),
    /// Two atoms in one place.
    #[error("atoms {first} and {second} (from 0) are {distance:.3} Å apart; expected at least {least} Å")]
    Overlap {
        /// One atom.
        first: usize,
        /// The other.
        second: usize,
        /// Their distance (Å).
        distance: f64,
        /// The least that is accepted.
        least: f64,
    },
    /// Parts that are not bonded to the metal.
    #[error("{} of the {parts} parts around {metal} are not bonded to it: {}", loose.len(), loose.join(", "))]
    Disconnected {
        /// The metal.
        metal: Element,
        /// Number of parts without the metal.
        parts: usize,
        /// Compositions of those that do not bind.
        loose: Vec<String>,
    },
}

fn list(elements: &[Element]) -> String {
    elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(", ")
}

/// Atoms nearer than this (Å) are one atom written twice.
const LEAST_DISTANCE: f64 = 0.4;

/// Finds the metal, the ligands with their donors, and the polyhedron. `radii` are covalent radii (Å).
///
/// The result does not depend on the order of the atoms or on the orientation, apart from the order in
/// which ligands and atoms are listed.
///
/// # Errors
/// When the molecule is not one mononuclear complex in one piece.
pub fn perceive(molecule: &Molecule, radii: &Radii) -> Result<Perceived, PerceiveError> {
    let metal = only_metal(molecule)?;
    let bonds = covalent_bonds(molecule, metal, radii)?;
    let donors = find_donors(molecule, metal, &bonds, radii)?;
    let parts = parts(&bonds, metal);
    let loose: Vec<String> = parts
        .iter()
        .filter(|part| !donors.iter().any(|donor| part.contains(&donor[0])))
        .map(|part| {
            part.iter().map(|&atom| (molecule.elements[atom], 1.0)).collect::<Composition>().to_string()
        })
        .collect();
    if !loose.is_empty() {
        return Err(PerceiveError::Disconnected {
            metal: molecule.elements[metal],
            parts: parts.len(),
            loose,
        });
    }
    let ligands = parts.into_iter().map(|atoms| ligand(molecule, metal, atoms, &bonds, &donors)).collect();
    let mut perceived =
        Perceived { metal: molecule.elements[metal], metal_atom: metal, ligands, shape: None };
    perceived.find_shape();
    Ok(perceived)
}

fn only_metal(molecule: &Molecule) -> Result<usize, PerceiveError> {
    let metals: Vec<usize> =
        (0..molecule.len()).filter(|&atom| is_transition_metal(molecule.elements[atom])).collect();
    let formula = || molecule.composition().to_string();
    match metals.as_slice() {
        [metal] => Ok(*metal),
        [] => Err(PerceiveError::NoMetal { formula: formula() }),
        _ => {
            let metals = metals.into_iter().map(|atom| molecule.elements[atom]).collect();
            Err(PerceiveError::SeveralMetals { formula: formula(), metals })
        }
    }
}

/// Longest covalent bond inside a ligand (Å): 20 % over the sum of the radii but not more than 0.35 Å,
/// so that the two P of a P-N-P chelate stay apart (2.6 Å).
pub(super) fn longest_bond(sum: f64) -> f64 {
    (1.2 * sum).min(sum + 0.35)
}

/// Covalent neighbours of each atom; the metal has none.
fn covalent_bonds(
    molecule: &Molecule,
    metal: usize,
    radii: &Radii,
) -> Result<Vec<Vec<usize>>, PerceiveError> {
    // H-H of a dihydrogen ligand stretches to 1 Å.
    let mut bonds = bonded_within(molecule, radii, &|sum| longest_bond(sum).max(1.0))?;
    let hydrogen = |atom: usize| molecule.elements[atom].atomic_number() == 1;
    let size = |atom: usize| radii(molecule.elements[atom]).unwrap_or_default();
    for (first, neighbours) in bonds.iter_mut().enumerate() {
        for &second in neighbours.iter() {
            let distance = molecule.distance(first, second);
            if distance < LEAST_DISTANCE {
                return Err(PerceiveError::Overlap { first, second, distance, least: LEAST_DISTANCE });
            }
        }
        neighbours.retain(|&second| {
            first != metal
                && second != metal
                && ((hydrogen(first) && hydrogen(second))
                    || molecule.distance(first, second) <= longest_bond(size(first) + size(second)))
        });
    }
    let kept: Vec<Option<Vec<usize>>> = (0..bonds.len())
        .map(|atom| hydrogen(atom).then(|| bonds_of_hydrogen(molecule, atom, &bonds[atom])))
        .collect();
    for (first, neighbours) in bonds.iter_mut().enumerate() {
        neighbours.retain(|&second| {
            let keeps = |one: usize, other: usize| kept[one].as_ref().is_none_or(|own| own.contains(&other));
            keeps(first, second) && keeps(second, first)
        });
    }
    for atom in (0..bonds.len()).filter(|&atom| hydrogen(atom)) {
        let reach = molecule.distance(metal, atom) / (size(metal) + size(atom));
        if bonds[atom].is_empty() && reach > METAL_REACH {
            for other in bridge_ends(molecule, metal, atom, radii) {
                bonds[atom].push(other);
                bonds[other].push(atom);
            }
        }
    }
    bonds.iter_mut().for_each(|neighbours| neighbours.sort_unstable());
    Ok(bonds)
}

/// The heavy atoms around a hydrogen atom half-way between them (a symmetric hydrogen bond, O-H-O at
/// 1.2 Å): all of them, as rounding must not choose one.
fn bridge_ends(molecule: &Molecule, metal: usize, atom: usize, radii: &Radii) -> Vec<usize> {
    let size = |atom: usize| radii(molecule.elements[atom]).unwrap_or_default();
    let near = |&other: &usize| {
        other != metal
            && molecule.elements[other].atomic_number() > 1
            && molecule.distance(atom, other) <= 1.3 * (size(atom) + size(other))
    };
    (0..molecule.len()).filter(near).collect()
}

/// A hydrogen atom keeps its nearest heavy neighbour, two when both are of group 13 (B-H-B), and
/// another hydrogen atom only when it has no heavy neighbour.
fn bonds_of_hydrogen(molecule: &Molecule, atom: usize, neighbours: &[usize]) -> Vec<usize> {
    let mut near: Vec<usize> = neighbours.to_vec();
    near.sort_by(|&a, &b| molecule.distance(atom, a).total_cmp(&molecule.distance(atom, b)));
    let heavy: Vec<usize> =
        near.iter().copied().filter(|&other| molecule.elements[other].atomic_number() > 1).collect();
    let bridges = heavy.iter().take(2).filter(|&&other| molecule.elements[other].group() == 13).count();
    match heavy.len() {
        0 => near.into_iter().take(1).collect(),
        _ => heavy.into_iter().take(bridges.max(1)).collect(),
    }
}

/// Connected parts without the metal, each in ascending order, by first atom.
fn parts(bonds: &[Vec<usize>], metal: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; bonds.len()];
    let mut parts = Vec::new();
    for start in (0..bonds.len()).filter(|&atom| atom != metal) {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&atom) = part.get(next) {
            next += 1;
            for &other in &bonds[atom] {
                if !std::mem::replace(&mut seen[other], true) {
                    part.push(other);
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

fn ligand(
    molecule: &Molecule,
    metal: usize,
    atoms: Vec<usize>,
    bonds: &[Vec<usize>],
    donors: &[Vec<usize>],
) -> PerceivedLigand {
    let place = |atom: &usize| atoms.binary_search(atom).ok();
    let mut graph = UnGraph::with_capacity(atoms.len(), atoms.len());
    for &atom in &atoms {
        graph.add_node(Atom { element: molecule.elements[atom], formal_charge: 0 });
    }
    for (first, atom) in atoms.iter().enumerate() {
        for second in bonds[*atom].iter().filter_map(place).filter(|&second| second > first) {
            graph.add_edge(NodeIndex::new(first), NodeIndex::new(second), BondOrder::Unknown);
        }
    }
    let donors: Vec<Vec<usize>> = donors
        .iter()
        .filter(|donor| place(&donor[0]).is_some())
        .map(|donor| donor.iter().filter_map(place).collect())
        .collect();
    let origin = molecule.positions[metal];
    let shifted = |&atom: &usize| std::array::from_fn(|k| molecule.positions[atom][k] - origin[k]);
    let positions = Some(atoms.iter().map(shifted).collect());
    let name = atoms.iter().map(|&atom| (molecule.elements[atom], 1.0)).collect::<Composition>().to_string();
    PerceivedLigand { ligand: Ligand { name, graph, donors, positions }, atoms, sites: Vec::new() }
}

impl Perceived {
    /// Number of donors, a haptic group counting once: the number of sites of the polyhedron.
    pub fn coordination_number(&self) -> usize {
        self.ligands.iter().map(|found| found.ligand.denticity()).sum()
    }

    /// Indices in the molecule of all atoms that bind to the metal, ascending.
    pub fn donor_atoms(&self) -> Vec<usize> {
        let own = |found: &PerceivedLigand| -> Vec<usize> {
            found.ligand.donors.iter().flatten().map(|&atom| found.atoms[atom]).collect()
        };
        let mut atoms: Vec<usize> = self.ligands.iter().flat_map(own).collect();
        atoms.sort_unstable();
        atoms
    }

    /// Identity of what was found: as [`Complex::identity`] without oxidation state, multiplicity and
    /// charges. Without a polyhedron it compares the ligands alone.
    pub fn identity(&self) -> String {
        self.identity_of(&self.forms(), &self.sites())
    }

    /// The complex, given what atoms in space do not tell: one charge for each ligand, in order.
    ///
    /// # Errors
    /// When there is no polyhedron, or as [`Complex::new`].
    pub fn to_complex(
        &self,
        oxidation_state: i32,
        multiplicity: u32,
        charges: &[i32],
    ) -> Result<Complex, ComplexError> {
        let donors = self.coordination_number();
        let (geometry, _) = self.shape.ok_or(ComplexError::NoPolyhedron { donors })?;
        if charges.len() != self.ligands.len() {
            let (found, expected) = (charges.len(), self.ligands.len());
            return Err(ComplexError::LigandCharges { found, expected });
        }
        let place = |(found, &charge): (&PerceivedLigand, &i32)| {
            let mut ligand = found.ligand.clone();
            assign_formal_charges(&mut ligand.graph, &ligand.donors, charge);
            PlacedLigand { ligand, sites: found.sites.clone() }
        };
        let ligands: Vec<PlacedLigand> = self.ligands.iter().zip(charges).map(place).collect();
        let around = self.ligands.iter().filter_map(|found| found.ligand.positions.clone()).flatten();
        let positions = std::iter::once([0.0; 3]).chain(around).collect();
        Complex::new(self.metal, oxidation_state, multiplicity, geometry, ligands)?.with_positions(positions)
    }

    fn forms(&self) -> Vec<CanonicalLigand> {
        self.ligands.iter().map(|found| found.ligand.canonical()).collect()
    }

    fn sites(&self) -> Vec<usize> {
        self.ligands.iter().flat_map(|found| found.sites.iter().copied()).collect()
    }

    /// Identity with all sites in one list, ligand after ligand.
    fn identity_of(&self, forms: &[CanonicalLigand], sites: &[usize]) -> String {
        let Some((geometry, _)) = self.shape.filter(|_| !sites.is_empty()) else {
            let mut keys: Vec<&str> = forms.iter().map(|form| form.key.as_str()).collect();
            keys.sort_unstable();
            return digest(&format!("druse perceived 1|{}|{}", self.metal, keys.join("|")));
        };
        let mut rest = sites;
        let mut guests = Vec::new();
        for form in forms {
            let (own, others) = rest.split_at(form.donor_orders.first().map_or(0, Vec::len));
            guests.push(guest(form, own));
            rest = others;
        }
        let face = canonical(geometry.rotations(), &guests).face;
        digest(&format!("druse perceived 1|{}|{}{}", self.metal, geometry.symbol(), face_text(&face)))
    }

    fn find_shape(&mut self) {
        let direction = |ligand: &Ligand, donor: &[usize]| {
            let positions = ligand.positions.as_deref().unwrap_or_default();
            let sum =
                |k: usize| donor.iter().map(|&atom| positions[atom][k]).sum::<f64>() / donor.len() as f64;
            [sum(0), sum(1), sum(2)]
        };
        let directions: Vec<[f64; 3]> = self
            .ligands
            .iter()
            .flat_map(|found| found.ligand.donors.iter().map(|donor| direction(&found.ligand, donor)))
            .collect();
        let forms = self.forms();
        // Equally good fits must not be told apart by the order of the atoms.
        let ranked = nearest_shapes(&directions).into_iter().map(|fit| {
            self.shape = Some((fit.geometry, fit.measure));
            (self.identity_of(&forms, &fit.sites), fit)
        });
        let best = ranked.min_by(|a, b| a.0.cmp(&b.0));
        self.shape = best.as_ref().map(|(_, fit)| (fit.geometry, fit.measure));
        let mut sites = best.map(|(_, fit)| fit.sites).unwrap_or_default().into_iter();
        for found in &mut self.ligands {
            found.sites = sites.by_ref().take(found.ligand.denticity()).collect();
        }
    }
}
