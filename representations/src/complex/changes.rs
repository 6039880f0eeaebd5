//! What moving its atoms did to a complex: a relaxed complex counts only when it is still the same.

use petgraph::visit::EdgeRef;

use crate::molecule::{Molecule, NoRadius, Radii, bonded_within, connectivity};

use super::Complex;
use super::donors::{METAL_REACH, find_donors};
use super::perceive::longest_bond;

/// Bonds that appeared or went, by numbers of atoms (0 is the metal).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Donor atoms that no longer bind to the metal.
    pub left_metal: Vec<usize>,
    /// Other atoms that now do.
    pub came_to_metal: Vec<usize>,
    /// Bonds inside ligands that broke.
    pub broken: Vec<(usize, usize)>,
    /// Bonds between atoms of the ligands that were not bonded.
    pub formed: Vec<(usize, usize)>,
}

/// Scale of the sum of radii beyond which a bond inside a ligand is broken.
const BREAK: f64 = 1.25;
/// Largest difference of reach (distance over sum of radii) inside a haptic group.
const SLIP: f64 = 0.3;

/// Why positions cannot be compared with a complex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Another number of atoms.
    #[error(
        "{found} positions for {expected} atoms; expected one for the metal and one for each ligand atom"
    )]
    Positions {
        /// Number of positions.
        found: usize,
        /// Number of atoms.
        expected: usize,
    },
    /// An element of unknown size.
    #[error(transparent)]
    NoRadius(#[from] NoRadius),
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl std::fmt::Display for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let atoms = |list: &[usize]| list.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let bonds = |list: &[(usize, usize)]| {
            list.iter().map(|(a, b)| format!("{a}-{b}")).collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        if !self.left_metal.is_empty() {
            parts.push(format!("donors left the metal: {}", atoms(&self.left_metal)));
        }
        if !self.came_to_metal.is_empty() {
            parts.push(format!("atoms came to the metal: {}", atoms(&self.came_to_metal)));
        }
        if !self.broken.is_empty() {
            parts.push(format!("bonds broke: {}", bonds(&self.broken)));
        }
        if !self.formed.is_empty() {
            parts.push(format!("bonds formed: {}", bonds(&self.formed)));
        }
        if parts.is_empty() { f.write_str("unchanged") } else { f.write_str(&parts.join("; ")) }
    }
}

