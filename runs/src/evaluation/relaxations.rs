//! Relaxations of many crystals, each computed once.

use std::sync::mpsc;

use druse_fitness::potential::Potential;
use druse_fitness::relax::{RelaxOptions, Relaxation, Verdict, relax};
use druse_representations::Crystal;
use druse_validation::checks::{CheckLimits, check};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, CacheError, Key, gather};
use crate::ledger::thread_cpu_seconds;

/// What became of a crystal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relaxed {
    /// The last structure; `None` when it ceased to be a crystal, or never was one.
    pub crystal: Option<Crystal>,
    /// Energy (eV/atom) of that structure.
    pub energy_per_atom: Option<f64>,
    /// Energy (eV/atom) of the start.
    pub energy_per_atom_start: Option<f64>,
    /// Steps taken.
    pub steps: usize,
    /// Whether the forces are below the limit.
    pub converged: bool,
    /// Largest force on an atom (eV/Å); `None` when there is none.
    pub max_force: Option<f64>,
    /// Largest stress component (GPa).
    pub max_stress: Option<f64>,
    /// Largest magnetic moment as a share of what its element can have, of potentials with moments.
    pub moment_ratio: Option<f64>,
    /// How it ended, in words.
    pub verdict: String,
    /// CPU seconds that it took.
    pub cpu_seconds: f64,
}

/// Relaxes with one potential and one set of options, and keeps what it has done.
pub struct Relaxer {
    potential: Box<dyn Potential>,
    options: RelaxOptions,
    batch: usize,
    cache: Cache,
}

impl Relaxer {
    /// `batch` crystals go to the potential together: 1 on processors, where that is fastest.
    pub fn new(potential: Box<dyn Potential>, options: RelaxOptions, batch: usize, cache: Cache) -> Self {
        Self { potential, options, batch: batch.max(1), cache }
    }

    /// The potential.
    pub fn potential(&self) -> &dyn Potential {
        self.potential.as_ref()
    }

    /// Everything that a relaxation depends on.
    pub fn protocol(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        format!("quasi-Newton steps that keep the symmetry, {options}; by {}", self.potential.hull_protocol())
    }

    /// Relaxes crystals on rayon's threads; one result each, in order. `progress` is told of every one
    /// that was not known before. Whatever was computed is kept, also when the process is killed a
    /// second later.
    ///
    /// # Errors
    /// When the file of known relaxations cannot be used.
    pub fn relax(
        &self,
        crystals: &[&Crystal],
        progress: &(dyn Fn() + Sync),
    ) -> Result<Vec<Relaxed>, CacheError> {
        let protocol = self.protocol();
        let mut results: Vec<Option<Relaxed>> = Vec::with_capacity(crystals.len());
        let mut missing: Vec<(usize, Key)> = Vec::new();
        for (number, crystal) in crystals.iter().enumerate() {
            // Finite or not, numbers of crystals have a text of their own.
            let text = serde_json::to_string(crystal).unwrap_or_default();
            let key = Key::of(&["relaxation with moments", &protocol, &text]);
            let known = self.cache.recall(&key)?;
            if known.is_none() {
                missing.push((number, key));
            }
            results.push(known);
        }
        let (sender, receiver) = mpsc::channel::<Vec<(usize, Key, Relaxed)>>();
        std::thread::scope(|scope| {
            let missing = &missing;
            scope.spawn(move || {
                // Nobody receives any more only when a write failed, and that error is told.
                let _ = missing.par_chunks(self.batch).try_for_each_with(sender, |sender, chunk| {
                    let batch: Vec<&Crystal> = chunk.iter().map(|&(number, _)| crystals[number]).collect();
                    let relaxed = self.relax_batch(&batch);
                    relaxed.iter().for_each(|_| progress());
                    let done = chunk.iter().zip(relaxed).map(|(&(number, key), one)| (number, key, one));
                    sender.send(done.collect())
                });
            });
            let written: Result<(), CacheError> = gather(&receiver, |done| {
                let entries: Vec<(Key, &Relaxed)> = done.iter().map(|(_, key, one)| (*key, one)).collect();
                self.cache.keep(&entries)?;
                for (number, _, one) in done {
                    results[number] = Some(one);
                }
                Ok(())
            });
            drop(receiver);
            written
        })?;
        let absent = || Relaxed::failed("no energy: the potential gave no result".to_owned());
        Ok(results.into_iter().map(|result| result.unwrap_or_else(absent)).collect())
    }

    fn relax_batch(&self, crystals: &[&Crystal]) -> Vec<Relaxed> {
        let start = thread_cpu_seconds();
        let faults: Vec<Option<String>> = crystals.iter().map(|crystal| fault(crystal)).collect();
        let possible: Vec<&Crystal> = crystals
            .iter()
            .zip(&faults)
            .filter(|(_, fault)| fault.is_none())
            .map(|(crystal, _)| *crystal)
            .collect();
        let mut relaxed = relax(self.potential.as_ref(), &possible, &self.options).into_iter();
        let share = (thread_cpu_seconds() - start) / possible.len().max(1) as f64;
        faults
            .into_iter()
            .map(|fault| match fault {
                Some(reason) => Relaxed::failed(reason),
                None => relaxed.next().map_or_else(
                    || Relaxed::failed("no energy: the potential gave no result".to_owned()),
                    |relaxation| {
                        let correction = self.potential.ledger(&relaxation.crystal).total();
                        Relaxed::of(relaxation, correction, share)
                    },
                ),
            })
            .collect()
    }
}

/// Why a crystal cannot be relaxed: disorder, or atoms on top of each other.
fn fault(crystal: &Crystal) -> Option<String> {
    if let Err(error) = crystal.elements() {
        return Some(error.to_string());
    }
    let violations: Vec<String> =
        check(crystal, &CheckLimits::CDVAE).iter().map(ToString::to_string).collect();
    (!violations.is_empty()).then(|| violations.join("; "))
}

impl Relaxed {
    fn failed(reason: String) -> Self {
        Self {
            crystal: None,
            energy_per_atom: None,
            energy_per_atom_start: None,
            steps: 0,
            converged: false,
            max_force: None,
            max_stress: None,
            moment_ratio: None,
            verdict: reason,
            cpu_seconds: 0.0,
        }
    }

    /// Energies with `correction` (eV).
    fn of(relaxation: Relaxation, correction: f64, cpu_seconds: f64) -> Self {
        let atoms = relaxation.crystal.sites.len() as f64;
        let usable = relaxation.verdict.is_usable();
        let finite = |x: f64| x.is_finite().then_some(x);
        let moment_ratio = relaxation.moment_ratio().and_then(finite);
        Self {
            energy_per_atom: relaxation
                .prediction
                .filter(|_| usable)
                .and_then(|prediction| finite((prediction.energy + correction) / atoms)),
            energy_per_atom_start: relaxation
                .energy_start
                .and_then(|energy| finite((energy + correction) / atoms)),
            steps: relaxation.steps,
            converged: relaxation.verdict == Verdict::Converged,
            max_force: finite(relaxation.max_force),
            max_stress: finite(relaxation.max_stress),
            moment_ratio,
            verdict: relaxation.verdict.to_string(),
            crystal: usable.then_some(relaxation.crystal),
            cpu_seconds,
        }
    }
}
