//! Which edges and angles a symmetry takes to each other.

use druse_representations::Neighbours;
use druse_representations::nalgebra::Vector3;
use druse_representations::symmetry::CellSymmetry;

use super::graph::{ANGLE_CUTOFF, Angle, AngleMessage, Edge, Graph, Message};

/// Directed edges around the representative of an orbit of sites that its site symmetry takes to each other.
struct EdgeOrbit {
    /// Index of the first of them.
    edge: usize,
    /// How many there are around one site.
    size: usize,
    /// The orbit of the edges' reverses; `None` where they are beyond the cut-off by rounding.
    reverse: Option<usize>,
}

/// Directed edges around representatives of sites, by orbit.
pub(super) struct Edges<'a> {
    list: &'a Neighbours,
    symmetry: &'a CellSymmetry,
    orbits: Vec<EdgeOrbit>,
    /// Index of the orbit of each edge.
    orbit_of: Vec<usize>,
}

impl<'a> Edges<'a> {
    /// `list` holds the edges around all representatives, in order.
    pub(super) fn new(list: &'a Neighbours, symmetry: &'a CellSymmetry) -> Self {
        const NONE: usize = usize::MAX;
        let mut edges = Self { list, symmetry, orbits: Vec::new(), orbit_of: vec![NONE; list.len()] };
        for orbit in symmetry.orbits() {
            for edge in list.around(orbit.representative as usize) {
                if edges.orbit_of[edge] != NONE {
                    continue;
                }
                let number = edges.orbits.len();
                edges.orbit_of[edge] = number;
                let mut size = 1;
                for &operation in orbit.stabiliser.iter().filter(|_| orbit.stabiliser.len() > 1) {
                    // An image beyond the cut-off by rounding carries no weight.
                    let image = edges.image(edge, operation as usize);
                    if let Some(image) = image.filter(|&image| edges.orbit_of[image] == NONE) {
                        edges.orbit_of[image] = number;
                        size += 1;
                    }
                }
                edges.orbits.push(EdgeOrbit { edge, size, reverse: None });
            }
        }
        for number in 0..edges.orbits.len() {
            edges.orbits[number].reverse = edges.reverse(edges.orbits[number].edge);
        }
        edges
    }

    fn ends(&self, edge: usize) -> [usize; 2] {
        [self.list.first[edge] as usize, self.list.second[edge] as usize]
    }

    /// Index of the edge from a representative to a copy of a site.
    fn find(&self, first: usize, second: u32, image: [i32; 3]) -> Option<usize> {
        let range = self.list.around(first);
        let seconds = &self.list.second[range.clone()];
        let start = range.start + seconds.partition_point(|&other| other < second);
        let end = range.start + seconds.partition_point(|&other| other <= second);
        self.list.image[start..end].binary_search(&image).ok().map(|place| start + place)
    }

    /// Where an operation takes the edge from `i` to the copy `n` of `j`, if that is around a representative.
    fn moved(&self, i: usize, j: usize, n: [i32; 3], operation: usize) -> Option<usize> {
        let [to_i, to_j] = [i, j].map(|site| self.symmetry.image(operation, site));
        let rotation = &self.symmetry.operations()[operation].rotation;
        let n = rotation * Vector3::from(n);
        let image = std::array::from_fn(|k| n[k] + to_j.shift[k] - to_i.shift[k]);
        self.find(to_i.site as usize, to_j.site, image)
    }

    fn image(&self, edge: usize, operation: usize) -> Option<usize> {
        let [i, j] = self.ends(edge);
        self.moved(i, j, self.list.image[edge], operation)
    }

    /// The orbit of an edge's reverse.
    fn reverse(&self, edge: usize) -> Option<usize> {
        let [i, j] = self.ends(edge);
        let back = self.list.image[edge].map(|x| -x);
        let found = self.moved(j, i, back, self.symmetry.to_representative(j))?;
        Some(self.orbit_of[found])
    }

    /// Pairs of orbits that are each other's reverse, the representative first; one orbit twice where edges are equivalent to
    /// their reverses. Without symmetry the representative leads to a later site, or to an upper copy of the same one.
    fn bonds(&self) -> impl Iterator<Item = [usize; 2]> + '_ {
        let rank = |orbit: usize| {
            let edge = self.orbits[orbit].edge;
            let [i, j] = self.ends(edge);
            (i > j || (i == j && self.list.image[edge] < [0; 3]), orbit)
        };
        (0..self.orbits.len()).filter_map(move |orbit| {
            let reverse = self.orbits[orbit].reverse?;
            let mutual = self.orbits[reverse].reverse == Some(orbit);
            (mutual && rank(orbit) <= rank(reverse)).then_some([orbit, reverse])
        })
    }
}

