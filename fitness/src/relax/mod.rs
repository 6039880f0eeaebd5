//! Relaxation of cell and positions with any [`Potential`].
//!
//! Algorithm: FIRE on the positions in the frame of the start cell together with the logarithm of
//! its deformation, as ASE's `FIRE` on a `FrechetCellFilter`. Since the cell's rows of the
//! generalised forces are the virial divided by the number of atoms, a result also carries the
//! largest stress component, which is the physical criterion.
//!
//! Several crystals of one call step together, so that a potential that batches can do so; those
//! that are done leave the batch. With a potential whose results do not depend on the rest of the
//! batch, neither do relaxations.

mod exponential;
mod filter;
mod fire;
mod options;
#[cfg(test)]
mod tests;
mod tier;

use druse_representations::nalgebra::Vector3;
use druse_representations::{Crystal, Neighbours};

pub use options::{CellFreedom, Guards, RelaxOptions, Verdict};
pub use tier::RelaxTier;

use crate::potential::{Potential, PotentialError, Prediction, Want};
use filter::Filter;
use fire::Fire;

/// Largest stress component (GPa) at which a relaxed cell counts as free of stress.
pub const STRESS_FREE: f64 = 0.5;

/// A relaxed crystal and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxation {
    /// The last structure; fractional coordinates wrapped into the cell.
    pub crystal: Crystal,
    /// What the potential says of it; `None` when it has no answer.
    pub prediction: Option<Prediction>,
    /// Energy of the start (eV per cell), where there is one.
    pub energy_start: Option<f64>,
    /// Largest force on an atom at the end (eV/Å).
    pub max_force: f64,
    /// Largest stress component at the end, external pressure included (GPa).
    pub max_stress: f64,
    /// Steps taken.
    pub steps: usize,
    /// How it ended.
    pub verdict: Verdict,
}

impl Relaxation {
    /// Whether the forces are below the limit.
    pub fn is_converged(&self) -> bool {
        self.verdict == Verdict::Converged
    }

    /// Whether no stress component is larger than [`STRESS_FREE`].
    pub fn is_stress_free(&self) -> bool {
        self.max_stress <= STRESS_FREE
    }
}

/// Relaxes crystals; one result each, in order, on the calling thread.
pub fn relax(potential: &dyn Potential, crystals: &[&Crystal], options: &RelaxOptions) -> Vec<Relaxation> {
    let mut walkers: Vec<Walker> = crystals.iter().map(|crystal| Walker::new(crystal, options)).collect();
    loop {
        let active: Vec<usize> = (0..walkers.len()).filter(|&i| walkers[i].verdict.is_none()).collect();
        if active.is_empty() {
            break;
        }
        let batch: Vec<&Crystal> = active.iter().map(|&i| &walkers[i].crystal).collect();
        let predictions = potential.evaluate(&batch, Want::ALL);
        for (i, prediction) in active.into_iter().zip(predictions) {
            walkers[i].advance(prediction, options);
        }
    }
    walkers.into_iter().map(Walker::finish).collect()
}

/// A crystal on its way.
struct Walker {
    crystal: Crystal,
    volume_start: f64,
    filter: Filter,
    fire: Fire,
    energy_start: Option<f64>,
    prediction: Option<Prediction>,
    max_force: f64,
    max_stress: f64,
    steps: usize,
    verdict: Option<Verdict>,
}

impl Walker {
    fn new(crystal: &Crystal, options: &RelaxOptions) -> Self {
        let mut walker = Self {
            crystal: crystal.clone(),
            volume_start: crystal.lattice.volume(),
            filter: Filter::new(crystal, options.cell, options.pressure),
            fire: Fire::new(),
            energy_start: None,
            prediction: None,
            max_force: f64::NAN,
            max_stress: f64::NAN,
            steps: 0,
            verdict: None,
        };
        walker.verdict = walker.broken(&options.guards);
        walker
    }

