//! From [`CampaignConfig`] to [`Campaign`]: every setting by itself, then against the others.

mod evaluation;
mod reference;
mod space;

use std::path::Path;

use druse_generators::{CRYSTAL_GENERATORS, GeneticOptions};

use super::campaign::{Campaign, Domain, GeneratorSpec, Reference};
use super::file::{CampaignConfig, GeneratorSection};
use super::mistake::Mistake;
use evaluation::{
    MODELS, NEED_ENERGY, SHIPPED_MODEL, check_checks, check_limits, check_objectives, check_relax,
};
use reference::check_reference;
use space::check_space;

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
        match section.domain.as_deref() {
            None | Some("crystal") => {}
            Some(other) => mistakes.add(
                Mistake::new("campaign.domain", quoted(other), "\"crystal\"").nearest(other, ["crystal"]),
            ),
        }
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
        let space = check_space(&self.space, &mut mistakes);
        let generators = check_generators(&self.generator, population, &mut mistakes);
        let relax = self.relax.as_ref().map(|relax| check_relax(relax, &space, &mut mistakes));
        let objectives = check_objectives(&self.objective, relax.is_some(), &mut mistakes);
        let limits = check_limits(&self.limit, relax.is_some(), &objectives, &mut mistakes);
        let checks = check_checks(&self.checks, &mut mistakes);
        let novelty =
            check_reference("novelty.reference", self.novelty.reference.as_deref(), base, &mut mistakes);
        let hull = check_reference("hull.reference", self.hull.reference.as_deref(), base, &mut mistakes);
        if let Some(relax) = &relax
            && hull == Some(Reference::Shipped)
            && relax.model != SHIPPED_MODEL
            && MODELS.contains(&relax.model.as_str())
            && objectives.iter().any(|objective| NEED_ENERGY.contains(&objective.name.as_str()))
        {
            mistakes.report(
                "relax.model",
                quoted(&relax.model),
                format!("\"{SHIPPED_MODEL}\", the model of hull.reference = \"shipped\""),
            );
        }
        let (true, Some(novelty), Some(hull), Some(name), Some(budget)) =
            (mistakes.0.is_empty(), novelty, hull, name, section.budget)
        else {
            return Err(mistakes.0);
        };
        Ok(Campaign {
            name,
            seed: section.seed.unwrap_or(0),
            domain: Domain::Crystal,
            budget,
            population: population as usize,
            space,
            generators,
            relax,
            objectives,
            limits,
            checks,
            novelty,
            hull,
            directory: self.output.directory.as_ref().map(Into::into),
        })
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

fn check_generators(
    sections: &[GeneratorSection],
    population: u64,
    mistakes: &mut Mistakes,
) -> Vec<GeneratorSpec> {
    let known = CRYSTAL_GENERATORS.map(|(name, _)| name);
    let population = population as usize;
    let default = GeneticOptions { population, initial: population, ..GeneticOptions::default() };
    if sections.is_empty() {
        return vec![GeneratorSpec { kind: DEFAULT_GENERATOR.to_owned(), weight: 1.0, options: default }];
    }
    let mut specs: Vec<GeneratorSpec> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let key = format!("generator[{index}]");
        let weight = positive(&format!("{key}.weight"), section.weight, 1.0, "", mistakes);
        let kind = match section.kind.as_deref() {
            None => {
                mistakes.missing(format!("{key}.kind"), one_of(&known));
                continue;
            }
            Some(kind) => kind,
        };
        if !known.contains(&kind) {
            let mistake = Mistake::new(format!("{key}.kind"), quoted(kind), one_of(&known));
            mistakes.add(mistake.nearest(kind, known));
            continue;
        }
        if specs.iter().any(|spec| spec.kind == kind) {
            mistakes.report(format!("{key}.kind"), format!("\"{kind}\" again"), "each kind once");
            continue;
        }
        let options = check_options(&key, section, &default, mistakes);
        let spec = GeneratorSpec { kind: kind.to_owned(), weight, options };
        if !spec.is_genetic() {
            for (name, given) in [
                ("initial", section.initial.is_some()),
                ("prototypes", section.prototypes.is_some()),
                ("newcomers", section.newcomers.is_some()),
                ("symprec", section.symprec.is_some()),
            ] {
                if given {
                    let found = format!("it beside kind = \"{kind}\"");
                    mistakes.report(format!("{key}.{name}"), found, "it beside nsga2 or nsga3 only");
                }
            }
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
    let symprec = positive(&format!("{key}.symprec"), section.symprec, default.symprec, "Å", mistakes);
    GeneticOptions { prototypes, newcomers, symprec, initial: initial as usize, ..*default }
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
