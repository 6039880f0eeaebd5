//! Structures as the model learns from them.

use druse_representations::io::Record;

use super::Config;
use super::state::{KnownCell, SiteState, State};
use crate::learned::symmetry::{Placement, cell_terms, position_table, read};

/// A structure as the model learns from it: everything is known.
#[derive(Debug)]
pub struct Example {
    pub(super) state: State,
}

impl Example {
    /// Reads the symmetry of a structure.
    ///
    /// # Errors
    /// For disordered and oversized structures and such as have no consistent symmetry.
    pub fn new(config: &Config, record: &Record) -> Result<Self, String> {
        let code = read(&record.crystal, config.most_atoms)?;
        if code.orbits.len() > config.most_sites {
            return Err(format!(
                "{} occupied Wyckoff positions, at most {} are taken",
                code.orbits.len(),
                config.most_sites
            ));
        }
        let terms = cell_terms(&code).ok_or("the cell is impossible")?;
        let placement = Placement::new(code.space_group, code.cell).ok_or("the cell is impossible")?;
        let sites: Option<Vec<SiteState>> = code
            .orbits
            .iter()
            .map(|orbit| {
                let position = position_table().find(code.space_group, orbit.letter)?;
                Some(SiteState { position, element: Some(orbit.element), free: Some(orbit.free.clone()) })
            })
            .collect();
        let sites = sites.ok_or("an unknown Wyckoff letter")?;
        let cell = Some(KnownCell { cell: code.cell, terms, placement });
        Ok(Self { state: State { group: code.space_group, total: sites.len(), sites, cell } })
    }
}
