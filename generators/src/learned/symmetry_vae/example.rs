//! Crystals in the order that places of the network stand for.

use druse_representations::{Crystal, Element};

use super::SymmetryVaeConfig;
use crate::learned::latent::in_order;
use crate::learned::symmetry::{CELL_TERMS, cell_terms, position_table, read};

/// A canonical symmetry code, elements from electropositive to electronegative, sites in order of their elements.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetryExample {
    /// Space group.
    pub group: u8,
    /// Elements.
    pub kinds: Vec<Element>,
    /// Occupied positions.
    pub sites: Vec<SiteExample>,
    /// Terms of the cell, see [`cell_terms`].
    pub cell: [f32; CELL_TERMS],
}

/// An occupied position.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteExample {
    /// Place of the element among the kinds.
    pub kind: usize,
    /// Place among the positions of the group.
    pub position: usize,
    /// Free parameters in [0, 1).
    pub free: Vec<f32>,
}

impl SymmetryExample {
    /// The code of a crystal in canonical order.
    ///
    /// # Errors
    /// For crystals without a consistent code, and those with more atoms, sites or elements than the model has places for.
    pub fn new(config: &SymmetryVaeConfig, crystal: &Crystal) -> Result<Self, String> {
        let code = read(crystal, config.atoms)?;
        let kinds: Vec<Element> =
            in_order(&code.composition()).into_iter().map(|(element, _)| element).collect();
        for (what, found, most) in
            [("sites", code.orbits.len(), config.sites), ("elements", kinds.len(), config.kinds)]
        {
            if found > most {
                return Err(format!("{found} {what}, the model has places for {most}"));
            }
        }
        let cell = cell_terms(&code).ok_or("the cell is impossible")?.map(|x| x as f32);
        let first = position_table().group(code.space_group).start;
        let site = |orbit: &druse_representations::symmetry::Orbit| {
            Some(SiteExample {
                kind: kinds.iter().position(|kind| *kind == orbit.element)?,
                position: position_table().find(code.space_group, orbit.letter)? - first,
                free: orbit.free.iter().map(|&x| x as f32).collect(),
            })
        };
        let sites: Option<Vec<SiteExample>> = code.orbits.iter().map(site).collect();
        let mut sites = sites.ok_or("an unknown Wyckoff letter")?;
        // Stable: sites of one element and position keep their canonical order.
        sites.sort_by_key(|site| (site.kind, site.position));
        Ok(Self { group: code.space_group, kinds, sites, cell })
    }
}
