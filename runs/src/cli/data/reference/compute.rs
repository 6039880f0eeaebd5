//! The energy of one reference structure.

use crate::datasets::reference::ReferenceRow;
use crate::fitness::potential::{Potential, Want};
use crate::fitness::relax::{RelaxOptions, enthalpy};
use crate::representations::symmetry::analyse;
use crate::representations::{Crystal, Lattice};

use crate::cli::potential::possible;
use crate::cli::relax::relax_one;

/// Volumes, as shares of the given one, of which the first pass under pressure takes the lowest enthalpy: the volume at zero pressure
/// alone would put soft structures far too high.
pub const VOLUMES: [f64; 7] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];

/// What is known of one structure before it has a name.
pub struct Row {
    formula: String,
    space_group: Option<u8>,
    atoms: u32,
    energy_per_atom: f64,
}

impl Row {
    /// A row of this energy (eV per cell), without a space group.
    fn new(crystal: &Crystal, energy: f64) -> Result<Self, String> {
        let atoms = crystal.sites.len();
        Ok(Self {
            formula: crystal.composition().reduced_formula(),
            space_group: None,
            atoms: u32::try_from(atoms).map_err(|_| format!("{atoms} atoms are too many"))?,
            energy_per_atom: energy / atoms as f64,
        })
    }

    /// The same with the space group; an energy without one is still good for the hull.
    fn with_space_group(self, crystal: &Crystal, symprec: f64) -> Self {
        Self { space_group: analyse(crystal, symprec).ok().map(|info| info.number), ..self }
    }

    /// The row with this id.
    pub fn named<'a>(&'a self, id: &'a str) -> ReferenceRow<'a> {
        ReferenceRow {
            id,
            formula: &self.formula,
            space_group: self.space_group,
            atoms: self.atoms,
            energy_per_atom: self.energy_per_atom,
        }
    }
}

/// What computes rows.
pub struct Computation<'a> {
    /// The model.
    pub potential: &'a dyn Potential,
    /// Tolerance (Å) of space groups.
    pub symprec: f64,
}

impl Computation<'_> {
    /// The energy of a structure as it is.
    ///
    /// # Errors
    /// When the potential has none.
    pub fn given(&self, crystal: &Crystal) -> Result<Row, String> {
        possible(crystal)?;
        Ok(Row::new(crystal, self.energy(crystal)?)?.with_space_group(crystal, self.symprec))
    }

    /// The energy of a structure as it is; under pressure (GPa) the lowest enthalpy at [`VOLUMES`], down to where it rises.
    ///
    /// # Errors
    /// When the potential has no energy of the structure as it is.
    pub fn first(&self, crystal: &Crystal, pressure: f64) -> Result<Row, String> {
        possible(crystal)?;
        let mut lowest = f64::INFINITY;
        for share in if pressure == 0.0 { &VOLUMES[..1] } else { &VOLUMES[..] } {
            let smaller = compressed(crystal, *share);
            let enthalpy = match self.energy(&smaller) {
                Ok(energy) => enthalpy(energy, smaller.lattice.volume(), pressure),
                // What is too dense for the potential ends the search and not the structure.
                Err(_) if lowest.is_finite() => break,
                Err(error) => return Err(error),
            };
            if enthalpy >= lowest {
                break;
            }
            lowest = enthalpy;
        }
        Row::new(crystal, lowest)
    }

    /// The energy after relaxation, under pressure the enthalpy, and whether it converged.
    ///
    /// # Errors
    /// When the relaxation ends with something that is no crystal any more.
    pub fn relaxed(&self, crystal: &Crystal, options: &RelaxOptions) -> Result<(Row, bool), String> {
        let relaxation = relax_one(crystal, self.potential, options)?;
        let converged = relaxation.is_converged();
        let prediction = relaxation.prediction.ok_or("the relaxed structure has no energy")?;
        let crystal = relaxation.crystal;
        let energy = self.potential.hull_energy(&crystal, prediction.energy);
        let enthalpy = enthalpy(energy, crystal.lattice.volume(), options.pressure);
        Ok((Row::new(&crystal, enthalpy)?.with_space_group(&crystal, self.symprec), converged))
    }

    /// Energy (eV per cell) as it stands on a hull.
    fn energy(&self, crystal: &Crystal) -> Result<f64, String> {
        let prediction = self
            .potential
            .evaluate(&[crystal], Want::ENERGY)
            .pop()
            .ok_or_else(|| format!("{} gave no result", self.potential.name()))?
            .map_err(|error| error.to_string())?;
        Ok(self.potential.hull_energy(crystal, prediction.energy))
    }
}

/// The crystal with this share of its volume.
fn compressed(crystal: &Crystal, share: f64) -> Crystal {
    if share == 1.0 {
        return crystal.clone();
    }
    let lattice = Lattice::from_matrix(crystal.lattice.matrix() * share.cbrt());
    Crystal { lattice, ..crystal.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fitness::potential::{GPA_PER_EV_PER_A3, PotentialError, Prediction};
    use crate::representations::Element;

    /// A bulk modulus of 10 GPa and nothing else: E = B/2 (V - 64)^2 / 64, until 0.45 of the volume, where it has no answer.
    struct Soft;

    impl Potential for Soft {
        fn name(&self) -> &str {
            "soft"
        }
        fn protocol(&self) -> String {
            "a parabola".into()
        }
        fn evaluate(&self, crystals: &[&Crystal], _: Want) -> Vec<Result<Prediction, PotentialError>> {
            let one = |crystal: &&Crystal| {
                let volume = crystal.lattice.volume();
                if volume < 0.45 * 64.0 {
                    return Err(PotentialError::NotFinite);
                }
                let energy = 0.5 * 10.0 / GPA_PER_EV_PER_A3 * (volume - 64.0).powi(2) / 64.0;
                Ok(Prediction { energy, forces: None, stress: None, magmoms: None })
            };
            crystals.iter().map(one).collect()
        }
    }

    #[test]
    fn under_pressure_the_first_pass_compresses() {
        let cube = |edge: f64| {
            Crystal::ordered(Lattice::cubic(edge), [(Element::from_symbol("Cs").unwrap(), [0.0; 3])])
        };
        let computation = Computation { potential: &Soft, symprec: 0.01 };
        let first = |pressure: f64| computation.first(&cube(4.0), pressure).ok().unwrap().energy_per_atom;
        assert_eq!(first(0.0), 0.0);
        // H is lowest at V = V0 (1 - p/B), which is one of the volumes: p V0 (1 - p / 2 B).
        let expected = |p: f64| p / GPA_PER_EV_PER_A3 * 64.0 * (1.0 - p / 20.0);
        assert!((first(3.0) - expected(3.0)).abs() < 1e-9);
        // At 8 GPa the lowest would be beyond what the potential knows: half of the volume is taken.
        let half = 0.5 * 10.0 / GPA_PER_EV_PER_A3 * 64.0 * 0.25 + 8.0 / GPA_PER_EV_PER_A3 * 32.0;
        assert!((first(8.0) - half).abs() < 1e-9);
        assert!(computation.first(&cube(3.0), 8.0).is_err(), "the start itself is too dense");
    }
}
