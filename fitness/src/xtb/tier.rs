//! xtb as a tier of the funnel: cleans up, optimises, checks and describes an assembled complex.

use druse_datasets::elements::covalent_radius;
use druse_representations::{Complex, Molecule};
use serde::{Deserialize, Serialize};

use super::checks::{Expected, survival};
use super::spin::spin_polarization;
use super::{Attempt, Failure, Job, Level, Method, Task, Xtb};
use crate::objective::{Properties, Tier, TierOutcome, property};

/// What the tier does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XtbOptions {
    /// Remove clashes with GFN-FF first. What it breaks is not used: it reads the bonds off the
    /// start geometry and can be wrong.
    pub force_field: bool,
    /// How tightly the final geometry is optimised with GFN2; a crude optimisation comes before.
    pub level: Level,
    /// Compare the spin states that the complex may have and keep the lowest, with the energy of
    /// spin polarization that GFN2 leaves out ([`spin_polarization`]).
    pub spin_states: bool,
    /// Compute the fractional occupation density.
    pub fod: bool,
    /// Fall back on GFN1 when GFN2 does not converge. Its properties have names of their own
    /// (`gap_gfn1`), so that an objective never mixes methods.
    pub allow_gfn1: bool,
    /// Solvent of the ALPB model; gas phase without.
    pub solvent: Option<String>,
}

impl Default for XtbOptions {
    fn default() -> Self {
        Self {
            force_field: false,
            level: Level::Normal,
            spin_states: true,
            fod: false,
            allow_gfn1: false,
            solvent: None,
        }
    }
}

/// Optimises complexes with GFN2-xTB. Those that change their coordination or their ligands, or
/// for which xtb fails, are rejected with the reason; the others go on with the refined positions,
/// the metal at the origin.
///
/// Stored numbers are rounded (energies to 1e-5 eV, orbital energies to 1e-4 eV, dipole and
/// polarizability to 1e-3, positions to 1e-5 Å), and wall times are left out, so that equal runs
/// give equal bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct XtbTier {
    xtb: Xtb,
    options: XtbOptions,
}

impl XtbTier {
    /// A tier with this program.
    pub fn new(xtb: Xtb, options: XtbOptions) -> Self {
        Self { xtb, options }
    }

    /// The refined complex and its properties, or why there are none.
    fn evaluate(&self, complex: &Complex) -> Result<(Complex, Properties), Refusal> {
        let missing = || Refusal::Rejected("input: the complex has no positions".to_owned());
        let start = complex.molecule().ok_or_else(missing)?;
        let expected = Expected::of(complex);
        let kept = |molecule: &Molecule| {
            survival(&expected, &start, molecule, &covalent_radius)
                .map_err(|error| Refusal::Rejected(format!("input: {error}")))
        };
        let mut molecule = start.clone();
        if self.options.force_field
            && let Some(cleaned) = self.clean(complex, &molecule)
            && kept(&cleaned)?.is_kept()
        {
            molecule = cleaned;
        }
        let (states, best) = self.crude_states(complex, &molecule)?;
        let job = self.job(complex, best.molecule, best.multiplicity, self.options.level);
        let attempt = self.xtb.run_with_retries(&job, self.options.allow_gfn1)?;
        let verdict = kept(&attempt.result.molecule)?;
        if let Some(reason) = verdict.reason() {
            return Err(Refusal::Rejected(reason));
        }
        let mut properties = describe(&attempt);
        properties.extend(states);
        let mut add = |name: &str, value: f64| properties.insert(name.to_owned(), value);
        add(property::MULTIPLICITY, f64::from(best.multiplicity));
        add(property::PL_MOGA_CHECK, f64::from(u8::from(verdict.pl_moga)));
        if self.options.fod {
            let unpaired = best.multiplicity.saturating_sub(1);
            let refined = &attempt.result.molecule;
            let fod = self
                .xtb
                .static_correlation(refined, complex.charge(), unpaired)
                .map_err(|failure| Refusal::of(&failure, "fod: "))?;
            add(property::N_FOD, fod.n_fod);
            add(property::STATIC_CORRELATION, f64::from(u8::from(fod.is_strong())));
        }
        let refined = Complex {
            multiplicity: best.multiplicity,
            positions: Some(centred(&attempt.result.molecule)),
            ..complex.clone()
        };
        Ok((refined, properties))
    }

    fn job(&self, complex: &Complex, molecule: Molecule, multiplicity: u32, level: Level) -> Job {
        Job {
            solvent: self.options.solvent.clone(),
            ..Job::new(molecule, complex.charge(), multiplicity.saturating_sub(1))
                .with_task(Task::Optimise(level))
        }
    }

    /// The geometry that GFN-FF makes of it, if it makes one.
    fn clean(&self, complex: &Complex, molecule: &Molecule) -> Option<Molecule> {
        let job = self.job(complex, molecule.clone(), complex.multiplicity, Level::Crude);
        let job = Job { solvent: None, ..job }.with_method(Method::GfnFf);
        self.xtb.run(&job).ok().map(|result| result.molecule)
    }

