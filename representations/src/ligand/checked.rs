//! Ligands that are checked when they are made.

use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use super::error::LigandError;
use super::{Atom, BondOrder, Ligand};

impl Ligand {
    /// A ligand without a shape. The atoms of each donor are put into ascending order; the donors
    /// keep theirs.
    ///
    /// # Errors
    /// When the graph is no connected simple graph, or the donors are not disjoint groups of
    /// neighbouring atoms of it.
    pub fn new(
        name: impl Into<String>,
        graph: UnGraph<Atom, BondOrder>,
        mut donors: Vec<Vec<usize>>,
    ) -> Result<Self, LigandError> {
        for donor in &mut donors {
            donor.sort_unstable();
        }
        let ligand = Self { name: name.into(), graph, donors, positions: None };
        ligand.check()?;
        Ok(ligand)
    }

    /// The same ligand with these positions (Å, the metal at the origin).
    ///
    /// # Errors
    /// When there is not one finite position for each atom.
    pub fn with_positions(mut self, positions: Vec<[f64; 3]>) -> Result<Self, LigandError> {
        self.positions = Some(positions);
        self.check_positions()?;
        Ok(self)
    }

    /// Whether this is a ligand: a connected simple graph, donors that are disjoint groups of
    /// neighbouring atoms, and a finite position for each atom if there are positions.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), LigandError> {
        self.check_graph()?;
        self.check_donors()?;
        self.check_positions()
    }

    fn check_graph(&self) -> Result<(), LigandError> {
        let atoms = self.graph.node_count();
        if atoms == 0 {
            return Err(LigandError::NoAtom);
        }
        let mut bonds: Vec<(usize, usize)> = Vec::with_capacity(self.graph.edge_count());
        for edge in self.graph.edge_references() {
            let (from, to) = (edge.source().index(), edge.target().index());
            if from == to {
                return Err(LigandError::SelfBond { atom: from });
            }
            bonds.push((from.min(to), from.max(to)));
        }
        bonds.sort_unstable();
        if let Some(pair) = bonds.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(LigandError::RepeatedBond { from: pair[0].0, to: pair[0].1 });
        }
        let within: Vec<usize> = (0..atoms).collect();
        let part = self.part_of(0, &within);
        if let Some(atom) = (0..atoms).find(|atom| !part[*atom]) {
            let count = petgraph::algo::connected_components(&self.graph);
            return Err(LigandError::Disconnected { count, atom });
        }
        Ok(())
    }

    fn check_donors(&self) -> Result<(), LigandError> {
        if self.donors.is_empty() {
            return Err(LigandError::NoDonor);
        }
        let atoms = self.graph.node_count();
        let mut owner: Vec<Option<usize>> = vec![None; atoms];
        for (donor, members) in self.donors.iter().enumerate() {
            let Some(&start) = members.first() else {
                return Err(LigandError::EmptyDonor { donor });
            };
            for &atom in members {
                let slot = owner.get_mut(atom).ok_or(LigandError::DonorOutOfRange {
                    donor,
                    atom,
                    last: atoms - 1,
                })?;
                if let Some(first) = slot.replace(donor) {
                    return Err(LigandError::RepeatedDonorAtom { atom, first, second: donor });
                }
            }
            let part = self.part_of(start, members);
            if members.iter().any(|&atom| !part[atom]) {
                return Err(LigandError::ScatteredDonor { donor, atoms: members.clone() });
            }
        }
        Ok(())
    }

    fn check_positions(&self) -> Result<(), LigandError> {
        let Some(positions) = &self.positions else { return Ok(()) };
        let expected = self.graph.node_count();
        if positions.len() != expected {
            return Err(LigandError::PositionCount { found: positions.len(), expected });
        }
        match positions.iter().position(|point| point.iter().any(|x| !x.is_finite())) {
            Some(atom) => Err(LigandError::PositionNotFinite { atom }),
            None => Ok(()),
        }
    }

    /// Which atoms can be reached from `start` by bonds between the atoms `within`.
    fn part_of(&self, start: usize, within: &[usize]) -> Vec<bool> {
        let mut allowed = vec![false; self.graph.node_count()];
        for &atom in within {
            allowed[atom] = true;
        }
        let mut reached = vec![false; allowed.len()];
        reached[start] = true;
        let mut open = vec![start];
        while let Some(atom) = open.pop() {
            for next in self.graph.neighbors(NodeIndex::new(atom)).map(NodeIndex::index) {
                if allowed[next] && !reached[next] {
                    reached[next] = true;
                    open.push(next);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{element, graph};
    use super::*;

    fn ethylenediamine() -> UnGraph<Atom, BondOrder> {
        graph("N C C N", &[(0, 1), (1, 2), (2, 3)])
    }

    #[test]
    fn donors_are_sorted_inside_but_not_among_each_other() {
        let ligand =
            Ligand::new("", graph("C C C C", &[(0, 1), (1, 2), (2, 3)]), vec![vec![3, 2], vec![1, 0]]);
        assert_eq!(ligand.unwrap().donors, [vec![2, 3], vec![0, 1]]);
    }

    #[test]
    fn what_is_no_ligand_is_refused_with_the_reason() {
        let refuse = |graph: UnGraph<Atom, BondOrder>, donors: Vec<Vec<usize>>| {
            Ligand::new("x", graph, donors).unwrap_err()
        };
        let en = ethylenediamine;
        assert_eq!(refuse(UnGraph::default(), vec![vec![0]]), LigandError::NoAtom);
        assert_eq!(refuse(en(), vec![]), LigandError::NoDonor);
        assert_eq!(refuse(en(), vec![vec![0], vec![]]), LigandError::EmptyDonor { donor: 1 });
        assert_eq!(refuse(en(), vec![vec![4]]), LigandError::DonorOutOfRange { donor: 0, atom: 4, last: 3 });
        assert_eq!(
            refuse(en(), vec![vec![0], vec![0, 1]]),
            LigandError::RepeatedDonorAtom { atom: 0, first: 0, second: 1 }
        );
        assert_eq!(
            refuse(en(), vec![vec![3, 0]]),
            LigandError::ScatteredDonor { donor: 0, atoms: vec![0, 3] }
        );
        assert_eq!(
            refuse(graph("N C N", &[(0, 1)]), vec![vec![0]]),
            LigandError::Disconnected { count: 2, atom: 2 }
        );
        assert_eq!(
            refuse(graph("N C", &[(0, 1), (1, 0)]), vec![vec![0]]),
            LigandError::RepeatedBond { from: 0, to: 1 }
        );
        assert_eq!(refuse(graph("N C", &[(0, 1), (1, 1)]), vec![vec![0]]), LigandError::SelfBond { atom: 1 });
    }

    #[test]
    fn positions_must_fit() {
        let mut chloride = UnGraph::default();
        chloride.add_node(Atom { element: element("Cl"), formal_charge: -1 });
        let chloride = Ligand::new("chloride", chloride, vec![vec![0]]).unwrap();
        assert_eq!(
            chloride.clone().with_positions(vec![]).unwrap_err(),
            LigandError::PositionCount { found: 0, expected: 1 }
        );
        assert_eq!(
            chloride.clone().with_positions(vec![[0.0, f64::NAN, 0.0]]).unwrap_err(),
            LigandError::PositionNotFinite { atom: 0 }
        );
        assert!(chloride.with_positions(vec![[0.0, 0.0, 2.3]]).is_ok());
    }
}
