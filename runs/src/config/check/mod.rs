//! From [`CampaignConfig`] to [`Campaign`]: every setting by itself, then against the others.

mod cache;
mod complexes;
mod evaluation;
mod filter;
mod generators;
mod learned;
mod pressure;
mod program;
mod reference;
mod slurm;
mod space;
mod tiers;
mod warm_start;

use std::path::Path;

use druse_fitness::property;
use druse_representations::{Complex, Crystal, Design};

use super::campaign::{Campaign, CrystalSpec, Domain, GeneratorSpec, LimitSpec, ObjectiveSpec, TierSpec};
use super::file::{BudgetSection, CampaignConfig, ComplexesSection};
use super::filter::FunnelSpec;
use super::mistake::Mistake;
use crate::engine::Budgets;
use crate::ledger::WORLD_GRAMS_PER_KWH;
use crate::plugins::Plugins;
use cache::check_cache;
use complexes::check_complexes;
use evaluation::{
    AUDIT_PROPERTIES, COMPLEX_NEEDS, COMPLEX_PROPERTIES, CRYSTAL_NEEDS, CRYSTAL_PROPERTIES, check_checks,
    check_energies, check_limits, check_objectives, check_relax, check_second_opinion, check_trust,
};
use filter::check_funnel;
use generators::check_generators;
use pressure::check_under_pressure;
use reference::{check_precursors, check_reference, check_verdicts};
use slurm::{check_executor, check_files, check_slurm};
use space::check_space;
use tiers::{check_tiers, written};
use warm_start::check_warm_start;

/// Children for each candidate of a campaign of complexes.
const SCREEN: u64 = 20;

impl CampaignConfig {
    /// Checks every setting; `base` is the folder that relative paths of reference files start
    /// from, and the file may name these plug-ins.
    ///
    /// # Errors
    /// All mistakes that were found, each with its key.
    pub fn check(&self, base: &Path, plugins: &Plugins) -> Result<Campaign, Vec<Mistake>> {
        let mut mistakes = Mistakes::default();
        let section = &self.campaign;
        let name = check_name(section.name.as_deref(), &mut mistakes);
        let population = section.population.unwrap_or(40);
        if population < 2 {
            mistakes.report("campaign.population", population, "2 or more");
        }
        match section.budget {
            None => mistakes.missing("campaign.budget", "the number of candidates to evaluate"),
            Some(budget) if budget < population => mistakes.report(
                "campaign.budget",
                budget,
                format!("at least one generation, campaign.population = {population}"),
            ),
            Some(_) => {}
        }
        let budgets = check_budgets(&self.budget, &mut mistakes);
        let grams = match self.ledger.grams_co2_per_kwh {
            Some(grams) if !(grams.is_finite() && grams >= 0.0) => {
                mistakes.report("ledger.grams_co2_per_kwh", grams, "a number from 0 on (g/kWh)");
                WORLD_GRAMS_PER_KWH
            }
            given => given.unwrap_or(WORLD_GRAMS_PER_KWH),
        };
        let executor = check_executor(section.executor.as_deref(), &mut mistakes);
        let slurm = check_slurm(&self.slurm, &mut mistakes);
        let files = check_files(&self.files, &mut mistakes);
        let novelty =
            check_reference("novelty.reference", self.novelty.reference.as_deref(), base, &mut mistakes);
        let cache = check_cache(&self.cache, base, &mut mistakes);
        let parts = match section.domain.as_deref() {
            Some(Complex::DOMAIN) => self.check_complexes(base, population, plugins, &mut mistakes),
            None | Some(Crystal::DOMAIN) => self.check_crystals(base, population, plugins, &mut mistakes),
            Some(other) => {
                let known = [Crystal::DOMAIN, Complex::DOMAIN];
                mistakes.add(
                    Mistake::new("campaign.domain", quoted(other), one_of(&known)).nearest(other, known),
                );
                // The rest is checked as what it looks like.
                match self.complexes {
                    Some(_) => self.check_complexes(base, population, plugins, &mut mistakes),
                    None => self.check_crystals(base, population, plugins, &mut mistakes),
                }
            }
        };
        let warm_start = parts
            .as_ref()
            .and_then(|parts| check_warm_start(&self.warm_start, &parts.domain, base, &mut mistakes));
        let (true, Some(parts), Some(novelty), Some(name), Some(budget)) =
            (mistakes.0.is_empty(), parts, novelty, name, section.budget)
        else {
            return Err(mistakes.0);
        };
        Ok(Campaign {
            name,
            seed: section.seed.unwrap_or(0),
            domain: parts.domain,
            budget,
            budgets,
            grams_co2_per_kwh: grams,
            population: population as usize,
            warm_start,
            generators: parts.generators,
            tiers: parts.tiers,
            objectives: parts.objectives,
            limits: parts.limits,
            funnel: parts.funnel,
            novelty,
            executor,
            slurm,
            files,
            cache,
            directory: self.output.directory.as_ref().map(Into::into),
            plugins: plugins.clone(),
        })
    }