impl Complex {
    /// Compares the graph of this complex with its atoms at `positions` (Å, the metal first).
    ///
    /// A donor is kept while each of its atoms is within 1.3 times the sum of covalent radii and, in a
    /// haptic group, none has slipped away from the others; a new donor is one by the rules of
    /// [`find_donors`]. A bond inside a ligand is broken beyond 1.25 times the sum of radii; a new one
    /// must be clearly shorter (at most 1.2 times and 0.35 Å more), so that atoms of one small ring do
    /// not count as bonded.
    ///
    /// # Errors
    /// When there is not one position for each atom or an element has no radius.
    pub fn changes(&self, positions: &[[f64; 3]], radii: &Radii) -> Result<Changes, CompareError> {
        let (found, expected) = (positions.len(), self.atom_count());
        if found != expected {
            return Err(CompareError::Positions { found, expected });
        }
        let molecule = Molecule { elements: self.elements().collect(), positions: positions.to_vec() };
        let mut bonds = vec![Vec::new(); molecule.len()];
        let mut donors = Vec::new();
        for (placed, offset) in self.ligands.iter().zip(self.offsets()) {
            for edge in placed.ligand.graph.edge_references() {
                let (a, b) = (edge.source().index() + offset, edge.target().index() + offset);
                bonds[a].push(b);
                bonds[b].push(a);
            }
            let absolute = |donor: &Vec<usize>| donor.iter().map(|&atom| atom + offset).collect::<Vec<_>>();
            donors.extend(placed.ligand.donors.iter().map(absolute));
        }
        let size = |atom: usize| radii(molecule.elements[atom]).ok_or(NoRadius(molecule.elements[atom]));
        let mut changes = Changes::default();
        for donor in &donors {
            let reach = |&atom: &usize| Ok(molecule.distance(0, atom) / (size(0)? + size(atom)?));
            let reaches: Vec<f64> = donor.iter().map(reach).collect::<Result<_, NoRadius>>()?;
            let nearest = reaches.iter().copied().fold(f64::INFINITY, f64::min);
            let lost = donor.iter().zip(&reaches).filter(|&(_, &r)| r > METAL_REACH.min(nearest + SLIP));
            changes.left_metal.extend(lost.map(|(&atom, _)| atom));
        }
        let found = find_donors(&molecule, 0, &bonds, radii)?.into_iter().flatten();
        changes.came_to_metal =
            found.filter(|atom| !donors.iter().flatten().any(|donor| donor == atom)).collect();
        let reachable = connectivity(&molecule, radii, BREAK)?;
        let close = bonded_within(&molecule, radii, &longest_bond)?;
        for first in 1..molecule.len() {
            let lost = |&&second: &&usize| second > first && !reachable[first].contains(&second);
            changes.broken.extend(bonds[first].iter().filter(lost).map(|&second| (first, second)));
            let new = |&&second: &&usize| second > first && !bonds[first].contains(&second);
            changes.formed.extend(close[first].iter().filter(new).map(|&second| (first, second)));
        }
        changes.left_metal.sort_unstable();
        changes.came_to_metal.sort_unstable();
        changes.broken.sort_unstable();
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Geometry;
    use super::super::testing::{chelate, complex, ligand, radius};

    #[test]
    fn each_kind_of_change_is_named() {
        // Cl-Ag(N-N), the second N free to come near.
        let mut hydrazine = chelate("N", "N");
        hydrazine.donors = vec![vec![0]];
        let placed = [(&ligand("Cl", -1), vec![0]), (&hydrazine, vec![1])];
        let complex = complex("Ag", 1, 1, Geometry::Linear, &placed).unwrap();
        let changes = |cl: f64, n: [f64; 3], m: [f64; 3]| {
            complex.changes(&[[0.0; 3], [0.0, 0.0, cl], n, m], &radius).unwrap()
        };
        let good = changes(2.35, [0.0, 0.0, -2.15], [0.0, 1.3, -2.7]);
        assert!(good.is_empty() && good.to_string() == "unchanged", "{good}");
        assert_eq!(changes(3.6, [0.0, 0.0, -2.15], [0.0, 1.3, -2.7]).left_metal, [1]);
        assert_eq!(changes(2.35, [0.0, 0.7, -2.15], [0.0, -0.7, -2.15]).came_to_metal, [3]);
        assert_eq!(changes(2.35, [0.0, 0.0, -2.15], [0.0, 3.0, -2.7]).broken, [(2, 3)]);
        let formed = changes(2.35, [0.0, 0.0, -2.15], [0.0, 1.3, 2.4]);
        assert_eq!((formed.broken.as_slice(), formed.formed.as_slice()), (&[(2, 3)][..], &[(1, 3)][..]));
        assert!(formed.to_string().contains("bonds broke: 2-3; bonds formed: 1-3"), "{formed}");
    }

    #[test]
    fn a_slipped_haptic_ligand_has_left() {
        let mut alkene = chelate("C", "C");
        alkene.donors = vec![vec![0, 1]];
        let placed = [(&ligand("Cl", -1), vec![0]), (&alkene, vec![1])];
        let complex = complex("Ag", 1, 1, Geometry::Linear, &placed).unwrap();
        let at = |x: f64| {
            let positions = [[0.0; 3], [0.0, 0.0, 2.35], [x, 0.0, -2.2], [x + 1.38, 0.0, -2.2]];
            complex.changes(&positions, &radius).unwrap()
        };
        assert!(at(-0.69).is_empty());
        assert_eq!(at(0.5).left_metal, [3]);
    }
}
