//! One crystal on its way.

use druse_representations::nalgebra::Vector3;
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, Neighbours};

use super::filter::Filter;
use super::fire::Fire;
use super::options::{CellFreedom, Guards, RelaxOptions, Verdict};
use super::quasi_newton::{Progress, QuasiNewton};
use super::softest::{Found, Softest};
use super::subspace::Subspace;
use super::{Relaxation, enthalpy, springs};
use crate::potential::{PotentialError, Prediction};

/// A rise of the energy (eV per atom) that may be rounding of single precision.
const NOISE: f64 = 2e-6;

/// Cells that differ by less (Å) are the same.
const SAME_CELL: f64 = 1e-6;

/// How far (Å, the longest row) a saddle is left at once, so that the first step does not lead back; and how often at most.
const PUSH: f64 = 0.1;
const SADDLES: usize = 4;

pub(super) struct Walker {
    crystal: Crystal,
    symmetry: CellSymmetry,
    volume_start: f64,
    filter: Filter,
    subspace: Subspace,
    mover: Mover,
    energy_start: Option<f64>,
    /// The last point that was not taken back.
    kept: Option<Point>,
    /// The saddle that was left last: what lies beyond must be lower.
    saddle: Option<Point>,
    saddles: usize,
    steps: usize,
    verdict: Option<Verdict>,
}

/// What chooses the steps.
enum Mover {
    Start,
    QuasiNewton(QuasiNewton),
    Fire(Fire),
    /// At rest: looks for a direction that leads down without the symmetry.
    Search(Softest),
}

/// A structure and what the potential says of it.
struct Point {
    crystal: Crystal,
    symmetry: CellSymmetry,
    filter: Filter,
    /// eV per cell.
    enthalpy: f64,
    prediction: Prediction,
    forces: Vec<Vector3<f64>>,
    max_force: f64,
    max_stress: f64,
}

impl Walker {
    pub(super) fn new(crystal: &Crystal, options: &RelaxOptions) -> Self {
        let (crystal, symmetry) = prepared(crystal, options);
        let mut walker = Self {
            volume_start: crystal.lattice.volume(),
            filter: Filter::new(&crystal, options.cell, options.pressure),
            subspace: Subspace::new(&crystal, &symmetry, options.cell),
            crystal,
            symmetry,
            mover: Mover::Start,
            energy_start: None,
            kept: None,
            saddle: None,
            saddles: 0,
            steps: 0,
            verdict: None,
        };
        walker.verdict = walker.broken(&options.guards);
        walker
    }

    pub(super) fn goes_on(&self) -> bool {
        self.verdict.is_none()
    }

    /// The structure that the potential is asked about.
    pub(super) fn asks(&self) -> (&Crystal, &CellSymmetry) {
        (&self.crystal, &self.symmetry)
    }

