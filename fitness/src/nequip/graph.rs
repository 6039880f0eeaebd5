//! The graph of a crystal: what surrounds one site of each orbit.

use std::collections::HashMap;

use druse_representations::nalgebra::{DMatrix, Matrix3, Vector3};
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, Neighbours};

use super::harmonics::{COMPONENTS, LMAX, harmonics, turning};
use crate::potential::PotentialError;

/// From a site that stands for its orbit to a copy of another site.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Index of the orbit in the middle.
    pub centre: usize,
    /// Index of the site at the end.
    pub source: usize,
    /// Index of its length in [`Graph::lengths`].
    pub length: usize,
    /// From the middle to the end (Å).
    pub vector: Vector3<f64>,
    /// Harmonics of its direction.
    pub harmonics: [f64; COMPONENTS],
    /// Their gradients with respect to the vector.
    pub slopes: [Vector3<f64>; COMPONENTS],
}

/// Orbits of sites and the edges around one site of each.
///
/// Features of sites of one orbit are turned copies of each other. So messages are computed around one site of each orbit, and
/// what the others send is turned from what the one sends.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Atomic number of each orbit.
    pub numbers: Vec<u8>,
    /// Sites of each orbit.
    pub multiplicities: Vec<f64>,
    /// The site that stands for each orbit.
    pub representatives: Vec<usize>,
    /// The orbit of each site.
    pub orbit_of: Vec<usize>,
    /// For each site, the matrices of each order that take its features to those of the site that stands for its orbit; `None`
    /// where it is that site, or a copy of it that is not turned.
    pub turns: Vec<Option<[DMatrix<f64>; LMAX + 1]>>,
    /// Edges, by orbit.
    pub edges: Vec<Edge>,
    /// Different lengths of edges (Å).
    pub lengths: Vec<f64>,
    /// Volume of the cell (Å^3).
    pub volume: f64,
}

impl Graph {
    /// The graph of a crystal that has this symmetry, edges up to `cutoff` (Å).
    ///
    /// # Errors
    /// On disordered sites, impossible geometry, and atoms without a neighbour.
    pub fn new(crystal: &Crystal, symmetry: &CellSymmetry, cutoff: f64) -> Result<Self, PotentialError> {
        let elements = crystal.elements()?;
        if elements.is_empty() {
            return Err(PotentialError::Empty);
        }
        let positions = crystal.fractional();
        let orbits = symmetry.orbits();
        let representatives: Vec<usize> = orbits.iter().map(|orbit| orbit.representative as usize).collect();
        let list =
            Neighbours::around_points(&crystal.lattice, &positions, cutoff, representatives.iter().copied())?;
        if let Some(&site) = representatives.iter().find(|&&site| list.around(site).is_empty()) {
            return Err(PotentialError::LoneAtom { site, cutoff });
        }
        let rotations = symmetry.cartesian_rotations(&crystal.lattice);
        let mut known_turns = HashMap::new();
        let turn = |site: usize| {
            let operation = symmetry.to_representative(site);
            let turned = symmetry.operations()[operation].rotation != Matrix3::identity();
            turned.then(|| {
                known_turns.entry(operation).or_insert_with(|| turning(&rotations[operation])).clone()
            })
        };
        let mut graph = Self {
            numbers: representatives.iter().map(|&site| elements[site].atomic_number()).collect(),
            multiplicities: orbits.iter().map(|orbit| f64::from(orbit.multiplicity)).collect(),
            orbit_of: symmetry.orbit_of().iter().map(|&orbit| orbit as usize).collect(),
            turns: (0..positions.len()).map(turn).collect(),
            volume: crystal.lattice.volume(),
            ..Self::default()
        };
        // Radial functions take f32, so lengths that are equal in it are one.
        let mut known: HashMap<u32, usize> = HashMap::new();
        for (centre, &site) in representatives.iter().enumerate() {
            for index in list.around(site) {
                let source = list.second[index] as usize;
                let shift = Vector3::from(list.image[index].map(f64::from));
                let vector = crystal.lattice.to_cartesian(&(positions[source] + shift - positions[site]));
                let length = vector.norm();
                let next = graph.lengths.len();
                let place = *known.entry((length as f32).to_bits()).or_insert(next);
                if place == next {
                    graph.lengths.push(length);
                }
                let (harmonics, slopes) = harmonics(&vector);
                graph.edges.push(Edge { centre, source, length: place, vector, harmonics, slopes });
            }
        }
        graph.representatives = representatives;
        Ok(graph)
    }
}
