//! `xtbout.json`.

use druse_representations::Molecule;
use druse_representations::nalgebra::Vector3;
use serde::Deserialize;

use super::result::{ANGSTROM_PER_BOHR, DEBYE_PER_E_BOHR, EV_PER_HARTREE};
use super::{Failure, Job};

const FILE: &str = "xtbout.json";

/// The keys that we use; the aliases are those of xtb 6.6 and later.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Document {
    #[serde(rename = "total energy")]
    total_energy: Option<f64>,
    #[serde(rename = "HOMO-LUMO gap/eV", alias = "HOMO-LUMO gap / eV")]
    pub gap: Option<f64>,
    #[serde(rename = "dipole", alias = "dipole / a.u.")]
    dipole: Option<[f64; 3]>,
    #[serde(rename = "partial charges", default)]
    pub charges: Vec<f64>,
    #[serde(rename = "number of electrons")]
    pub electrons: Option<u32>,
    #[serde(rename = "orbital energies/eV", alias = "orbital energies / eV", default)]
    orbitals: Vec<f64>,
    method: Option<String>,
}

impl Document {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::output(FILE, error.to_string(), "xtb's results"))
    }

    /// Total energy (eV).
    pub(super) fn energy(&self) -> Result<f64, Failure> {
        let energy =
            self.total_energy.ok_or_else(|| Failure::output(FILE, "no 'total energy'", "a number"))?;
        Ok(energy * EV_PER_HARTREE)
    }

    /// That the results are of the method that was asked for, of all atoms and all electrons.
    pub(super) fn check(&self, job: &Job) -> Result<(), Failure> {
        let (method, atoms) = (job.method.to_string(), job.molecule.len());
        let found = self.method.as_deref().unwrap_or("no method");
        if found != method {
            return Err(Failure::output(FILE, found, method));
        }
        if self.charges.len() != atoms {
            let found = format!("{} partial charges", self.charges.len());
            return Err(Failure::output(FILE, found, atoms.to_string()));
        }
        let electrons = job.valence_electrons();
        if let Some(found) = self.electrons.filter(|&found| i64::from(found) != electrons) {
            return Err(Failure::output(FILE, format!("{found} electrons"), electrons.to_string()));
        }
        Ok(())
    }

    /// Energies (eV) of the highest occupied and the lowest empty orbital, of the majority spin
    /// when electrons are unpaired.
    pub(super) fn frontier(&self, unpaired: u32) -> (Option<f64>, Option<f64>) {
        let occupied = self.electrons.map_or(0, |electrons| (electrons + unpaired) / 2) as usize;
        let homo = occupied.checked_sub(1).and_then(|i| self.orbitals.get(i));
        (homo.copied(), self.orbitals.get(occupied).copied())
    }

    /// Dipole moment (Debye) with respect to the centre of mass. xtb takes the origin of the
    /// coordinates, which for ions would be a matter of where they were placed.
    pub(super) fn dipole(&self, molecule: &Molecule, charge: i32) -> Option<[f64; 3]> {
        let dipole = Vector3::from(self.dipole?);
        let mut mass = 0.0;
        let mut centre = Vector3::zeros();
        for (element, position) in molecule.elements.iter().zip(&molecule.positions) {
            mass += element.mass();
            centre += element.mass() * Vector3::from(*position);
        }
        let shift = centre * (f64::from(charge) / mass / ANGSTROM_PER_BOHR);
        Some(((dipole - shift) * DEBYE_PER_E_BOHR).into())
    }
}
