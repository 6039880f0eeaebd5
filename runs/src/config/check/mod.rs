//! From [`CampaignConfig`] to [`Campaign`]: every setting by itself, then against the others.

mod complexes;
mod evaluation;
mod program;
mod reference;
mod space;

use std::path::Path;

use druse_fitness::objectives::{known, known_complex_objectives};
use druse_generators::{COMPLEX_GENERATORS, CRYSTAL_GENERATORS, GeneticOptions};
use druse_representations::{Complex, Crystal, Design};

use super::campaign::{Campaign, CrystalSpec, Domain, GeneratorSpec, LimitSpec, ObjectiveSpec, Reference};
use super::file::{BudgetSection, CampaignConfig, ComplexesSection, GeneratorSection};
use super::mistake::Mistake;
use crate::engine::Budgets;
use crate::ledger::WORLD_GRAMS_PER_KWH;
use complexes::check_complexes;
use evaluation::{
    AUDIT_PROPERTIES, COMPLEX_NEEDS, COMPLEX_PROPERTIES, CRYSTAL_NEEDS, CRYSTAL_PROPERTIES, MODELS,
    SHIPPED_MODEL, check_checks, check_limits, check_objectives, check_relax,
};
use program::{PROCESS, check_program_generator};
use reference::{check_reference, check_verdicts};
use space::check_space;

/// Children for each candidate of a campaign of complexes.
const SCREEN: u64 = 20;

/// Algorithm of a campaign that names none.
const DEFAULT_GENERATOR: &str = "nsga3";

impl CampaignConfig {
    /// Checks every setting; `base` is the folder that relative paths of reference files start
    /// from.
    ///
    /// # Errors
    /// All mistakes that were found, each with its key.
    pub fn check(&self, base: &Path) -> Result<Campaign, Vec<Mistake>> {
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
        let novelty =
            check_reference("novelty.reference", self.novelty.reference.as_deref(), base, &mut mistakes);
        let parts = match section.domain.as_deref() {
            Some(Complex::DOMAIN) => self.check_complexes(base, population, &mut mistakes),
            None | Some(Crystal::DOMAIN) => self.check_crystals(base, population, &mut mistakes),
            Some(other) => {
                let known = [Crystal::DOMAIN, Complex::DOMAIN];
                mistakes.add(
                    Mistake::new("campaign.domain", quoted(other), one_of(&known)).nearest(other, known),
                );
                // The rest is checked as what it looks like.
                match self.complexes {
                    Some(_) => self.check_complexes(base, population, &mut mistakes),
                    None => self.check_crystals(base, population, &mut mistakes),
                }
            }
        };
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
            generators: parts.generators,
            objectives: parts.objectives,
            limits: parts.limits,
            novelty,
            directory: self.output.directory.as_ref().map(Into::into),
        })
    }

    fn check_crystals(&self, base: &Path, population: u64, mistakes: &mut Mistakes) -> Option<Parts> {
        let tables = [
            ("complexes", self.complexes.is_some()),
            ("ligands", self.ligands.is_some()),
            ("xtb", self.xtb.is_some()),
        ];
        refuse(&tables, Complex::DOMAIN, mistakes);
        let space = check_space(&self.space, mistakes);
        let generators =
            check_generators(&self.generator, population, &names(&CRYSTAL_GENERATORS), base, mistakes);
        for (index, section) in self.generator.iter().enumerate() {
            if section.screen.is_some() {
                let key = format!("generator[{index}].screen");
                mistakes.report(key, "it in a campaign of crystals", "it for complexes only");
            }
        }
        let relax = self.relax.as_ref().map(|relax| check_relax(relax, &space, mistakes));
        let objectives =
            check_objectives(&self.objective, known(), &CRYSTAL_NEEDS, relax.is_some(), base, mistakes);
        let of_relaxation: &[&str] = if relax.is_some() { &CRYSTAL_PROPERTIES } else { &[] };
        let properties = [&AUDIT_PROPERTIES, of_relaxation].concat();
        let limits = check_limits(&self.limit, &properties, &objectives, mistakes);
        let reject = check_verdicts("novelty.reject", self.novelty.reject.as_deref(), mistakes);
        let checks = check_checks(&self.checks, mistakes);
        let hull = check_reference("hull.reference", self.hull.reference.as_deref(), base, mistakes)?;
        if let Some(relax) = &relax
            && hull == Reference::Shipped
            && relax.model != SHIPPED_MODEL
            && MODELS.contains(&relax.model.as_str())
            && objectives.iter().any(|objective| CRYSTAL_NEEDS.objectives.contains(&objective.name.as_str()))
        {
            mistakes.report(
                "relax.model",
                quoted(&relax.model),
                format!("\"{SHIPPED_MODEL}\", the model of hull.reference = \"shipped\""),
            );
        }
        let spec = CrystalSpec { space, relax, checks, hull, reject };
        Some(Parts { domain: Domain::Crystal(Box::new(spec)), generators, objectives, limits })
    }

    fn check_complexes(&self, base: &Path, population: u64, mistakes: &mut Mistakes) -> Option<Parts> {
        let tables = [
            ("space", self.space != Default::default()),
            ("relax", self.relax.is_some()),
            ("checks", self.checks != Default::default()),
            ("hull", self.hull != Default::default()),
            ("novelty.reject", self.novelty.reject.is_some()),
        ];
        refuse(&tables, Crystal::DOMAIN, mistakes);
        let default = ComplexesSection::default();
        let section = self.complexes.as_ref().unwrap_or(&default);
        let spec = check_complexes(section, self.ligands.as_ref(), self.xtb.as_ref(), base, mistakes);
        let mut generators =
            check_generators(&self.generator, population, &names(&COMPLEX_GENERATORS), base, mistakes);
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
        let objectives = check_objectives(
            &self.objective,
            known_complex_objectives(),
            &COMPLEX_NEEDS,
            spec.xtb.is_some(),
            base,
            mistakes,
        );
        let limits = check_limits(
            &self.limit,
            if spec.xtb.is_some() { &COMPLEX_PROPERTIES } else { &[] },
            &objectives,
            mistakes,
        );
        Some(Parts { domain: Domain::Complex(Box::new(spec)), generators, objectives, limits })
    }
}

