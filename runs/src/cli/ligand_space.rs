//! Flags that say which ligands are asked for.

use crate::generators::LigandSpace;
use crate::representations::Element;
use clap::Args;

use super::values::{YesNo, element, range};

/// What is asked of ligands.
#[derive(Args)]
#[command(next_help_heading = "Ligands that are asked for")]
pub struct LigandArguments {
    /// Number of sites, or a range
    #[arg(long, value_name = "N..M", value_parser = range)]
    denticity: Option<[usize; 2]>,
    /// Element of each site, in any order, such as N,N
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    donors: Vec<Element>,
    /// Allowed elements of donors
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = element)]
    donor_elements: Vec<Element>,
    /// Allowed charges
    #[arg(long, value_name = "Q,...", value_delimiter = ',', allow_hyphen_values = true)]
    charge: Vec<i32>,
    /// Atoms without hydrogens
    #[arg(long, value_name = "N..M", value_parser = range)]
    heavy_atoms: Option<[usize; 2]>,
    /// Whether donors have to be, or must not be, groups of atoms
    #[arg(long, value_name = "YES|NO", value_enum)]
    haptic: Option<YesNo>,
}

impl LigandArguments {
    /// What is asked for.
    pub fn space(&self) -> LigandSpace {
        LigandSpace {
            denticity: self.denticity,
            donors: self.donors.clone(),
            donor_elements: self.donor_elements.clone(),
            charges: self.charge.clone(),
            heavy_atoms: self.heavy_atoms,
            haptic: self.haptic.map(|haptic| haptic == YesNo::Yes),
            ..LigandSpace::default()
        }
    }

    /// The first flag that is given.
    #[cfg(feature = "torch")]
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--denticity", self.denticity.is_some()),
            ("--donors", !self.donors.is_empty()),
            ("--donor-elements", !self.donor_elements.is_empty()),
            ("--charge", !self.charge.is_empty()),
            ("--heavy-atoms", self.heavy_atoms.is_some()),
            ("--haptic", self.haptic.is_some()),
        ];
        flags.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
    }
}
