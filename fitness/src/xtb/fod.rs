//! Static correlation from the fractional occupation density.
//!
//! At a high electronic temperature electrons leave orbitals that have others of nearly the same
//! energy above them; their number N_FOD tells how far one determinant is from enough (Grimme and
//! Hansen, Angew. Chem. Int. Ed. 2015, 54, 12308). xtb takes 5000 K, the value of that paper for
//! functionals without exact exchange. N_FOD grows with the molecule, so we divide by the number
//! of valence electrons.

use druse_representations::Molecule;
use serde::{Deserialize, Serialize};

use super::{Failure, Job, Task, Xtb};

/// N_FOD per valence electron above which a molecule is marked.
///
/// The paper gives no limit and none for xTB, so this one is ours, from GFN2 at 5000 K with xtb
/// 6.5.1. Below: 47 of 50 complexes of tmQMg computed as closed shells (median 0.006, largest
/// 0.014; the other three have gaps below 0.2 eV, so perhaps a wrong charge), TiCl4 0.016,
/// ferrocene 0.013, [MnO4]- 0.009, Ni(CO)4 0.007, benzene 0.001. Above: square cyclobutadiene
/// 0.10, FeO 0.10, Cr2 0.40, C2 0.046, p-benzyne 0.031, the bis(dithiolene)
/// Ni(bdt)2 0.026, ozone 0.023. High-spin ions with degenerate d levels lie near it: [Fe(H2O)6]2+
/// 0.019, high-spin manganocene 0.020.
pub const STATIC_CORRELATION: f64 = 0.02;

/// What the fractional occupation density says about a molecule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaticCorrelation {
    /// Electrons in fractionally occupied orbitals.
    pub n_fod: f64,
    /// Valence electrons.
    pub electrons: u32,
}

impl StaticCorrelation {
    /// N_FOD per valence electron.
    pub fn per_electron(self) -> f64 {
        self.n_fod / f64::from(self.electrons.max(1))
    }

    /// Whether semiempirical methods and density functionals should not be trusted without a second
    /// look: [`STATIC_CORRELATION`].
    pub fn is_strong(self) -> bool {
        self.per_electron() > STATIC_CORRELATION
    }
}

impl Xtb {
    /// Fractional occupation density of a molecule by GFN2-xTB at 5000 K.
    ///
    /// # Errors
    /// As [`Xtb::run`].
    pub fn static_correlation(
        &self,
        molecule: &Molecule,
        charge: i32,
        unpaired: u32,
    ) -> Result<StaticCorrelation, Failure> {
        let job = Job::new(molecule.clone(), charge, unpaired).with_task(Task::FractionalOccupation);
        let result = self.run(&job)?;
        let missing = |what| Failure::output("xtbout.json", format!("no {what}"), "a number");
        Ok(StaticCorrelation {
            n_fod: result.n_fod.ok_or_else(|| missing("N_FOD"))?,
            electrons: result.electrons.ok_or_else(|| missing("number of electrons"))?,
        })
    }
}