/// What differs between the domains.
struct Parts {
    domain: Domain,
    generators: Vec<GeneratorSpec>,
    objectives: Vec<ObjectiveSpec>,
    limits: Vec<LimitSpec>,
}

/// Kinds of generators that a campaign may name.
fn names(registry: &[(&'static str, &str)]) -> Vec<&'static str> {
    registry.iter().map(|(name, _)| *name).chain([PROCESS]).collect()
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
    Budgets {
        hours: above("max_wall", section.max_wall, "hours"),
        kwh: above("max_kwh", section.max_kwh, "kWh"),
        gain_per_kwh: above("min_gain_per_kwh", section.min_gain_per_kwh, "1/kWh"),
    }
}

fn check_generators(
    sections: &[GeneratorSection],
    population: u64,
    known: &[&'static str],
    base: &Path,
    mistakes: &mut Mistakes,
) -> Vec<GeneratorSpec> {
    let population = population as usize;
    let default = GeneticOptions { population, initial: population, ..GeneticOptions::default() };
    if sections.is_empty() {
        return vec![GeneratorSpec {
            kind: DEFAULT_GENERATOR.to_owned(),
            weight: 1.0,
            options: default,
            program: None,
        }];
    }
    let mut specs: Vec<GeneratorSpec> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let key = format!("generator[{index}]");
        let weight = positive(&format!("{key}.weight"), section.weight, 1.0, "", mistakes);
        let kind = match section.kind.as_deref() {
            None => {
                mistakes.missing(format!("{key}.kind"), one_of(known));
                continue;
            }
            Some(kind) => kind,
        };
        if !known.contains(&kind) {
            let mistake = Mistake::new(format!("{key}.kind"), quoted(kind), one_of(known));
            mistakes.add(mistake.nearest(kind, known.iter().copied()));
            continue;
        }
        if specs.iter().any(|spec| spec.kind == kind) {
            mistakes.report(format!("{key}.kind"), format!("\"{kind}\" again"), "each kind once");
            continue;
        }
        let options = check_options(&key, section, &default, mistakes);
        let program = check_program_generator(&key, section, base, mistakes);
        let spec = GeneratorSpec { kind: kind.to_owned(), weight, options, program };
        if !spec.is_genetic() {
            for (name, given) in [
                ("initial", section.initial.is_some()),
                ("prototypes", section.prototypes.is_some()),
                ("newcomers", section.newcomers.is_some()),
                ("symprec", section.symprec.is_some()),
                ("lighthouse", section.lighthouse.is_some()),
                ("screen", section.screen.is_some()),
            ] {
                if given {
                    let found = format!("it beside kind = \"{kind}\"");
                    mistakes.report(format!("{key}.{name}"), found, "it beside a genetic algorithm only");
                }
            }
        }
        if kind != "weighted_sum" && section.weights.is_some() {
            let found = format!("it beside kind = \"{kind}\"");
            mistakes.report(format!("{key}.weights"), found, "it beside weighted_sum only");
        }
        specs.push(spec);
    }
    specs
}

fn check_options(
    key: &str,
    section: &GeneratorSection,
    default: &GeneticOptions,
    mistakes: &mut Mistakes,
) -> GeneticOptions {
    let mut share = |name: &str, value: Option<f64>, default: f64| {
        let value = value.unwrap_or(default);
        if !(0.0..=1.0).contains(&value) {
            mistakes.report(format!("{key}.{name}"), value, "a number from 0 to 1");
        }
        value
    };
    let prototypes = share("prototypes", section.prototypes, default.prototypes);
    let newcomers = share("newcomers", section.newcomers, default.newcomers);
    let initial = section.initial.unwrap_or(default.initial as u64);
    if initial == 0 {
        mistakes.report(format!("{key}.initial"), initial, "1 or more");
    }
    if section.screen == Some(0) {
        mistakes.report(format!("{key}.screen"), 0, "1 or more");
    }
    let symprec = positive(&format!("{key}.symprec"), section.symprec, default.symprec, "Å", mistakes);
    let mut scales = |name: &str, values: &Option<Vec<f64>>| {
        let values = values.clone().unwrap_or_default();
        if values.iter().any(|value| !(value.is_finite() && *value >= 0.0)) {
            mistakes.report(format!("{key}.{name}"), format!("{values:?}"), "numbers from 0 on");
        }
        values
    };
    let (weights, lighthouse) =
        (scales("weights", &section.weights), scales("lighthouse", &section.lighthouse));
    let initial = initial as usize;
    GeneticOptions { prototypes, newcomers, symprec, initial, weights, lighthouse, ..default.clone() }
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
