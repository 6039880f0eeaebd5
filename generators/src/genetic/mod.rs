//! Pareto genetic algorithms, the same for every kind of design.
//!
//! The population is what survives of all evaluated candidates by NSGA-II (Deb et al., IEEE Trans.
//! Evol. Comput. 6, 182 (2002)), NSGA-III (Deb and Jain, IEEE Trans. Evol. Comput. 18, 577 (2014)),
//! PL-MOGA's selection or a weighted sum, see [`Selection`]. Where children and newcomers come from is the business of a [`Breeder`]. The first
//! generation consists of newcomers, and a share of later generations does too.

mod lighthouse;
mod pl_moga;
mod population;
mod selection;
mod surrogate;
mod tournament;
mod weighted;

use std::collections::BTreeMap;

use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use selection::Selection;

use crate::breeding::{Breeder, Nursery, Screen, Sprout};
use crate::generator::{Evaluated, Generator, GeneratorError, Proposal};
use crate::stream::stream;
use population::{Member, Population};
use surrogate::{Archive, Outlook, SavedRows, Sight};
use tournament::Tournament;

/// Settings of the genetic algorithms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneticOptions {
    /// Members of the population.
    pub population: usize,
    /// Proposals of the first generation.
    pub initial: usize,
    /// Crystals: share of substituted structure types among candidates without parents; the rest is
    /// random.
    pub prototypes: f64,
    /// Share of candidates without parents after the first generation.
    pub newcomers: f64,
    /// Crystals: tolerance (Å) with which relaxed ones are encoded.
    pub symprec: f64,
    /// Weighted sum: weights of the objectives in order; objectives past its end have weight 1.
    pub weights: Vec<f64>,
    /// Lighthouse: scales of the objectives in order, 0 for none. A candidate that is worse than the
    /// median of members and offspring by more than this factor ranks behind all that are not.
    /// Objectives past its end have none.
    pub lighthouse: Vec<f64>,
    /// Children made for each candidate, of which a surrogate that learnt from all evaluated designs
    /// chooses one; 1 for no surrogate.
    pub screen: usize,
}

impl Default for GeneticOptions {
    /// 40 members, first generation of 40, 60 % structure types, 15 % newcomers, 0.05 Å; equal
    /// weights, no lighthouse.
    fn default() -> Self {
        Self {
            population: 40,
            initial: 40,
            prototypes: 0.6,
            newcomers: 0.15,
            symprec: 0.05,
            weights: Vec::new(),
            lighthouse: Vec::new(),
            screen: 1,
        }
    }
}

/// A genetic algorithm, named after its [`Selection`].
#[derive(Clone, Debug)]
pub struct Genetic<B: Breeder> {
    nursery: Nursery<B>,
    options: GeneticOptions,
    population: Population<B::Genome>,
    /// Genomes of proposals that are not evaluated yet, by candidate number.
    pending: BTreeMap<u64, B::Genome>,
    /// Features of proposals that are not evaluated yet, by candidate number; empty without a surrogate.
    outlooks: BTreeMap<u64, Outlook>,
    /// Proposals so far.
    proposed: u64,
    /// What the surrogate learns from; empty without one.
    archive: Archive,
}

/// What a saved state holds.
#[derive(Deserialize)]
struct Saved<G> {
    ledger: Value,
    population: Population<G>,
    pending: BTreeMap<u64, G>,
    #[serde(default)]
    outlooks: BTreeMap<u64, Outlook>,
    proposed: u64,
    /// Rows of the archive stand in the journal; states of older versions hold them.
    #[serde(default)]
    archive: SavedRows,
}

impl<B: Breeder> Genetic<B> {
    /// A genetic algorithm on the designs of a breeder.
    pub fn new(selection: Selection, breeder: B, seed: u64, options: GeneticOptions) -> Self {
        Self {
            nursery: Nursery::new(selection.name(), seed, breeder),
            population: Population::new(selection, &options),
            pending: BTreeMap::new(),
            outlooks: BTreeMap::new(),
            proposed: 0,
            archive: Archive::default(),
            options,
        }
    }

    /// Under another name than that of its selection, to tell it from one on another representation.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.nursery.name = name.into();
        self
    }

    /// Proposals that broke a constraint and were held back; 0 unless there is a mistake.
    pub fn violations(&self) -> u64 {
        self.nursery.ledger.violations
    }
}

