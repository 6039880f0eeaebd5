//! What complexes pass on: metal, oxidation state, spin, polyhedron, and ligands on their sites.

use druse_representations::{Element, Geometry, Ligand};
use serde::{Deserialize, Serialize};

use super::part::Part;

/// A ligand as a gene.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LigandGene {
    /// One of the pool, by number.
    Pool(usize),
    /// One that evolved.
    Evolved(Box<EvolvedLigand>),
}

/// A ligand that is not in the pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EvolvedLigand {
    pub(crate) ligand: Ligand,
    /// Angles (degrees) between the donors, inherited from the ligand it was made of.
    pub(crate) angles: Vec<Option<f64>>,
}

impl LigandGene {
    pub(crate) fn evolved(part: &Part) -> Self {
        let (ligand, angles) = (part.ligand.clone(), part.angles.clone());
        Self::Evolved(Box::new(EvolvedLigand { ligand, angles }))
    }
}

/// A complex as genes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComplexGenome {
    pub(crate) metal: Element,
    pub(crate) oxidation_state: i32,
    /// Matters where the multiplicity is free.
    pub(crate) multiplicity: u32,
    pub(crate) geometry: Geometry,
    /// Ligands with the site of each donor.
    pub(crate) ligands: Vec<(LigandGene, Vec<usize>)>,
}
