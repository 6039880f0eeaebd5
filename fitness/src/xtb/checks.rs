//! Whether a molecule is still the complex that it was built as: donors, ligands, fragments.

use std::collections::BTreeSet;
use std::fmt;

use druse_representations::molecule::{NoRadius, Radii, connectivity};
use druse_representations::{Complex, Element, Molecule};
use serde::{Deserialize, Serialize};

/// A donor is bound up to this share of the sum of the covalent radii. A fixed 2.5 Å would miss
/// bonds of heavy atoms, Pd-Sn 2.69 Å for instance.
pub const DONOR: f64 = 1.3;

/// Two atoms of ligands are bonded up to this share of the sum of their covalent radii.
pub const COVALENT: f64 = 1.25;

/// Radius (Å) of the first shell in PL-MOGA's check.
const PL_MOGA_SHELL: f64 = 2.5;

/// Longest edge (Å) of the graph that PL-MOGA wants connected.
const PL_MOGA_EDGE: f64 = 3.0;

/// Bonds that a complex should have. Atoms are numbered as in the molecule, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The metal.
    pub metal: usize,
    /// Atoms of each donor; more than one when haptic.
    pub donors: Vec<Vec<usize>>,
    /// Bonds inside the ligands.
    pub bonds: Vec<(usize, usize)>,
}

impl Expected {
    /// The bonds of a complex; the metal is atom 0.
    pub fn of(complex: &Complex) -> Self {
        let mut expected = Self::default();
        for (placed, offset) in complex.ligands.iter().zip(complex.offsets()) {
            let shifted = |donor: &Vec<usize>| donor.iter().map(|atom| offset + atom).collect();
            expected.donors.extend(placed.ligand.donors.iter().map(shifted));
            let ends =
                placed.ligand.graph.edge_indices().filter_map(|e| placed.ligand.graph.edge_endpoints(e));
            expected.bonds.extend(ends.map(|(a, b)| (offset + a.index(), offset + b.index())));
        }
        expected
    }
}

/// A change of one bond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// A donor atom has left the metal.
    DonorLost {
        /// Element and number of the atom.
        atom: (Element, usize),
        /// Distance from the metal (Å).
        distance: f64,
    },
    /// Another atom has come to the metal.
    DonorGained {
        /// Element and number of the atom.
        atom: (Element, usize),
        /// Distance from the metal (Å).
        distance: f64,
    },
    /// A bond inside a ligand has broken.
    BondBroken {
        /// Elements and numbers of the atoms.
        atoms: [(Element, usize); 2],
        /// Their distance (Å).
        distance: f64,
    },
    /// Two atoms of ligands have formed a bond.
    BondFormed {
        /// Elements and numbers of the atoms.
        atoms: [(Element, usize); 2],
        /// Their distance (Å).
        distance: f64,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DonorLost { atom: (e, i), distance } => write!(f, "lost {e}{i} at {distance:.2} Å"),
            Self::DonorGained { atom: (e, i), distance } => write!(f, "gained {e}{i} at {distance:.2} Å"),
            Self::BondBroken { atoms: [(a, i), (b, j)], distance } => {
                write!(f, "broken {a}{i}-{b}{j} at {distance:.2} Å")
            }
            Self::BondFormed { atoms: [(a, i), (b, j)], distance } => {
                write!(f, "formed {a}{i}-{b}{j} at {distance:.2} Å")
            }
        }
    }
}

/// What became of a complex.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survival {
    /// Donors lost and gained, in order of the atoms.
    pub coordination: Vec<Change>,
    /// Bonds of ligands broken and formed.
    pub ligands: Vec<Change>,
    /// Number of connected parts; 1 for a complex in one piece.
    pub fragments: usize,
    /// PL-MOGA's rule, for comparison: the same atoms within 2.5 Å of the metal before and after,
    /// and all atoms connected by steps of at most 3.0 Å.
    pub pl_moga: bool,
}

impl Survival {
    /// Whether donors and ligands are as they should be, in one piece.
    pub fn is_kept(&self) -> bool {
        self.reason().is_none()
    }