    /// Crude optimisation in each spin state: the energies as GFN2 gives them, and the lowest state
    /// with spin polarization. Some of the states may fail without harm, but none for want of time or
    /// memory: which state is the lowest must not depend on the machine.
    fn crude_states(&self, complex: &Complex, molecule: &Molecule) -> Result<(Properties, State), Failure> {
        let mut multiplicities = vec![complex.multiplicity];
        let candidates = complex.multiplicities();
        // A spin that is no candidate was asked for on purpose.
        if self.options.spin_states && candidates.contains(&complex.multiplicity) {
            multiplicities = candidates;
        }
        let mut energies = Properties::new();
        let mut best: Option<State> = None;
        let mut first_failure = None;
        for multiplicity in multiplicities {
            let job = self.job(complex, molecule.clone(), multiplicity, Level::Crude);
            let result = match self.xtb.run_with_retries(&job, self.options.allow_gfn1) {
                Ok(attempt) => attempt.result,
                Err(failure) if !failure.is_lasting() => return Err(failure),
                Err(failure) => {
                    first_failure.get_or_insert(failure);
                    continue;
                }
            };
            // GFN2 before GFN1, then by energy: energies of two methods are not comparable.
            let energy = result.energy + spin_polarization(complex.metal, multiplicity.saturating_sub(1));
            let key = (result.method, energy);
            if result.method == Method::Gfn2 {
                let name = format!("{}_multiplicity_{multiplicity}", property::XTB_ENERGY);
                energies.insert(name, round(result.energy, 5));
            }
            if best.as_ref().is_none_or(|best| key < best.key) {
                best = Some(State { key, multiplicity, molecule: result.molecule });
            }
        }
        match (best, first_failure) {
            (Some(best), _) => Ok((energies, best)),
            (None, Some(failure)) => Err(failure),
            (None, None) => Err(Failure::Input("no spin state to try".into())),
        }
    }
}

/// Why a complex does not go on.
enum Refusal {
    Rejected(String),
    Failed(String),
}

impl Refusal {
    fn of(failure: &Failure, prefix: &str) -> Self {
        let reason = format!("{prefix}{failure}");
        if failure.is_lasting() { Self::Rejected(reason) } else { Self::Failed(reason) }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::of(&failure, "")
    }
}

/// A spin state after the crude optimisation.
struct State {
    key: (Method, f64),
    multiplicity: u32,
    molecule: Molecule,
}

impl Tier<Complex> for XtbTier {
    fn name(&self) -> &str {
        "xtb"
    }

    fn protocol(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        format!("GFN2-xTB, xtb {}, {options}", self.xtb.version())
    }

    fn writes(&self) -> Vec<String> {
        [
            property::XTB_ENERGY,
            property::GAP,
            property::HOMO,
            property::LUMO,
            property::DIPOLE,
            property::POLARIZABILITY,
            property::MULTIPLICITY,
            property::RUNG,
            property::OPTIMISATION_CYCLES,
            property::N_FOD,
            property::STATIC_CORRELATION,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn run(&self, items: &[(&Complex, &Properties)]) -> Vec<TierOutcome<Complex>> {
        items
            .iter()
            .map(|(complex, _)| match self.evaluate(complex) {
                Ok((design, properties)) => TierOutcome::Passed { design, properties },
                Err(Refusal::Rejected(reason)) => TierOutcome::Rejected { reason },
                Err(Refusal::Failed(reason)) => TierOutcome::Failed { reason },
            })
            .collect()
    }
}

/// Rounded numbers of a result, under names of their own for GFN1.
fn describe(attempt: &Attempt) -> Properties {
    let result = &attempt.result;
    let numbers = [
        (property::XTB_ENERGY, Some(result.energy), 5),
        (property::GAP, result.gap, 4),
        (property::HOMO, result.homo, 4),
        (property::LUMO, result.lumo, 4),
        (property::DIPOLE, result.dipole_norm(), 3),
        (property::POLARIZABILITY, result.polarizability, 3),
    ];
    let suffix = if result.method == Method::Gfn1 { "_gfn1" } else { "" };
    let mut properties: Properties = numbers
        .into_iter()
        .filter_map(|(name, value, digits)| Some((format!("{name}{suffix}"), round(value?, digits))))
        .collect();
    properties.insert(property::RUNG.to_owned(), f64::from(attempt.rung.number()));
    if let Some(cycles) = result.cycles {
        properties.insert(property::OPTIMISATION_CYCLES.to_owned(), f64::from(cycles));
    }
    properties
}

/// Positions with the first atom, the metal, at the origin, rounded to 1e-5 Å.
fn centred(molecule: &Molecule) -> Vec<[f64; 3]> {
    let origin = molecule.positions.first().copied().unwrap_or_default();
    let place = |p: &[f64; 3]| std::array::from_fn(|k| round(p[k] - origin[k], 5));
    molecule.positions.iter().map(place).collect()
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    // Adding zero turns -0 into 0.
    (value * scale).round() / scale + 0.0
}
