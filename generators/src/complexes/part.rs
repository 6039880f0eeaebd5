//! A ligand with what the search needs to know about it.

use druse_representations::ligand::Fingerprint;
use druse_representations::{Element, Ligand};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::VecDeque;

/// Angle (degrees) at the metal between donors of a chelate ring whose shape is not known: the median
/// of the two-cis ligands of MetaLig is 83.
const BITE: f64 = 83.0;
/// Longest way (bonds) between two donors that must be neighbours on the metal: a chelate ring of
/// seven.
const CHELATE: usize = 5;

/// A ligand and its derived properties.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) ligand: Ligand,
    /// Canonical key.
    pub(crate) key: String,
    /// The donors in canonical order.
    pub(crate) donor_order: Vec<usize>,
    pub(crate) charge: i32,
    /// Electrons that the donors give to the metal.
    pub(crate) electrons: u32,
    pub(crate) fingerprint: Fingerprint,
    /// Angle (degrees) at the metal between each pair of donors, by rows of the upper triangle;
    /// `None` where any will do.
    pub(crate) angles: Vec<Option<f64>>,
}

impl Part {
    pub(crate) fn new(ligand: Ligand) -> Self {
        let angles = angles(&ligand);
        Self::with_angles(ligand, angles)
    }

    /// For a ligand without positions whose angles are known from the one it was made of.
    pub(crate) fn with_angles(ligand: Ligand, angles: Vec<Option<f64>>) -> Self {
        let canonical = ligand.canonical();
        Self {
            key: canonical.key,
            donor_order: canonical.donor_orders.into_iter().next().unwrap_or_default(),
            charge: ligand.charge(),
            electrons: ligand.donors.iter().map(|donor| donated(donor.len())).sum(),
            fingerprint: Fingerprint::of(&ligand),
            angles,
            ligand,
        }
    }

    pub(crate) fn denticity(&self) -> usize {
        self.ligand.denticity()
    }

    pub(crate) fn atoms(&self) -> usize {
        self.ligand.graph.node_count()
    }

    /// Elements of the donors.
    pub(crate) fn donor_elements(&self) -> impl Iterator<Item = Element> + '_ {
        donor_elements(&self.ligand)
    }
}

/// Elements of the donors of a ligand.
pub(crate) fn donor_elements(ligand: &Ligand) -> impl Iterator<Item = Element> + '_ {
    ligand.donors.iter().flatten().map(|&atom| ligand.graph[NodeIndex::new(atom)].element)
}

/// Electrons that a donor of so many atoms gives (charges counted as drawn): a pair for a single atom
/// and for each pair of a haptic group; an odd group such as allyl or Cp is taken as an anion.
pub(crate) fn donated(atoms: usize) -> u32 {
    2 * atoms.div_ceil(2) as u32
}

/// Angles between the donors, from positions where they are known, otherwise from the size of the
/// chelate rings.
fn angles(ligand: &Ligand) -> Vec<Option<f64>> {
    let count = ligand.donors.len();
    let pairs = (0..count).flat_map(|i| (i + 1..count).map(move |j| (i, j)));
    let Some(positions) = &ligand.positions else {
        return pairs
            .map(|(i, j)| {
                let way = distance(ligand, &ligand.donors[i], &ligand.donors[j]);
                way.filter(|&bonds| bonds <= CHELATE).map(|_| BITE)
            })
            .collect();
    };
    let centre = |donor: &Vec<usize>| -> [f64; 3] {
        std::array::from_fn(|k| donor.iter().map(|&atom| positions[atom][k]).sum::<f64>())
    };
    let centres: Vec<[f64; 3]> = ligand.donors.iter().map(centre).collect();
    pairs
        .map(|(i, j)| {
            let dot = |a: &[f64; 3], b: &[f64; 3]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
            let (a, b) = (&centres[i], &centres[j]);
            let angle = (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).clamp(-1.0, 1.0).acos().to_degrees();
            angle.is_finite().then_some(angle)
        })
        .collect()
}

/// Fewest bonds between two groups of atoms.
pub(crate) fn distance(ligand: &Ligand, from: &[usize], to: &[usize]) -> Option<usize> {
    let mut steps = vec![None; ligand.graph.node_count()];
    let mut open = VecDeque::new();
    for &atom in from {
        steps[atom] = Some(0);
        open.push_back(atom);
    }
    while let Some(atom) = open.pop_front() {
        if to.contains(&atom) {
            return steps[atom];
        }
        for edge in ligand.graph.edges(NodeIndex::new(atom)) {
            let next = edge.target().index();
            if steps[next].is_none() {
                steps[next] = steps[atom].map(|n: usize| n + 1);
                open.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complexes::testing::ligand;

    #[test]
    fn chelate_rings_are_seen() {
        assert_eq!(Part::new(ligand("en")).angles, [Some(BITE)]);
        assert_eq!(Part::new(ligand("bipy")).angles, [Some(BITE)]);
        assert!(Part::new(ligand("NH3")).angles.is_empty());
        let mut shaped = ligand("en");
        let mut positions = vec![[1.0, 1.0, 1.0]; shaped.graph.node_count()];
        positions[shaped.donors[0][0]] = [2.0, 0.0, 0.0];
        positions[shaped.donors[1][0]] = [-2.0, 0.0, 0.0];
        shaped.positions = Some(positions);
        assert_eq!(Part::new(shaped).angles, [Some(180.0)]);
    }

    #[test]
    fn donors_give_pairs() {
        assert_eq!([1, 2, 3, 4, 5, 6].map(donated), [2, 2, 4, 4, 6, 6]);
    }
}
