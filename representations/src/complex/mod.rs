//! Transition-metal complexes: one metal, ligands on the sites of a coordination polyhedron.

mod arrangement;
mod bonds;
mod changes;
mod checked;
mod donors;
mod electrons;
mod error;
mod flaw;
mod geometry;
mod identity;
mod isomers;
mod perceive;
mod serial;
mod shape;
#[cfg(test)]
mod testing;
mod text;

pub use bonds::{Bond, BondKind};
pub use changes::{Changes, CompareError};
pub use checked::is_transition_metal;
pub use donors::{METAL_REACH, find_donors};
pub use error::ComplexError;
pub use flaw::{
    BOUND, BOUND_HAPTIC, Flaw, HYDROGENS, TOO_CLOSE, TOO_CLOSE_DONOR, validate, validate_distances,
};
pub use geometry::{Geometry, UnknownGeometry};
pub use isomers::{chelates_fit, isomers};
pub use perceive::{PerceiveError, Perceived, PerceivedLigand, perceive};
pub use shape::{ShapeFit, fit_shape, nearest_shape};
pub use text::ComplexTextError;

use serde::{Deserialize, Serialize};

use crate::element::Element;
use crate::ligand::Ligand;

/// A ligand in its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLigand {
    /// The ligand.
    pub ligand: Ligand,
    /// Site of each donor, in the order of [`Ligand::donors`].
    pub sites: Vec<usize>,
}

/// A mononuclear complex. Which ligand holds which sites is part of the design, so isomers
/// (cis and trans, fac and mer, Δ and Λ) are distinct.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "serial::Record")]
pub struct Complex {
    /// The metal.
    pub metal: Element,
    /// Oxidation state of the metal.
    pub oxidation_state: i32,
    /// Spin multiplicity 2S + 1.
    pub multiplicity: u32,
    /// Coordination polyhedron.
    pub geometry: Geometry,
    /// Ligands; together they take each site once.
    pub ligands: Vec<PlacedLigand>,
    /// Cartesian positions (Å): the metal first, then the atoms of the ligands in order; `None`
    /// while the complex is not built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positions: Option<Vec<[f64; 3]>>,
}