    /// Takes in what the potential says of the present structure, then ends or moves.
    fn advance(&mut self, prediction: Result<Prediction, PotentialError>, options: &RelaxOptions) {
        let no_energy = |reason: String, step| Some(Verdict::NoEnergy { reason, step });
        let prediction = match prediction {
            Ok(prediction) => prediction,
            Err(PotentialError::Failed(reason)) => {
                self.verdict = Some(Verdict::Failed { reason, step: self.steps });
                return;
            }
            Err(error) => {
                self.verdict = no_energy(error.to_string(), self.steps);
                return;
            }
        };
        let forces = self.filter.forces(self.crystal.lattice.volume(), &prediction);
        self.energy_start.get_or_insert(prediction.energy);
        self.max_force = largest_row(prediction.forces.iter().flatten().map(|f| Vector3::from(*f)));
        self.max_stress = max_stress(&prediction, options.pressure);
        self.prediction = Some(prediction);
        let Some(forces) = forces else {
            self.verdict = no_energy("the potential gives no forces or no stress".into(), self.steps);
            return;
        };
        let force = largest_row(forces.iter().copied());
        let limit = options.guards.max_force;
        self.verdict = if !force.is_finite() {
            no_energy("a force is not a finite number".into(), self.steps)
        } else if force < options.fmax {
            Some(Verdict::Converged)
        } else if self.steps > options.guards.settling_steps && self.max_force > limit {
            Some(Verdict::WildForce { force: self.max_force, limit, step: self.steps })
        } else if self.steps >= options.steps {
            Some(Verdict::OutOfSteps { force, steps: self.steps })
        } else {
            None
        };
        if self.verdict.is_none() {
            self.filter.displace(&self.fire.step(&forces));
            self.steps += 1;
            self.verdict = match self.filter.apply(&mut self.crystal) {
                Some(()) => self.broken(&options.guards),
                None => no_energy("the start cell spans no volume".into(), self.steps),
            };
        }
    }

    /// The guard that the present structure breaks, if any.
    fn broken(&self, guards: &Guards) -> Option<Verdict> {
        let step = self.steps;
        let ratio = self.crystal.lattice.volume() / self.volume_start;
        let [least, most] = guards.volume_ratio;
        if ratio < least {
            return Some(Verdict::Collapse { ratio, limit: least, step });
        }
        if ratio > most {
            return Some(Verdict::Explosion { ratio, limit: most, step });
        }
        match Neighbours::within(&self.crystal, guards.min_distance) {
            Ok(pairs) => pairs.distance.iter().copied().reduce(f64::min).map(|distance| Verdict::Clash {
                distance,
                limit: guards.min_distance,
                step,
            }),
            Err(error) => Some(Verdict::NoEnergy { reason: error.to_string(), step }),
        }
    }

    fn finish(self) -> Relaxation {
        Relaxation {
            crystal: self.crystal.wrapped(),
            prediction: self.prediction,
            energy_start: self.energy_start,
            max_force: self.max_force,
            max_stress: self.max_stress,
            steps: self.steps,
            // The loop ends only when every walker has a verdict.
            verdict: self.verdict.unwrap_or(Verdict::Converged),
        }
    }
}

/// Length of the longest row; not finite when one of them is not.
fn largest_row(rows: impl Iterator<Item = Vector3<f64>>) -> f64 {
    // f64::max forgets a NaN as soon as a number follows.
    rows.map(|row| row.norm()).fold(0.0, |most: f64, x| if x <= most || most.is_nan() { most } else { x })
}

fn max_stress(prediction: &Prediction, pressure: f64) -> f64 {
    let Some(stress) = &prediction.stress else { return f64::NAN };
    (0..3)
        .flat_map(|i| (0..3).map(move |j| (i, j)))
        .map(|(i, j)| (stress[i][j] + if i == j { pressure } else { 0.0 }).abs())
        .fold(0.0, f64::max)
}