impl<B: Breeder> Generator<B::Design> for Genetic<B> {
    fn name(&self) -> &str {
        &self.nursery.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<B::Design>>, GeneratorError> {
        /// Fewer members than this have too little to mix.
        const SMALLEST_POPULATION: usize = 4;
        /// Trials for one candidate after which it is made without parents.
        const STUCK: usize = 200;
        let options = &self.options;
        let few = self.population.members().len() < SMALLEST_POPULATION;
        let (population, before) = (&self.population, self.proposed);
        let standings = population.standings();
        let breeder = self.nursery.breeder.clone();
        let tournament = (options.screen > 1).then(|| Tournament::new(&breeder, &self.archive));
        let tournament = tournament.filter(Tournament::can_tell);
        let choose =
            tournament.as_ref().map(|one| |number, sprouts: &[&Sprout<B>]| one.choose(number, sprouts));
        let screen = choose.as_ref().map(|choose| Screen { sprouts: options.screen, choose });
        let proposals = self.nursery.propose(first, n, screen.as_ref(), |breeder, number, trial, rng| {
            let initial = before + (number - first) < options.initial as u64;
            // A population that is alike has no new children long before the space is used up.
            let stuck = trial >= STUCK;
            if initial || few || stuck || rng.random::<f64>() < options.newcomers {
                return breeder.newcomer(rng).map(|sprout| (sprout, Vec::new()));
            }
            let operator = breeder.operator(rng);
            let mate = |rng: &mut _| population.choose(&standings, rng);
            let (first, second) = (mate(rng)?, mate(rng)?);
            let sprout = breeder.child(operator, &first.genome, &second.genome, rng)?;
            let mut parents = vec![first.number];
            if sprout.parents > 1 && second.number != first.number {
                parents.push(second.number);
            }
            Some((sprout, parents))
        })?;
        self.proposed += proposals.len() as u64;
        if self.options.screen > 1 {
            self.outlooks.extend(tournament.map(Tournament::into_outlooks).unwrap_or_default());
            let proposed = proposals.iter().map(|(proposal, _)| (proposal.number, &proposal.design));
            let unseen: Vec<_> = proposed.filter(|(number, _)| !self.outlooks.contains_key(number)).collect();
            let breeder = &self.nursery.breeder;
            let outlook =
                |design| Outlook { features: breeder.features(design), appraisal: breeder.appraise(design) };
            let outlooks: Vec<(u64, Outlook)> =
                unseen.into_par_iter().map(|(number, design)| (number, outlook(design))).collect();
            self.outlooks.extend(outlooks);
        }
        Ok(proposals
            .into_iter()
            .map(|(proposal, genome)| {
                self.pending.insert(proposal.number, genome);
                proposal
            })
            .collect())
    }

    fn learn(&mut self, evaluated: &[Evaluated<B::Design>]) {
        let mut members = Vec::new();
        for one in evaluated {
            // A number that is known already is corrected: its member gives way to what it is now.
            let member = self.population.remove(one.number).map(|member| member.genome);
            let proposed = self.pending.remove(&one.number).or(member);
            if self.options.screen > 1 {
                let known = self.outlooks.remove(&one.number);
                let breeder = &self.nursery.breeder;
                let outlook = known.unwrap_or_else(|| {
                    // What an appraisal says of a proposal cannot be said of what it became.
                    let features = if B::APPRAISES { Vec::new() } else { breeder.features(&one.design) };
                    Outlook { features, appraisal: Vec::new() }
                });
                let costs = one.costs.as_deref().unwrap_or(&[f64::INFINITY]);
                let kin = breeder.kin(&one.design);
                self.archive.learn(one.number, Sight { outlook, kin }, costs, one.violation == 0.0);
            }
            let Some(costs) = &one.costs else { continue };
            let Some(genome) = self.nursery.breeder.genome(&one.design, proposed) else { continue };
            members.push(Member::new(one.number, genome, costs.clone(), one.violation));
        }
        // Selection draws from streams at the far end, which no candidate number reaches.
        let mut rng = stream(self.nursery.seed, u64::MAX - self.population.generation());
        self.population.survive(members, &mut rng);
    }

    fn state(&self) -> Value {
        json!({
            "ledger": self.nursery.state(),
            "population": self.population,
            "pending": self.pending,
            "outlooks": self.outlooks,
            "proposed": self.proposed,
        })
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let saved: Saved<B::Genome> = serde_json::from_value(state.clone())
            .map_err(|error| self.nursery.bad_state(&error.to_string()))?;
        if !self.population.is_like(&saved.population) {
            return Err(self
                .nursery
                .bad_state("another selection, size of the population, weights or lighthouse"));
        }
        let breeder = &self.nursery.breeder;
        let mut genomes = saved.population.members().iter().map(|member| &member.genome);
        if !saved.population.is_sound()
            || !genomes.all(|genome| breeder.is_valid(genome))
            || !saved.pending.values().all(|genome| breeder.is_valid(genome))
        {
            return Err(self.nursery.bad_state("the saved population contradicts itself"));
        }
        self.nursery.restore(&saved.ledger)?;
        (self.population, self.pending, self.proposed) = (saved.population, saved.pending, saved.proposed);
        self.outlooks = saved.outlooks;
        self.archive = saved.archive.into_archive();
        Ok(())
    }

    fn journal(&mut self) -> Vec<Value> {
        let mut entries = self.nursery.journal();
        let rows = self.archive.take_fresh();
        if !rows.is_empty() {
            entries.push(json!({ "learnt": rows }));
        }
        entries
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        if self.nursery.replay(entry) {
            return Ok(());
        }
        let bad = |reason: String| self.nursery.bad_state(&reason);
        let rows = entry.get("learnt").ok_or_else(|| bad("not its journal".to_owned()))?;
        let rows: Vec<_> = Vec::deserialize(rows).map_err(|error| bad(error.to_string()))?;
        self.archive.recall(&rows);
        Ok(())
    }
}

#[cfg(test)]
impl<B: Breeder> Genetic<B> {
    /// Numbers of members and of candidates that are not evaluated yet.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.population.members().len(), self.pending.len())
    }
}
