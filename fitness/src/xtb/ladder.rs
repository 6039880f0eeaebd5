//! Retries with other settings when the electronic structure or the optimisation fails.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Failure, Job, Method, Xtb, XtbResult};

/// Electronic temperature (K) of the second rung, which smears the orbitals that make the
/// self-consistent charges oscillate.
const WARM: f64 = 1000.0;

/// Settings of an attempt, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// As the job says.
    AsAsked,
    /// At 1000 K, then again at the asked temperature from that wave function and geometry.
    Warm,
    /// 500 iterations, accuracy 5.
    Loose,
    /// GFN1-xTB in place of GFN2-xTB: energies of another scale.
    Gfn1,
}

impl Rung {
    /// Number from 1, for tables.
    pub fn number(self) -> u8 {
        match self {
            Self::AsAsked => 1,
            Self::Warm => 2,
            Self::Loose => 3,
            Self::Gfn1 => 4,
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsAsked => "as asked",
            Self::Warm => "1000 K first",
            Self::Loose => "500 iterations, accuracy 5",
            Self::Gfn1 => "GFN1-xTB",
        })
    }
}

/// A result and what it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The result; its `method` tells which Hamiltonian it is of.
    pub result: XtbResult,
    /// Settings that gave it.
    pub rung: Rung,
    /// Settings that failed before.
    pub failures: Vec<(Rung, Failure)>,
}

impl Xtb {
    /// Runs a job, and again with more forgiving settings when charges or geometry do not converge.
    /// Only a GFN2 job without settings of its own for temperature, iterations and accuracy is
    /// retried, and only when `allow_gfn1` ever with another Hamiltonian.
    ///
    /// # Errors
    /// The failure at once when other settings cannot help (input, time limit, signal, unreadable
    /// output), else [`Failure::Exhausted`].
    pub fn run_with_retries(&self, job: &Job, allow_gfn1: bool) -> Result<Attempt, Failure> {
        let own_settings =
            job.electronic_temperature.is_some() || job.iterations.is_some() || job.accuracy.is_some();
        let rungs: &[Rung] = match (job.method, own_settings, allow_gfn1) {
            (Method::Gfn2, false, true) => &[Rung::AsAsked, Rung::Warm, Rung::Loose, Rung::Gfn1],
            (Method::Gfn2, false, false) => &[Rung::AsAsked, Rung::Warm, Rung::Loose],
            _ => &[Rung::AsAsked],
        };
        let mut failures: Vec<(Rung, Failure)> = Vec::new();
        for &rung in rungs {
            match self.attempt(job, rung) {
                Ok(result) => return Ok(Attempt { result, rung, failures }),
                Err(failure) if failure.is_electronic() => failures.push((rung, failure)),
                Err(failure) => return Err(failure),
            }
        }
        let retries = failures.len().saturating_sub(1);
        match failures.into_iter().next() {
            Some((_, first)) if retries > 0 => Err(Failure::Exhausted { first: Box::new(first), retries }),
            Some((_, first)) => Err(first),
            // There is at least one rung.
            None => Err(Failure::Input("no settings to try".into())),
        }
    }

    fn attempt(&self, job: &Job, rung: Rung) -> Result<XtbResult, Failure> {
        match rung {
            Rung::AsAsked => self.run(job),
            Rung::Warm => {
                let warm = Job { electronic_temperature: Some(WARM), ..job.clone() };
                let (first, folder) = self.run_from(&warm, None)?;
                let again = Job { molecule: first.molecule, ..job.clone() };
                let (mut result, _) = self.run_from(&again, Some(&folder))?;
                result.seconds += first.seconds;
                Ok(result)
            }
            Rung::Loose => self.run(&Job { iterations: Some(500), accuracy: Some(5.0), ..job.clone() }),
            Rung::Gfn1 => self.run(&job.clone().with_method(Method::Gfn1)),
        }
    }
}
