//! Pareto genetic algorithms on symmetry codes.
//!
//! The population is what survives of all evaluated candidates by NSGA-II (Deb et al., IEEE Trans.
//! Evol. Comput. 6, 182 (2002)) or NSGA-III (Deb and Jain, IEEE Trans. Evol. Comput. 18, 577
//! (2014)). Children come from operators on space group, cell and Wyckoff positions, so every
//! child is symmetric; each operator has a file. The first generation is a mixture of known
//! structure types with other elements and of random symmetric crystals, and a share of later
//! generations is too. Learning encodes the relaxed crystals: what relaxed away from its parent's
//! symmetry is inherited as it is.

mod crossover;
mod decorate;
mod occupancy;
mod operator;
mod perturb;
mod population;
mod relocate;
mod substitute;
mod symmetrise;

use std::collections::BTreeMap;

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Representation};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use operator::Operator;
pub use population::Selection;

use crate::building::{Draft, Workshop};
use crate::generator::{Evaluated, Generator, GeneratorError, Proposal};
use crate::random::random_draft;
use crate::space::{DesignSpace, SpaceError};
use crate::stream::stream;
use crate::substitution::{Template, substituted_draft, templates};
use population::{Member, Population};

/// Settings of the genetic algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneticOptions {
    /// Members of the population.
    pub population: usize,
    /// Proposals of the first generation.
    pub initial: usize,
    /// Share of substituted structure types among candidates without parents; the rest is random.
    pub prototypes: f64,
    /// Share of candidates without parents after the first generation.
    pub newcomers: f64,
    /// Tolerance (Å) with which relaxed crystals are encoded.
    pub symprec: f64,
}

impl Default for GeneticOptions {
    /// 40 members, first generation of 40, 60 % structure types, 15 % newcomers, 0.05 Å.
    fn default() -> Self {
        Self { population: 40, initial: 40, prototypes: 0.6, newcomers: 0.15, symprec: 0.05 }
    }
}

/// A Pareto genetic algorithm: `nsga2` or `nsga3`.
#[derive(Clone, Debug)]
pub struct Genetic {
    workshop: Workshop,
    options: GeneticOptions,
    templates: Vec<Template>,
    population: Population,
    /// Codes of proposals that are not evaluated yet, by candidate number.
    pending: BTreeMap<u64, SymmetryCode>,
    /// Proposals so far.
    proposed: u64,
}

/// What a saved state holds.
#[derive(Deserialize)]
struct Saved {
    ledger: Value,
    population: Population,
    pending: BTreeMap<u64, SymmetryCode>,
    proposed: u64,
}

impl Genetic {
    /// A genetic algorithm on a design space.
    ///
    /// # Errors
    /// When the space contradicts itself.
    pub fn new(
        selection: Selection,
        space: &DesignSpace,
        seed: u64,
        options: GeneticOptions,
    ) -> Result<Self, SpaceError> {
        Ok(Self {
            workshop: Workshop::new(selection.name(), space, seed)?,
            templates: templates(space),
            population: Population::new(selection, options.population.max(2)),
            pending: BTreeMap::new(),
            proposed: 0,
            options,
        })
    }

    /// Proposals that broke a constraint and were held back; 0 unless there is a mistake.
    pub fn violations(&self) -> u64 {
        self.workshop.ledger.violations
    }
}

/// A candidate without parents.
fn newcomer<R: Rng + ?Sized>(
    workshop: &Workshop,
    templates: &[Template],
    share: f64,
    rng: &mut R,
) -> Option<Draft> {
    if rng.random::<f64>() < share && !templates.is_empty() {
        substituted_draft(workshop, templates, rng)
    } else {
        random_draft(workshop, rng)
    }
}

impl Generator<Crystal> for Genetic {
    fn name(&self) -> &str {
        self.workshop.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Crystal>>, GeneratorError> {
        /// Fewer members than this have too little to mix.
        const SMALLEST_POPULATION: usize = 4;
        let (options, templates) = (self.options, &self.templates);
        let few = self.population.members().len() < SMALLEST_POPULATION;
        let (population, before) = (&self.population, self.proposed);
        let standings = population.standings();
        let proposals = self.workshop.propose(first, n, |workshop, number, rng| {
            let initial = before + (number - first) < options.initial as u64;
            if initial || few || rng.random::<f64>() < options.newcomers {
                return newcomer(workshop, templates, options.prototypes, rng);
            }
            let mate = |rng: &mut _| population.choose(&standings, rng);
            Operator::choose(rng).draft(workshop, mate(rng)?, mate(rng)?, rng)
        })?;
        self.proposed += proposals.len() as u64;
        Ok(proposals
            .into_iter()
            .map(|(proposal, code)| {
                self.pending.insert(proposal.number, code);
                proposal
            })
            .collect())
    }

    fn learn(&mut self, evaluated: &[Evaluated<Crystal>]) {
        let representation = SymmetryRepresentation::new(self.options.symprec);
        let mut members = Vec::new();
        for one in evaluated {
            let proposed = self.pending.remove(&one.number);
            let Some(costs) = &one.costs else { continue };
            // What cannot be encoded after relaxation is remembered as it was proposed.
            let Some(code) = representation.encode(&one.design).ok().or(proposed) else { continue };
            members.push(Member::new(one.number, code, costs.clone(), one.violation));
        }
        // Selection draws from streams at the far end, which no candidate number reaches.
        let mut rng = stream(self.workshop.seed, u64::MAX - self.population.generation());
        self.population.survive(members, &mut rng);
    }

    fn state(&self) -> Value {
        json!({
            "ledger": self.workshop.state(),
            "population": self.population,
            "pending": self.pending,
            "proposed": self.proposed,
        })
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let saved: Saved = serde_json::from_value(state.clone())
            .map_err(|error| self.workshop.bad_state(&error.to_string()))?;
        if !self.population.is_like(&saved.population) {
            return Err(self.workshop.bad_state("another selection or size of the population"));
        }
        if !saved.population.is_sound() || !saved.pending.values().all(SymmetryCode::is_valid) {
            return Err(self.workshop.bad_state("the saved population contradicts itself"));
        }
        self.workshop.restore(&saved.ledger)?;
        (self.population, self.pending, self.proposed) = (saved.population, saved.pending, saved.proposed);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