    fn check_crystals(
        &self,
        base: &Path,
        population: u64,
        plugins: &Plugins,
        mistakes: &mut Mistakes,
    ) -> Option<Parts> {
        let own = plugins.parts::<Crystal>();
        let tables = [
            ("complexes", self.complexes.is_some()),
            ("ligands", self.ligands.is_some()),
            ("xtb", self.xtb.is_some()),
        ];
        refuse(&tables, Complex::DOMAIN, mistakes);
        let space = check_space(&self.space, mistakes);
        let mut generators = check_generators(&self.generator, population, own, base, mistakes);
        for (generator, section) in generators.iter_mut().zip(&self.generator) {
            generator.options.screen = section.screen.unwrap_or(1) as usize;
        }
        let relax = self.relax.as_ref().map(|relax| check_relax(relax, &space, plugins, base, mistakes));
        if self.second_opinion.is_some() && relax.is_none() {
            mistakes.report("second_opinion", "it without [relax]", "a [relax] table as well");
        }
        let second_opinion = self.second_opinion.as_ref().map(|section| {
            check_second_opinion(section, relax.as_ref().and_then(Option::as_ref), plugins, base, mistakes)
        });
        let mut properties = AUDIT_PROPERTIES.map(str::to_owned).to_vec();
        properties.extend(crate::crystals::estimated());
        if relax.is_some() {
            properties.extend(CRYSTAL_PROPERTIES.map(str::to_owned));
            if relax.as_ref().and_then(Option::as_ref).is_some_and(|relax| relax.pressure != 0.0) {
                properties.push(property::ENTHALPY_PER_ATOM.to_owned());
            }
        } else if self.trust != Default::default() {
            mistakes.report("trust", "it without [relax]", "a [relax] table as well");
        }
        if second_opinion.is_some() {
            properties.push(property::ENERGY_ABOVE_HULL_FIRST.to_owned());
            properties.push(property::doubt_of(property::ENERGY_ABOVE_HULL));
        }
        properties.extend(written(&self.tier, own));
        let objectives = check_objectives(&self.objective, own, &CRYSTAL_NEEDS, &properties, base, mistakes);
        let mut limits = check_limits(&self.limit, &properties, &objectives, mistakes);
        // What is flagged is not called stable, unless the file says how many flags may be.
        if relax.is_some() && limits.iter().all(|limit| limit.name != property::FLAGGED) {
            limits.push(LimitSpec { name: property::FLAGGED.to_owned(), min: None, max: Some(0.0) });
        }
        let funnel = check_funnel(self, &properties, &objectives, mistakes);
        let reject = check_verdicts("novelty.reject", self.novelty.reject.as_deref(), mistakes);
        let checks = check_checks(&self.checks, mistakes);
        let trust = check_trust(&self.trust, mistakes);
        let hull = check_reference("hull.reference", self.hull.reference.as_deref(), base, mistakes)?;
        if let Some(Some(relax)) = &relax
            && objectives.iter().any(|objective| CRYSTAL_NEEDS.objectives.contains(&objective.name.as_str()))
        {
            check_energies("relax.model", &relax.model, "hull.reference", &hull, mistakes);
        }
        let precursors = check_precursors(self.hull.precursors.as_ref(), base, mistakes);
        // What was asked for and cannot be had was reported.
        let relax = relax.map_or(Some(None), |checked| checked.map(Some))?;
        let second_opinion = second_opinion.map_or(Some(None), |checked| checked.map(Some))?;
        let named = || {
            objectives
                .iter()
                .map(|o| o.name.as_str())
                .chain(limits.iter().map(|l| l.name.as_str()))
                .chain(funnel.filters.iter().map(|f| f.limit.name.as_str()))
        };
        if let Some(relax) = &relax {
            check_under_pressure(relax, &hull, second_opinion.as_ref(), named(), mistakes);
        }
        let spec = CrystalSpec { space, relax, second_opinion, trust, checks, hull, precursors, reject };
        let names = crate::crystals::funnel(&spec, named);
        let tiers = check_tiers(&self.tier, own, &names, mistakes);
        Some(Parts { domain: Domain::Crystal(Box::new(spec)), generators, tiers, objectives, limits, funnel })
    }

