//! What of a ligand moves, and how its atoms hang together.

use druse_representations::ligand::BondOrder;
use druse_representations::{Element, Ligand};
use petgraph::visit::EdgeRef;

/// Features of an atom beside its element.
pub const FEATURES: usize = 5 + 5 + 4 + 6;
/// Relations of two atoms, as edges know them.
pub const RELATIONS: usize = 11;
/// Atoms of the ligand that an atom knows by bonds, at most.
const KNOWN: usize = 10;

/// How two atoms are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Relation {
    /// A single bond.
    Single,
    /// A double bond.
    Double,
    /// A triple bond.
    Triple,
    /// An aromatic bond.
    Aromatic,
    /// A bond of unknown order.
    Unknown,
    /// Two bonds between them.
    Two,
    /// Three bonds between them.
    Three,
    /// The metal.
    Metal,
    /// The site of a donor.
    Site,
    /// Near in space, of the same ligand.
    Own,
    /// Near in space, of what stays.
    Other,
}

impl From<BondOrder> for Relation {
    fn from(order: BondOrder) -> Self {
        match order {
            BondOrder::Single => Self::Single,
            BondOrder::Double => Self::Double,
            BondOrder::Triple => Self::Triple,
            BondOrder::Aromatic => Self::Aromatic,
            BondOrder::Unknown => Self::Unknown,
        }
    }
}

/// The atoms of a ligand that flow: all but hydrogens with one neighbour, which geometry adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Skeleton {
    /// Number of each atom in the ligand.
    pub atoms: Vec<usize>,
    /// Atomic numbers.
    pub elements: Vec<u8>,
    /// Number of hydrogens left out, charge, bonds, and what kind of donor each atom is.
    pub features: Vec<[f32; FEATURES]>,
    /// For each atom those that it knows by bonds, nearest first.
    pub known: Vec<Vec<(usize, Relation)>>,
    /// Donors as numbers of the atoms above.
    pub donors: Vec<Vec<usize>>,
    /// Bonds.
    pub bonds: Vec<[usize; 2]>,
}

impl Skeleton {
    /// Of a ligand.
    pub fn new(ligand: &Ligand) -> Self {
        let elements: Vec<Element> = ligand.elements().collect();
        let donor_of = |atom: usize| ligand.donors.iter().find(|group| group.contains(&atom));
        let is_hydrogen = |atom: usize| elements[atom].atomic_number() == 1;
        let left_out = |atom: usize| {
            let around = ligand.neighbours(atom);
            is_hydrogen(atom)
                && donor_of(atom).is_none()
                && matches!(around[..], [other] if !is_hydrogen(other))
        };
        let atoms: Vec<usize> = (0..elements.len()).filter(|&atom| !left_out(atom)).collect();
        let mut place = vec![usize::MAX; elements.len()];
        atoms.iter().enumerate().for_each(|(own, &atom)| place[atom] = own);

        let mut around: Vec<Vec<(usize, Relation)>> = vec![Vec::new(); atoms.len()];
        let mut bonds = Vec::new();
        for edge in ligand.graph.edge_references() {
            let [a, b] = [edge.source(), edge.target()].map(|atom| place[atom.index()]);
            if a != usize::MAX && b != usize::MAX {
                around[a].push((b, Relation::from(*edge.weight())));
                around[b].push((a, Relation::from(*edge.weight())));
                bonds.push([a.min(b), a.max(b)]);
            }
        }
        around.iter_mut().for_each(|list| list.sort_unstable());
        bonds.sort_unstable();
        let features = atoms
            .iter()
            .zip(&around)
            .map(|(&atom, around)| {
                let hydrogens = ligand.neighbours(atom).into_iter().filter(|&other| left_out(other)).count();
                let charge = ligand.graph[petgraph::graph::NodeIndex::new(atom)].formal_charge;
                features(hydrogens, charge, donor_of(atom).map_or(0, Vec::len), around)
            })
            .collect();
        Self {
            elements: atoms.iter().map(|&atom| elements[atom].atomic_number()).collect(),
            known: (0..atoms.len()).map(|atom| known(atom, &around)).collect(),
            donors: ligand
                .donors
                .iter()
                .map(|group| group.iter().map(|&atom| place[atom]).collect())
                .collect(),
            atoms,
            features,
            bonds,
        }
    }

    /// Number of atoms that flow.
    pub fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.atoms.is_empty()
    }

    /// For each atom the fewest bonds to a donor.
    pub fn bonds_to_donor(&self) -> Vec<usize> {
        let mut bonds = vec![usize::MAX; self.len()];
        let mut front: Vec<usize> = self.donors.iter().flatten().copied().collect();
        let mut step = 0;
        while !front.is_empty() {
            front.retain(|&atom| bonds[atom] == usize::MAX);
            front.iter().for_each(|&atom| bonds[atom] = step);
            let bonded = |atom: usize| {
                self.known[atom].iter().filter(|(_, r)| *r < Relation::Two).map(|&(other, _)| other)
            };
            front = front.iter().flat_map(|&atom| bonded(atom)).collect();
            step += 1;
        }
        bonds
    }
}

fn features(hydrogens: usize, charge: i8, donor: usize, around: &[(usize, Relation)]) -> [f32; FEATURES] {
    let mut row = [0.0; FEATURES];
    row[hydrogens.min(4)] = 1.0;
    let count = |relation| around.iter().filter(|(_, r)| *r == relation).count() as f32;
    for (k, relation) in
        [Relation::Single, Relation::Double, Relation::Triple, Relation::Aromatic, Relation::Unknown]
            .into_iter()
            .enumerate()
    {
        row[5 + k] = count(relation) / 2.0;
    }
    // No donor, one atom, two, more.
    row[10 + donor.min(3)] = 1.0;
    row[14 + around.len().min(4)] = 1.0;
    row[19] = f32::from(charge);
    row
}

/// Atoms up to three bonds away, nearest first.
fn known(atom: usize, around: &[Vec<(usize, Relation)>]) -> Vec<(usize, Relation)> {
    let mut seen = vec![false; around.len()];
    seen[atom] = true;
    let mut known: Vec<(usize, Relation)> = Vec::new();
    let mut front = vec![atom];
    for step in [None, Some(Relation::Two), Some(Relation::Three)] {
        let mut next = Vec::new();
        for &at in &front {
            for &(other, order) in &around[at] {
                if !std::mem::replace(&mut seen[other], true) {
                    known.push((other, step.unwrap_or(order)));
                    next.push(other);
                }
            }
        }
        front = next;
    }
    known.truncate(KNOWN);
    known
}