    /// Why the complex is no longer itself, as a reason that starts with a short kind, for instance
    /// `coordination changed: lost N3 at 3.41 Å`.
    pub fn reason(&self) -> Option<String> {
        let list = |changes: &[Change]| {
            let words: Vec<String> = changes.iter().take(4).map(Change::to_string).collect();
            let more = changes.len().saturating_sub(4);
            words.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        if !self.coordination.is_empty() {
            Some(format!("coordination changed: {}", list(&self.coordination)))
        } else if !self.ligands.is_empty() {
            Some(format!("ligand changed: {}", list(&self.ligands)))
        } else if self.fragments != 1 {
            Some(format!("fragments: {} parts", self.fragments))
        } else {
            None
        }
    }
}

/// Compares a molecule after an optimisation with the one before and with the bonds that it should
/// have.
///
/// An atom counts as a new donor when it has come within [`DONOR`] of the metal, is no hydrogen and
/// is not bonded to a donor (the carbon of a chelating carboxylate is near the metal without a
/// bond). A bond counts as formed when it was not there before.
///
/// # Errors
/// When an element has no radius.
///
/// # Panics
/// When `expected` numbers atoms that the molecules do not have.
pub fn survival(
    expected: &Expected,
    before: &Molecule,
    after: &Molecule,
    radii: &Radii,
) -> Result<Survival, NoRadius> {
    let metal = expected.metal;
    let atom = |i: usize| (after.elements[i], i);
    let ordered = |i: usize, j: usize| (i.min(j), i.max(j));
    let bonds: BTreeSet<(usize, usize)> = expected.bonds.iter().map(|&(i, j)| ordered(i, j)).collect();
    let donors: BTreeSet<usize> = expected.donors.iter().flatten().copied().collect();
    let around = |molecule: &Molecule| {
        connectivity(molecule, radii, DONOR)
            .map(|bonds| bonds[metal].iter().copied().collect::<BTreeSet<_>>())
    };
    let (shell_before, shell) = (around(before)?, around(after)?);
    let beside_donor = |i: usize| {
        bonds.iter().any(|&(a, b)| (a == i && donors.contains(&b)) || (b == i && donors.contains(&a)))
    };
    let hydrogen = |i: usize| after.elements[i].atomic_number() == 1;
    let distance = |i: usize| after.distance(metal, i);
    let mut coordination: Vec<Change> = donors
        .difference(&shell)
        .map(|&i| Change::DonorLost { atom: atom(i), distance: distance(i) })
        .collect();
    coordination.extend(
        shell
            .iter()
            .filter(|i| !donors.contains(i) && !shell_before.contains(i))
            .filter(|&&i| !hydrogen(i) && !beside_donor(i))
            .map(|&i| Change::DonorGained { atom: atom(i), distance: distance(i) }),
    );

    let covalent = |molecule: &Molecule| -> Result<BTreeSet<(usize, usize)>, NoRadius> {
        let neighbours = connectivity(molecule, radii, COVALENT)?;
        let pairs = neighbours.iter().enumerate().flat_map(|(i, list)| list.iter().map(move |&j| (i, j)));
        Ok(pairs.filter(|&(i, j)| i < j && i != metal && j != metal).collect())
    };
    let (bonded_before, bonded) = (covalent(before)?, covalent(after)?);
    let ends = |(i, j): (usize, usize)| ([atom(i), atom(j)], after.distance(i, j));
    let mut ligands: Vec<Change> = bonds
        .difference(&bonded)
        .map(|&pair| ends(pair))
        .map(|(atoms, distance)| Change::BondBroken { atoms, distance })
        .collect();
    let new = bonded.iter().filter(|pair| !bonds.contains(pair) && !bonded_before.contains(pair));
    ligands
        .extend(new.map(|&pair| ends(pair)).map(|(atoms, distance)| Change::BondFormed { atoms, distance }));

    let edges = bonded.iter().copied().chain(shell.iter().map(|&i| (metal, i)));
    Ok(Survival {
        coordination,
        ligands,
        fragments: parts(after.len(), edges),
        pl_moga: pl_moga(metal, before, after),
    })
}

fn pl_moga(metal: usize, before: &Molecule, after: &Molecule) -> bool {
    let shell = |molecule: &Molecule| -> Vec<usize> {
        (0..molecule.len()).filter(|&i| molecule.distance(metal, i) <= PL_MOGA_SHELL).collect()
    };
    let pairs = (0..after.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let near = pairs.filter(|&(i, j)| after.distance(i, j) <= PL_MOGA_EDGE);
    shell(before) == shell(after) && parts(after.len(), near) == 1
}

/// Number of connected parts of a graph.
fn parts(nodes: usize, edges: impl Iterator<Item = (usize, usize)>) -> usize {
    let mut sets = petgraph::unionfind::UnionFind::new(nodes);
    nodes - edges.filter(|&(i, j)| sets.union(i, j)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xtb::tests::molecules::{hexacarbonylchromium, molecule, transdiamminedichloropalladium};
    use druse_datasets::elements::covalent_radius;

    fn palladium() -> Expected {
        Expected {
            metal: 0,
            donors: vec![vec![1], vec![2], vec![3], vec![7]],
            bonds: vec![(3, 4), (3, 5), (6, 3), (7, 8), (7, 9), (7, 10)],
        }
    }

    fn check(expected: &Expected, before: &Molecule, after: &Molecule) -> Survival {
        survival(expected, before, after, &covalent_radius).unwrap()
    }

    fn moved(mut molecule: Molecule, atoms: &[usize], by: [f64; 3]) -> Molecule {
        for &i in atoms {
            molecule.positions[i] = std::array::from_fn(|k| molecule.positions[i][k] + by[k]);
        }
        molecule
    }

    #[test]
    fn an_unchanged_complex_is_kept() {
        let start = transdiamminedichloropalladium();
        let same = check(&palladium(), &start, &start);
        assert_eq!(same.reason(), None);
        assert!(same.is_kept() && same.pl_moga && same.fragments == 1);
        let breathing = moved(start.clone(), &[3, 4, 5, 6], [0.0, 0.15, 0.0]);
        assert!(check(&palladium(), &start, &breathing).is_kept());
    }

    #[test]
    fn a_lost_donor_is_named() {
        let start = transdiamminedichloropalladium();
        let lost = check(&palladium(), &start, &moved(start.clone(), &[3, 4, 5, 6], [0.0, 1.36, 0.0]));
        assert_eq!(lost.reason().unwrap(), "coordination changed: lost N3 at 3.41 Å");
        assert_eq!(lost.fragments, 2);
        assert!(!lost.pl_moga);
    }

    #[test]
    fn broken_and_formed_bonds_are_named() {
        let start = transdiamminedichloropalladium();
        let gone = check(&palladium(), &start, &moved(start.clone(), &[4], [0.0, 2.0, 3.0]));
        assert_eq!(gone.reason().unwrap(), "ligand changed: broken N3-H4 at 4.60 Å");
        // The two chlorides as Cl2, side on.
        let mut pair = start.clone();
        pair.positions[1] = [2.2, 0.0, 1.0];
        pair.positions[2] = [2.2, 0.0, -1.0];
        let formed = check(&palladium(), &start, &pair);
        assert_eq!(formed.reason().unwrap(), "ligand changed: formed Cl1-Cl2 at 2.00 Å");
        assert!(formed.pl_moga, "the fixed radius does not see it");
    }

    #[test]
    fn a_new_donor_is_named_but_not_the_middle_of_a_chelate() {
        let acetate = |tilt: f64| {
            // M(O2C-X), O at 2.1 Å, C at 2.4 Å; the second oxygen swings in.
            molecule(&[
                ("Zn", [0.0; 3]),
                ("O", [2.0, 0.0, 0.0]),
                ("C", [2.35, 1.2, 0.0]),
                ("O", [1.3 + tilt, 1.75, 0.0]),
            ])
        };
        let one = Expected { metal: 0, donors: vec![vec![1]], bonds: vec![(1, 2), (2, 3)] };
        let gained = check(&one, &acetate(0.9), &acetate(0.0));
        assert_eq!(gained.reason().unwrap(), "coordination changed: gained O3 at 2.18 Å");
        let two = Expected { donors: vec![vec![1], vec![3]], ..one };
        assert_eq!(check(&two, &acetate(0.0), &acetate(0.0)).coordination, []);
    }

    #[test]
    fn the_same_after_turning_and_renumbering() {
        let bonds: Vec<(usize, usize)> = (0..6).map(|k| (1 + 2 * k, 2 + 2 * k)).collect();
        let donors = (0..6).map(|k| vec![1 + 2 * k]).collect();
        let expected = Expected { metal: 0, donors, bonds };
        let start = hexacarbonylchromium();
        let end = moved(start.clone(), &[5, 6], [0.0, 2.0, 0.0]);
        let reference = check(&expected, &start, &end);
        assert!(!reference.is_kept());
        let turn = |m: &Molecule| Molecule {
            positions: m
                .positions
                .iter()
                .map(|&[x, y, z]| [0.6 * x - 0.8 * y + 3.0, 0.8 * x + 0.6 * y, z])
                .collect(),
            ..m.clone()
        };
        let turned = check(&expected, &turn(&start), &turn(&end));
        assert_eq!(turned.reason(), reference.reason());
        // Backwards: the metal last.
        let last = start.len() - 1;
        let back = |m: &Molecule| Molecule {
            elements: m.elements.iter().rev().copied().collect(),
            positions: m.positions.iter().rev().copied().collect(),
        };
        let renumbered = Expected {
            metal: last,
            donors: expected.donors.iter().map(|d| vec![last - d[0]]).collect(),
            bonds: expected.bonds.iter().map(|&(i, j)| (last - i, last - j)).collect(),
        };
        let other = check(&renumbered, &back(&start), &back(&end));
        assert_eq!(other.coordination.len(), reference.coordination.len());
        assert_eq!((other.fragments, other.pl_moga), (reference.fragments, reference.pl_moga));
    }
}