/// Puts bonds, arms, angles and messages into a graph that has its atoms. `geometry` gives the vector of an edge of the list.
pub(super) fn fill(graph: &mut Graph, edges: &Edges<'_>, geometry: impl Fn(usize) -> Edge) {
    let edge_of = |pair: &[usize; 2]| edges.orbits[pair[0]].edge;
    let is_short = |pair: &[usize; 2]| edges.list.distance[edge_of(pair)] < ANGLE_CUTOFF;
    let (mut pairs, long): (Vec<_>, Vec<_>) = edges.bonds().partition(is_short);
    graph.short = pairs.len();
    pairs.extend(long);
    let mut bond_of = vec![None; edges.orbits.len()];
    // How many bonds of the cell each one stands for.
    let mut counts = Vec::with_capacity(pairs.len());
    for (bond, &[orbit, reverse]) in pairs.iter().enumerate() {
        bond_of[orbit] = Some(bond as u32);
        bond_of[reverse] = Some(bond as u32);
        let edge = geometry(edges.orbits[orbit].edge);
        let [atom, other] = [edge.first, edge.second].map(|site| graph.atom_of_site[site as usize]);
        graph.bonds.push(edge);
        let message = |to, from, orbit: usize| Message {
            to,
            from,
            bond: bond as u32,
            weight: edges.orbits[orbit].size as f64,
        };
        graph.messages.push(message(atom, other, orbit));
        let mut count = graph.multiplicities[atom as usize] * edges.orbits[orbit].size as f64;
        if orbit == reverse {
            count /= 2.0;
        } else {
            graph.messages.push(message(other, atom, reverse));
        }
        counts.push(count);
    }
    for atom in 0..graph.numbers.len() {
        angles_around(atom, graph, edges, &bond_of, &counts, &pairs, &geometry);
    }
}

/// Arms, angles and their messages around one atom.
fn angles_around(
    atom: usize,
    graph: &mut Graph,
    edges: &Edges<'_>,
    bond_of: &[Option<u32>],
    counts: &[f64],
    pairs: &[[usize; 2]],
    geometry: &impl Fn(usize) -> Edge,
) {
    let orbit = &edges.symmetry.orbits()[atom];
    let short = graph.short as u32;
    let around = edges.list.around(orbit.representative as usize);
    let mut arms: Vec<(u32, bool, usize)> = around
        .filter_map(|edge| {
            let bond = bond_of[edges.orbit_of[edge]].filter(|&bond| bond < short)?;
            let representative = edges.orbits[pairs[bond as usize][0]].edge;
            Some((bond, edge != representative, edge))
        })
        .collect();
    arms.sort_unstable();
    let first = graph.arms.len() as u32;
    for &(bond, _, edge) in &arms {
        graph
            .arms
            .push((bond, arm(&graph.bonds[bond as usize], pairs[bond as usize], edge, edges, geometry)));
    }
    // Where each operation takes each arm.
    let images: Vec<Vec<Option<usize>>> = orbit
        .stabiliser
        .iter()
        .filter(|_| orbit.stabiliser.len() > 1)
        .map(|&operation| {
            let image = |&(_, _, edge): &(u32, bool, usize)| {
                let image = edges.image(edge, operation as usize)?;
                arms.iter().position(|&(_, _, edge)| edge == image)
            };
            arms.iter().map(image).collect()
        })
        .collect();
    let mut seen = vec![false; if images.is_empty() { 0 } else { arms.len() * arms.len() }];
    for x in 0..arms.len() {
        for y in x + 1..arms.len() {
            let (mut size, mut swapped) = (1.0, false);
            if !images.is_empty() {
                if std::mem::replace(&mut seen[x * arms.len() + y], true) {
                    continue;
                }
                for images in &images {
                    let (Some(to_x), Some(to_y)) = (images[x], images[y]) else { continue };
                    swapped |= (to_x, to_y) == (y, x);
                    if !std::mem::replace(&mut seen[to_x.min(to_y) * arms.len() + to_x.max(to_y)], true) {
                        size += 1.0;
                    }
                }
            }
            let angle = graph.angles.len() as u32;
            let centre = atom as u32;
            graph.angles.push(Angle { arms: [first + x as u32, first + y as u32] });
            let count = graph.multiplicities[atom] * size * if swapped { 2.0 } else { 1.0 };
            let (u, v) = (arms[x].0, arms[y].0);
            let message =
                |to: u32, from| AngleMessage { angle, centre, to, from, weight: count / counts[to as usize] };
            graph.angle_messages.push(message(u, v));
            if !swapped {
                graph.angle_messages.push(message(v, u));
            }
        }
    }
}

/// The geometry of an arm: bit-equal to that of its bond, or the opposite, where it is that bond.
fn arm(
    bond: &Edge,
    pair: [usize; 2],
    edge: usize,
    edges: &Edges<'_>,
    geometry: &impl Fn(usize) -> Edge,
) -> Edge {
    let representative = edges.orbits[pair[0]].edge;
    if edge == representative {
        return *bond;
    }
    let [i, j] = edges.ends(edge);
    if [j, i] == edges.ends(representative)
        && edges.list.image[edge] == edges.list.image[representative].map(|x| -x)
    {
        return Edge {
            first: bond.second,
            second: bond.first,
            vector: -bond.vector,
            direction: -bond.direction,
            length: bond.length,
        };
    }
    geometry(edge)
}

