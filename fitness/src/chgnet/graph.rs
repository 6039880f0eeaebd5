//! The graph of a crystal: bonds up to 6 Å, and pairs of bonds below 3 Å around each atom.
//!
//! Features of the network are invariant scalars, so that atoms, bonds and angles that a symmetry takes to each other carry the
//! same features in every layer. A graph therefore holds one of each orbit and says how many it stands for; without symmetry
//! every orbit is one.

use druse_representations::nalgebra::Vector3;
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, Neighbours};

use super::gated::BLOCK;
use super::orbits::{self, Edges};
use crate::kernels::Real;
use crate::potential::PotentialError;

/// Longest bond (Å).
pub const ATOM_CUTOFF: f64 = 6.0;
/// Bonds below this length (Å) form angles.
pub const ANGLE_CUTOFF: f64 = 3.0;
/// Elements 1..=94 are covered.
const LAST_ELEMENT: u8 = 94;

/// From one site to a copy of another.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Site at the beginning.
    pub first: u32,
    /// Site at the end.
    pub second: u32,
    /// `r_first - r_second` (Å), with the image's translation.
    pub vector: Vector3<f64>,
    /// Its unit vector, not rounded: forces of nearly straight angles magnify any error.
    pub direction: Vector3<f64>,
    /// Length (Å).
    pub length: f64,
}

/// A row of the messages between atoms.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Atom that receives.
    pub to: u32,
    /// Atom at the other end.
    pub from: u32,
    /// Bond between them.
    pub bond: u32,
    /// How many such messages each receiving atom gets.
    pub weight: f64,
}

/// Messages that are worked on together, and the bonds that they use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBlock {
    /// Rows of [`Graph::messages`], at most [`BLOCK`].
    pub rows: std::ops::Range<usize>,
    /// All of their bonds; no other block has one of them.
    pub bonds: std::ops::Range<usize>,
}

/// An unordered pair of arms around an atom.
#[derive(Clone, Copy, Debug)]
pub struct Angle {
    /// Indices of its arms.
    pub arms: [u32; 2],
}

/// A row of the messages between bonds.
#[derive(Clone, Copy, Debug)]
pub struct AngleMessage {
    /// The angle.
    pub angle: u32,
    /// Atom in the middle.
    pub centre: u32,
    /// Bond that receives.
    pub to: u32,
    /// Bond at the other side.
    pub from: u32,
    /// How many such messages each receiving bond gets.
    pub weight: f64,
}

/// Atoms, bonds and angles of one crystal, up to symmetry.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Atomic number of each atom.
    pub numbers: Vec<u8>,
    /// How many sites each atom stands for.
    pub multiplicities: Vec<f64>,
    /// The atom that stands for each site.
    pub atom_of_site: Vec<u32>,
    /// Undirected bonds, the short ones first.
    pub bonds: Vec<Edge>,
    /// How many bonds are shorter than [`ANGLE_CUTOFF`].
    pub short: usize,
    /// Messages between atoms, by bond.
    pub messages: Vec<Message>,
    /// The same in blocks.
    pub blocks: Vec<MessageBlock>,
    /// Short bonds as seen from the atoms, with the index of their bond.
    pub arms: Vec<(u32, Edge)>,
    /// Angles, by atom.
    pub angles: Vec<Angle>,
    /// Messages between bonds, by angle.
    pub angle_messages: Vec<AngleMessage>,
    /// Volume of the cell (Å^3).
    pub volume: f64,
}

impl Graph {
    /// The graph of a crystal, whatever its symmetry; see [`Self::up_to`].
    ///
    /// # Errors
    /// On disordered or unknown sites, impossible geometry, and atoms without a neighbour.
    #[cfg(any(test, feature = "torch"))]
    pub fn new<T: Real>(crystal: &Crystal) -> Result<Self, PotentialError> {
        Self::up_to::<T>(&CellSymmetry::trivial(crystal.sites.len()), crystal)
    }

    /// The graph of a crystal that has this symmetry, one of each orbit. Which bonds there are is decided in f64; their vectors and lengths are
    /// those of positions in `T`, rounded at every step as in the original: near the cut-off its
    /// envelope is rounding noise of the length (see [`radial`](super::basis::radial)), so the same
    /// forces need the same length to the last bit.
    ///
    /// # Errors
    /// On disordered or unknown sites, impossible geometry, and atoms without a neighbour.
    pub fn up_to<T: Real>(symmetry: &CellSymmetry, crystal: &Crystal) -> Result<Self, PotentialError> {
        let elements = crystal.elements()?;
        if elements.is_empty() {
            return Err(PotentialError::Empty);
        }
        if let Some(site) = elements.iter().position(|element| element.atomic_number() > LAST_ELEMENT) {
            let element = elements[site].symbol();
            return Err(PotentialError::UnknownElement {
                site,
                element,
                potential: "CHGNet",
                covered: "H to Pu",
            });
        }
        let (fractional, orbits) = (crystal.fractional(), symmetry.orbits());
        let centres = orbits.iter().map(|orbit| orbit.representative as usize);
        let list = Neighbours::around_points(&crystal.lattice, &fractional, ATOM_CUTOFF, centres.clone())?;
        if let Some(site) = centres.clone().find(|&site| list.around(site).is_empty()) {
            return Err(PotentialError::LoneAtom { site, cutoff: ATOM_CUTOFF });
        }
        let matrix = crystal.lattice.matrix();
        let cartesian = |f: [f64; 3]| -> [T; 3] {
            std::array::from_fn(|k| {
                let part = |row: usize| T::from_f64(f[row]) * T::from_f64(matrix[(row, k)]);
                part(0) + part(1) + part(2)
            })
        };
        let positions: Vec<[T; 3]> = fractional.iter().map(|&f| cartesian(f.into())).collect();
        let edge = |index: usize| {
            let (i, j) = (list.first[index] as usize, list.second[index] as usize);
            let translation = cartesian(list.image[index].map(f64::from));
            let v: [T; 3] = std::array::from_fn(|k| positions[i][k] - (positions[j][k] + translation[k]));
            let vector: Vector3<f64> = v.map(T::to_f64).into();
            Edge {
                first: i as u32,
                second: j as u32,
                vector,
                direction: vector.normalize(),
                length: (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().to_f64(),
            }
        };
        let mut graph = Self {
            numbers: centres.map(|site| elements[site].atomic_number()).collect(),
            multiplicities: orbits.iter().map(|orbit| f64::from(orbit.multiplicity)).collect(),
            atom_of_site: symmetry.orbit_of().to_vec(),
            volume: crystal.lattice.volume(),
            ..Self::default()
        };
        orbits::fill(&mut graph, &Edges::new(&list, symmetry), edge);
        graph.blocks = blocks(&graph.messages);
        Ok(graph)
    }
}

/// As many whole bonds as go into a block, again and again.
fn blocks(messages: &[Message]) -> Vec<MessageBlock> {
    let mut blocks: Vec<MessageBlock> = Vec::new();
    let mut start = 0;
    for of_bond in messages.chunk_by(|one, next| one.bond == next.bond) {
        let (bond, end) = (of_bond[0].bond as usize, start + of_bond.len());
        match blocks.last_mut().filter(|block| end - block.rows.start <= BLOCK) {
            Some(block) => {
                *block = MessageBlock { rows: block.rows.start..end, bonds: block.bonds.start..bond + 1 }
            }
            None => blocks.push(MessageBlock { rows: start..end, bonds: bond..bond + 1 }),
        }
        start = end;
    }
    blocks
}