    /// Takes in what the potential says of the present structure, then ends or moves.
    pub(super) fn advance(&mut self, prediction: Result<Prediction, PotentialError>, options: &RelaxOptions) {
        let step = self.steps;
        let no_energy = |reason: String| Some(Verdict::NoEnergy { reason, step });
        let prediction = match prediction {
            Ok(prediction) => prediction,
            Err(PotentialError::Failed(reason)) => {
                self.verdict = Some(Verdict::Failed { reason, step });
                return;
            }
            Err(_) if matches!(self.mover, Mover::Search(_)) => {
                self.verdict = Some(Verdict::Converged);
                return;
            }
            Err(error) => {
                self.verdict = no_energy(error.to_string());
                return;
            }
        };
        self.energy_start.get_or_insert(prediction.energy);
        let Some(forces) = self.filter.forces(self.crystal.lattice.volume(), &prediction) else {
            self.verdict = no_energy("the potential gives no forces or no stress".into());
            return;
        };
        if !largest_row(forces.iter().copied()).is_finite() {
            self.verdict = no_energy("a force is not a finite number".into());
            return;
        }
        if let Mover::Search(search) = &mut self.mover {
            let found = search.take(&forces);
            self.leave_or_rest(found, options);
            return;
        }
        let enthalpy = enthalpy(prediction.energy, self.crystal.lattice.volume(), options.pressure);
        let point = Point {
            max_force: largest_row(prediction.forces.iter().flatten().map(|f| Vector3::from(*f))),
            max_stress: max_stress(&prediction, options.pressure),
            enthalpy,
            crystal: self.crystal.clone(),
            symmetry: self.symmetry.clone(),
            filter: self.filter.clone(),
            prediction,
            forces,
        };
        let progress = self.take(&point);
        let point = match (progress, &self.kept) {
            (Progress::Back, Some(kept)) => kept,
            (Progress::Stuck, Some(kept)) => {
                self.mover = Mover::Fire(Fire::new());
                kept
            }
            _ => self.kept.insert(point),
        };
        // Where the cell has changed much, a force is larger than its row.
        let force = largest_row(point.forces.iter().copied()).max(point.max_force);
        let limit = options.guards.max_force;
        if force < options.fmax {
            self.settle(options);
            return;
        }
        self.verdict = if step > options.guards.settling_steps && point.max_force > limit {
            Some(Verdict::WildForce { force: point.max_force, limit, step })
        } else if step >= options.steps {
            Some(Verdict::OutOfSteps { force, steps: step })
        } else {
            None
        };
        if self.verdict.is_none() {
            self.move_on(options);
        }
    }

    /// Tells the mover where the last step led.
    fn take(&mut self, point: &Point) -> Progress {
        let noise = NOISE * self.crystal.sites.len() as f64;
        let gradient = -self.subspace.components(&point.forces);
        match &mut self.mover {
            Mover::QuasiNewton(mover) => mover.take(point.enthalpy, gradient, noise, &self.subspace),
            Mover::Fire(_) | Mover::Search(_) => Progress::Kept,
            Mover::Start => {
                let curvature = springs::curvature(&self.crystal).ok();
                let mover = curvature.and_then(|curvature| {
                    QuasiNewton::new(self.subspace.restricted(&curvature), point.enthalpy, gradient)
                });
                self.mover = mover.map_or_else(|| Mover::Fire(Fire::new()), Mover::QuasiNewton);
                Progress::Kept
            }
        }
    }

    /// The next step from the point that was kept.
    fn move_on(&mut self, options: &RelaxOptions) {
        let Some(kept) = &self.kept else { return };
        let rows = match &mut self.mover {
            Mover::QuasiNewton(mover) => mover.step(&self.subspace),
            Mover::Fire(fire) => fire.step(&kept.forces),
            Mover::Search(search) => search.asks(),
            Mover::Start => return,
        };
        self.filter = kept.filter.clone();
        self.filter.displace(&rows);
        self.steps += 1;
        self.verdict = match self.filter.apply(&mut self.crystal) {
            Some(()) => self.broken(&options.guards),
            None => {
                let reason = "the start cell spans no volume".into();
                Some(Verdict::NoEnergy { reason, step: self.steps })
            }
        };
    }

    /// At rest: the end, or a look whether this is a saddle.
    fn settle(&mut self, options: &RelaxOptions) {
        let (Some(kept), saddle) = (&self.kept, &self.saddle) else { return };
        if saddle.as_ref().is_some_and(|saddle| saddle.enthalpy <= kept.enthalpy) {
            self.kept = self.saddle.take();
            self.saddles -= 1;
            self.verdict = Some(Verdict::Converged);
            return;
        }
        let looks = options.leave_saddles && kept.symmetry.order() > 1 && self.saddles < SADDLES;
        let search = looks.then(|| self.search(kept, options.cell)).flatten();
        match search {
            Some(search) => {
                self.mover = Mover::Search(search);
                self.symmetry = CellSymmetry::trivial(self.crystal.sites.len());
                self.move_on(options);
            }
            None => self.verdict = Some(Verdict::Converged),
        }
    }