#[cfg(test)]
mod tests {
    use druse_representations::nalgebra::Matrix3;
    use druse_representations::supercell::supercell;
    use druse_representations::symmetry::{CrystalSystem, Orbit};
    use druse_representations::{Crystal, SymmetryCode, min_distance, wyckoff};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::chgnet::network::Workspace;
    use crate::chgnet::parameters::Parameters;
    use crate::chgnet::tests::parameters_f64;
    use crate::potential::Want;

    /// Most sites of a primitive cell.
    const SITES: usize = 32;

    /// A random crystal of a space group: one or more of its positions, atoms more than 1.2 Å apart.
    fn random_crystal(number: u8, rng: &mut ChaCha8Rng) -> Crystal {
        let all = wyckoff::positions(number);
        loop {
            let (mut orbits, mut sites, mut all_sites): (Vec<Orbit>, _, _) = (Vec::new(), 0, 0);
            for symbol in ["Na", "Ti", "O", "O"] {
                let position = &all[rng.random_range(0..all.len())];
                let used = orbits.iter().any(|orbit| orbit.letter == position.letter());
                let fixed = position.degrees_of_freedom() == 0;
                if sites + position.primitive_multiplicity() > SITES || (used && fixed) {
                    continue;
                }
                sites += position.primitive_multiplicity();
                all_sites += position.multiplicity();
                let free = (0..position.degrees_of_freedom()).map(|_| rng.random_range(0.0..1.0)).collect();
                orbits.push(Orbit { element: symbol.parse().unwrap(), letter: position.letter(), free });
            }
            let edge = (rng.random_range(10.0..25.0) * all_sites as f64).cbrt();
            let longer = [1.0, 1.1, 0.93].map(|factor| edge * factor);
            let cell = [longer[0], longer[1], longer[2], 94.0, 101.0, 109.0];
            let cell = CrystalSystem::of(number).unwrap().constrain(cell);
            let crystal = SymmetryCode { space_group: number, cell, orbits }.to_primitive();
            if let Ok(crystal) = crystal
                && min_distance(&crystal)
                    .is_ok_and(|distance| distance.is_some_and(|distance| distance > 1.2))
            {
                return crystal;
            }
        }
    }

    /// Compares both paths in f64 and returns how many rows each needs.
    fn compare(parameters: &Parameters<f64>, crystal: &Crystal, name: &str) -> [usize; 2] {
        let (crystal, symmetry) = CellSymmetry::find(crystal, 1e-4);
        let predict = |graph: &Graph| {
            let outcome = parameters.evaluate(graph, true, true, &mut Workspace::default());
            outcome.prediction(graph.volume, Want::ALL).unwrap()
        };
        let (Ok(plain), Ok(reduced)) =
            (Graph::new::<f64>(&crystal), Graph::up_to::<f64>(&symmetry, &crystal))
        else {
            panic!("{name}: an atom is alone")
        };
        let rows = [&plain, &reduced].map(|graph| graph.messages.len() + graph.angle_messages.len());
        let (plain, mut reduced) = (predict(&plain), predict(&reduced));
        reduced.symmetrise(&crystal, &symmetry);
        let flat = |prediction: &crate::Prediction| -> Vec<f64> {
            let forces = prediction.forces.iter().flatten().flatten();
            let stress = prediction.stress.iter().flatten().flatten();
            let moments = prediction.magmoms.iter().flatten();
            forces.chain(stress).chain(moments).chain([&prediction.energy]).copied().collect()
        };
        let (plain, reduced) = (flat(&plain), flat(&reduced));
        let largest = plain.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
        for (x, y) in plain.iter().zip(&reduced) {
            assert!((x - y).abs() < 1e-7 * largest, "{name}: {x} and {y}");
        }
        rows
    }

    #[test]
    fn one_of_each_orbit_is_enough_in_every_space_group() {
        let Some(parameters) = parameters_f64() else { return };
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut rows = [0; 2];
        for number in 1..=230 {
            let crystal = random_crystal(number, &mut rng);
            let found = compare(&parameters, &crystal, &format!("space group {number}"));
            rows = [rows[0] + found[0], rows[1] + found[1]];
        }
        println!("{} rows became {}", rows[0], rows[1]);
        assert!(3 * rows[1] < rows[0]);
    }

    #[test]
    fn copies_of_a_cell_are_one_orbit() {
        let Some(parameters) = parameters_f64() else { return };
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for number in [1, 2, 15, 62, 136, 166, 194, 225] {
            let crystal = random_crystal(number, &mut rng);
            let doubled = supercell(&crystal, &Matrix3::from_diagonal(&Vector3::new(2, 1, 1))).unwrap();
            let [plain, reduced] = compare(&parameters, &doubled, &format!("two cells of {number}"));
            assert!(2 * reduced <= plain, "{number}: {plain} rows became {reduced}");
        }
    }
}