    fn check_complexes(
        &self,
        base: &Path,
        population: u64,
        plugins: &Plugins,
        mistakes: &mut Mistakes,
    ) -> Option<Parts> {
        let own = plugins.parts::<Complex>();
        let tables = [
            ("space", self.space != Default::default()),
            ("relax", self.relax.is_some()),
            ("second_opinion", self.second_opinion.is_some()),
            ("trust", self.trust != Default::default()),
            ("checks", self.checks != Default::default()),
            ("hull", self.hull != Default::default()),
            ("novelty.reject", self.novelty.reject.is_some()),
        ];
        refuse(&tables, Crystal::DOMAIN, mistakes);
        let default = ComplexesSection::default();
        let section = self.complexes.as_ref().unwrap_or(&default);
        let spec = check_complexes(section, self.ligands.as_ref(), self.xtb.as_ref(), base, mistakes);
        let mut generators = check_generators(&self.generator, population, own, base, mistakes);
        // Complexes have features that a surrogate learns from; PL-MOGA and the weighted sum are baselines.
        for (index, generator) in generators.iter_mut().enumerate() {
            let given = self.generator.get(index).and_then(|section| section.screen);
            let default = if matches!(generator.kind.as_str(), "nsga2" | "nsga3") { SCREEN } else { 1 };
            generator.options.screen = given.unwrap_or(default) as usize;
        }
        for (index, section) in self.generator.iter().enumerate() {
            for (name, given) in
                [("prototypes", section.prototypes.is_some()), ("symprec", section.symprec.is_some())]
            {
                if given {
                    let key = format!("generator[{index}].{name}");
                    mistakes.report(key, "it in a campaign of complexes", "it for crystals only");
                }
            }
        }
        let mut properties = Vec::new();
        if spec.xtb.is_some() {
            properties.extend(COMPLEX_PROPERTIES.map(str::to_owned));
        }
        properties.extend(written(&self.tier, own));
        let objectives = check_objectives(&self.objective, own, &COMPLEX_NEEDS, &properties, base, mistakes);
        let limits = check_limits(&self.limit, &properties, &objectives, mistakes);
        let funnel = check_funnel(self, &properties, &objectives, mistakes);
        let tiers = check_tiers(&self.tier, own, &crate::complexes::funnel(&spec), mistakes);
        Some(Parts { domain: Domain::Complex(Box::new(spec)), generators, tiers, objectives, limits, funnel })
    }
}

/// What differs between the domains.
struct Parts {
    domain: Domain,
    generators: Vec<GeneratorSpec>,
    tiers: Vec<TierSpec>,
    objectives: Vec<ObjectiveSpec>,
    limits: Vec<LimitSpec>,
    funnel: FunnelSpec,
}

/// Tables and keys of the other domain, which say that a file means something else than it does.
fn refuse(tables: &[(&str, bool)], domain: &str, mistakes: &mut Mistakes) {
    for (table, _) in tables.iter().filter(|(_, given)| *given) {
        let expected = format!("it beside campaign.domain = \"{domain}\" only");
        mistakes.report(*table, "it in a campaign of the other domain", expected);
    }
}

#[derive(Default)]
struct Mistakes(Vec<Mistake>);

impl Mistakes {
    fn add(&mut self, mistake: Mistake) {
        self.0.push(mistake);
    }

    fn report(&mut self, key: impl Into<String>, found: impl ToString, expected: impl Into<String>) {
        self.add(Mistake::new(key, found.to_string(), expected));
    }

    fn missing(&mut self, key: impl Into<String>, expected: impl Into<String>) {
        self.add(Mistake::missing(key, expected));
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn check_name(name: Option<&str>, mistakes: &mut Mistakes) -> Option<String> {
    let Some(name) = name else {
        mistakes.missing("campaign.name", "a name for the campaign");
        return None;
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        mistakes.report(
            "campaign.name",
            quoted(name),
            "letters, digits, '-', '_' and '.', not starting with '.'",
        );
    }
    Some(name.to_owned())
}

fn check_budgets(section: &BudgetSection, mistakes: &mut Mistakes) -> Budgets {
    let mut above = |key: &str, value: Option<f64>, unit: &str| {
        value.map(|value| positive(&format!("budget.{key}"), Some(value), value, unit, mistakes))
    };
    let budgets = Budgets {
        evaluations: section.max_evaluations,
        hours: above("max_wall", section.max_wall, "hours"),
        kwh: above("max_kwh", section.max_kwh, "kWh"),
        gain_per_kwh: above("min_gain_per_kwh", section.min_gain_per_kwh, "1/kWh"),
    };
    if section.max_evaluations == Some(0) {
        mistakes.report("budget.max_evaluations", 0, "1 or more");
    }
    budgets
}

fn positive(key: &str, value: Option<f64>, default: f64, unit: &str, mistakes: &mut Mistakes) -> f64 {
    let value = value.unwrap_or(default);
    if !(value.is_finite() && value > 0.0) {
        let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
        mistakes.report(key, value, format!("a number above 0{unit}"));
    }
    value
}

fn one_of(names: &[&str]) -> String {
    format!("one of {}", names.join(", "))
}
