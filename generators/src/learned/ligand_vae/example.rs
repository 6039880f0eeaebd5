//! A ligand as the model sees it.

use druse_representations::Ligand;
use druse_representations::ligand::BondOrder;

use super::LigandVaeConfig;
use super::growth::Step;
use super::read::read;

/// A ligand as the model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct LigandExample {
    /// How it grows.
    pub steps: Vec<Step>,
    /// Number of donors and atomic numbers of their elements: what training is balanced over.
    pub keys: Vec<u32>,
}

impl LigandExample {
    /// Takes a ligand apart.
    ///
    /// # Errors
    /// When the model has no pieces for it, or it is no whole molecule.
    pub fn new(config: &LigandVaeConfig, ligand: &Ligand) -> Result<Self, String> {
        usable(ligand)?;
        let steps = read(ligand, &config.vocabulary)?;
        if steps.len() > config.steps {
            return Err(format!("more than {} pieces", config.steps));
        }
        let elements: Vec<u32> = ligand.elements().map(|e| u32::from(e.atomic_number())).collect();
        let mut keys: Vec<u32> = ligand.donors.iter().flatten().map(|&atom| elements[atom]).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.push(1000 + ligand.denticity() as u32);
        Ok(Self { steps, keys })
    }
}

/// Whether something can be learnt from a ligand: its bonds are known, and its valences possible.
pub(super) fn usable(ligand: &Ligand) -> Result<(), String> {
    if ligand.graph.edge_weights().any(|order| *order == BondOrder::Unknown) {
        return Err("bonds of unknown order".to_owned());
    }
    ligand.check_valence().map_err(|_| "an impossible valence".to_owned())
}
