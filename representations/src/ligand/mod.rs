//! Ligands: molecular graphs that know which of their atoms bind to the metal.

mod canonical;
mod charges;
mod checked;
mod error;
mod fingerprint;
mod kekule;
mod serial;
mod smiles;
#[cfg(test)]
mod testing;
mod topology;
mod valence;

pub use canonical::CanonicalLigand;
pub use charges::assign_formal_charges;
pub use error::LigandError;
pub use fingerprint::{FINGERPRINT_VERSION, Fingerprint, similarity};
pub use serial::UnknownBondOrder;
pub use smiles::SmilesError;
pub use valence::{ValenceError, valences};

use petgraph::graph::{NodeIndex, UnGraph};
use serde::{Deserialize, Serialize};

use crate::composition::Composition;
use crate::element::Element;

/// An atom of a ligand. Hydrogens are atoms of the graph like all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom {
    /// Element.
    pub element: Element,
    /// Formal charge as drawn; the sum over the atoms is the charge of the ligand.
    pub formal_charge: i8,
}

/// Order of a covalent bond inside a ligand; a number in files, see [`BondOrder::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum BondOrder {
    /// One pair of electrons.
    Single,
    /// Two pairs.
    Double,
    /// Three pairs.
    Triple,
    /// Delocalised.
    Aromatic,
    /// Atoms are bonded, the order is not known.
    Unknown,
}

/// A ligand: the molecular graph (metal left out), the donors, and, where known, a shape.
///
/// One *donor* takes one site of the coordination polyhedron. It is one atom (kappa) or a group of
/// neighbouring atoms that bind face on (eta: alkenes, Cp, arenes).
#[derive(Clone, Debug)]
pub struct Ligand {
    /// Name for people, for instance `PPh3` or a library id; no part of the identity.
    pub name: String,
    /// All atoms, hydrogens included, and their bonds.
    pub graph: UnGraph<Atom, BondOrder>,
    /// Donors in order; each is a list of node indices in ascending order, more than one when haptic.
    pub donors: Vec<Vec<usize>>,
    /// Cartesian positions (Å) of the atoms in the order of the nodes, with the metal at the
    /// origin; `None` while only the graph is known.
    pub positions: Option<Vec<[f64; 3]>>,
}

impl Ligand {
    /// Number of sites that this ligand takes.
    pub fn denticity(&self) -> usize {
        self.donors.len()
    }

    /// Charge of the free ligand: the sum of its formal charges.
    pub fn charge(&self) -> i32 {
        self.graph.node_weights().map(|atom| i32::from(atom.formal_charge)).sum()
    }

    /// Atoms of each element.
    pub fn composition(&self) -> Composition {
        self.graph.node_weights().map(|atom| (atom.element, 1.0)).collect()
    }

    /// Elements in the order of the nodes.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        self.graph.node_weights().map(|atom| atom.element)
    }

    /// Element of each donor, of a haptic one its lightest, which does not depend on the order of the atoms.
    pub fn site_elements(&self) -> Vec<Element> {
        let element = |&atom: &usize| self.graph.node_weight(NodeIndex::new(atom)).map(|atom| atom.element);
        self.donors.iter().filter_map(|donor| donor.iter().filter_map(element).min()).collect()
    }

    /// Whether any donor is a group of atoms.
    pub fn is_haptic(&self) -> bool {
        self.donors.iter().any(|donor| donor.len() > 1)
    }
}