    /// A search for a direction that leads down from here without the symmetry; `None` where there is no such direction.
    fn search(&self, here: &Point, cell: CellFreedom) -> Option<Softest> {
        let none = CellSymmetry::trivial(here.crystal.sites.len());
        let all = Subspace::new(&here.crystal, &none, cell);
        let curvature = springs::curvature(&here.crystal).ok()?;
        Softest::new(all, &self.subspace, &here.forces, &curvature)
    }

    /// After a look: looks on, rests, or leaves the saddle with what symmetry is left.
    fn leave_or_rest(&mut self, found: Found, options: &RelaxOptions) {
        let Some(kept) = &self.kept else { return };
        let rows = match found {
            Found::Nothing => return self.move_on(options),
            Found::Valley => {
                self.verdict = Some(Verdict::Converged);
                return;
            }
            Found::Downhill(rows) => rows,
        };
        let mut filter = kept.filter.clone();
        filter.displace(&rows.iter().map(|row| PUSH * row).collect::<Vec<_>>());
        let mut crystal = kept.crystal.clone();
        if filter.apply(&mut crystal).is_none() {
            self.verdict = Some(Verdict::Converged);
            return;
        }
        (self.crystal, self.symmetry) = prepared(&crystal, options);
        self.filter = Filter::new(&self.crystal, options.cell, options.pressure);
        self.subspace = Subspace::new(&self.crystal, &self.symmetry, options.cell);
        self.mover = Mover::Start;
        self.saddle = self.kept.take();
        self.saddles += 1;
        self.steps += 1;
        self.verdict = self.broken(&options.guards);
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

    pub(super) fn finish(self) -> Relaxation {
        // A structure that broke a guard is shown; one that ended well is the last one that was kept.
        let ended_well = self.verdict.as_ref().is_none_or(Verdict::is_usable);
        let kept = self.kept.as_ref();
        let crystal = kept.filter(|_| ended_well).map_or(&self.crystal, |kept| &kept.crystal);
        Relaxation {
            crystal: crystal.clone().wrapped(),
            energy_start: self.energy_start,
            max_force: kept.map_or(f64::NAN, |kept| kept.max_force),
            max_stress: kept.map_or(f64::NAN, |kept| kept.max_stress),
            steps: self.steps,
            saddles: self.saddles,
            prediction: self.kept.map(|kept| kept.prediction),
            // The loop ends only when every walker has a verdict.
            verdict: self.verdict.unwrap_or(Verdict::Converged),
        }
    }
}

/// The start with its symmetry made exact, and that symmetry: none where it may break, or where the part of the cell that is fixed
/// does not have it.
fn prepared(crystal: &Crystal, options: &RelaxOptions) -> (Crystal, CellSymmetry) {
    let as_it_is = || (crystal.clone(), CellSymmetry::trivial(crystal.sites.len()));
    if options.symprec <= 0.0 || matches!(options.cell, CellFreedom::Components(_)) {
        return as_it_is();
    }
    let (mut symmetric, symmetry) = CellSymmetry::find(crystal, options.symprec);
    if options.cell != CellFreedom::Free {
        if (symmetric.lattice.matrix() - crystal.lattice.matrix()).amax() > SAME_CELL {
            return as_it_is();
        }
        symmetric.lattice = crystal.lattice;
    }
    (symmetric, symmetry)
}

/// Length of the longest row; not finite when one of them is not.
pub(super) fn largest_row(rows: impl Iterator<Item = Vector3<f64>>) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_force_that_is_no_number_is_not_forgotten() {
        let row = |x| Vector3::new(x, 0.0, 0.0);
        assert_eq!(largest_row([row(1.0), row(-3.0), row(2.0)].into_iter()), 3.0);
        assert!(largest_row([row(1.0), row(f64::NAN), row(2.0)].into_iter()).is_nan());
        assert!(!largest_row([row(f64::INFINITY), row(2.0)].into_iter()).is_finite());
    }
}
