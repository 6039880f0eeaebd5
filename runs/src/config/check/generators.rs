//! What proposes designs.

use std::path::Path;

use druse_generators::{GeneticOptions, LATENT_REPRESENTATION, Selection};
use serde_json::{Map, Value};

use super::learned::check_learned;
use super::program::{PROCESS, check_program_generator};
use super::{Mistakes, one_of, positive, quoted};
use crate::config::campaign::GeneratorSpec;
use crate::config::file::GeneratorSection;
use crate::config::mistake::Mistake;
use crate::plugins::{Kind, Parts};

/// Algorithm of a campaign that names none.
const DEFAULT_GENERATOR: &str = "nsga3";
/// The search without memory, which works on any representation.
const RANDOM: &str = "random";

pub(super) fn check_generators<D: Kind>(
    sections: &[GeneratorSection],
    population: u64,
    plugins: &Parts<D>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Vec<GeneratorSpec> {
    let mut known = D::generators();
    known.push(PROCESS);
    known.extend(plugins.generators());
    let known = &known[..];
    let population = population as usize;
    let default = GeneticOptions { population, initial: population, ..GeneticOptions::default() };
    if sections.is_empty() {
        return vec![GeneratorSpec {
            kind: DEFAULT_GENERATOR.to_owned(),
            weight: 1.0,
            options: default,
            representation: None,
            settings: Map::new(),
            program: None,
            learned: None,
        }];
    }
    let mut specs: Vec<GeneratorSpec> = Vec::new();
    let mut share_initial: Vec<usize> = Vec::new();
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
        let representation = check_representation(&key, section, kind, plugins, mistakes);
        if specs.iter().any(|spec| spec.kind == kind && spec.representation == representation) {
            mistakes.report(format!("{key}.kind"), format!("\"{kind}\" again"), "each kind once");
            continue;
        }
        let registered = |name: &String| plugins.representations().any(|own| own == name);
        let own =
            representation.as_ref().is_some_and(registered) || plugins.generators().any(|name| name == kind);
        let settings = check_settings(&key, section, own, mistakes);
        let options = check_options(&key, section, &default, mistakes);
        let program = check_program_generator(&key, section, base, mistakes);
        let models = models_of::<D>(kind, representation.as_deref());
        let learned = check_learned(&key, section, &models, base, mistakes);
        let kind = kind.to_owned();
        let spec = GeneratorSpec { kind, weight, options, representation, settings, program, learned };
        let kind = spec.kind.as_str();
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
        if section.initial.is_none() && spec.is_genetic() {
            share_initial.push(specs.len());
        }
        specs.push(spec);
    }
    // The first generation is shared: what others propose enters the population of all as well.
    let total: f64 = specs.iter().map(|spec| spec.weight).sum();
    for place in share_initial {
        let spec = &mut specs[place];
        spec.options.initial = (population as f64 * spec.weight / total).ceil() as usize;
    }
    specs
}

/// Kinds of the trained models that a generator can work with, the shipped one first; none for one that needs none.
fn models_of<D: Kind>(kind: &str, representation: Option<&str>) -> Vec<String> {
    match representation {
        Some(LATENT_REPRESENTATION) => D::AUTOENCODERS.iter().map(|&kind| kind.to_owned()).collect(),
        _ if D::learned().contains(&kind) => vec![format!("{}-{kind}", representation.unwrap_or("symmetry"))],
        _ => Vec::new(),
    }
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

/// The representation that a generator works on, unless it is the first of druse's.
fn check_representation<D: Kind>(
    key: &str,
    section: &GeneratorSection,
    kind: &str,
    plugins: &Parts<D>,
    mistakes: &mut Mistakes,
) -> Option<String> {
    let name = section.representation.as_deref()?;
    let key = |field: &str| format!("{key}.{field}");
    let learned = D::learned();
    let bred = Selection::from_name(kind).is_some() || kind == RANDOM;
    if !bred && !learned.contains(&kind) {
        let found = format!("it beside kind = \"{kind}\"");
        let and = learned.iter().map(|kind| format!(", {kind}")).collect::<String>();
        let expected = format!("it beside a genetic algorithm{and} or random only");
        mistakes.report(key("representation"), found, expected);
        return None;
    }
    // Latents belong to genetic algorithms.
    let genetic = Selection::from_name(kind).is_some();
    let fits = |name: &&str| genetic || *name != LATENT_REPRESENTATION;
    let mut known: Vec<&str> = D::REPRESENTATIONS.iter().copied().filter(fits).collect();
    if bred {
        known.extend(plugins.representations());
    }
    if !known.contains(&name) {
        let mistake = Mistake::new(key("representation"), quoted(name), one_of(&known));
        mistakes.add(mistake.nearest(name, known));
        return None;
    }
    if D::REPRESENTATIONS.contains(&name) {
        return (name != D::REPRESENTATIONS[0]).then(|| name.to_owned());
    }
    for (field, given) in
        [("prototypes", section.prototypes.is_some()), ("symprec", section.symprec.is_some())]
    {
        if given {
            let expected = format!("it beside representation = {} only", either(D::REPRESENTATIONS));
            mistakes.report(key(field), format!("it beside representation = {}", quoted(name)), expected);
        }
    }
    Some(name.to_owned())
}

fn either(names: &[&str]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(" or ")
}

/// `[generator.options]`, which only plug-ins have.
fn check_settings(
    key: &str,
    section: &GeneratorSection,
    own: bool,
    mistakes: &mut Mistakes,
) -> Map<String, Value> {
    let key = format!("{key}.options");
    let Some(options) = &section.options else { return Map::new() };
    if !own {
        let expected = "it beside a kind or representation of a program of yours only";
        mistakes.report(key, "it without a plug-in", expected);
        return Map::new();
    }
    let settings =
        options.iter().map(|(name, value)| (name.clone(), json(&format!("{key}.{name}"), value, mistakes)));
    settings.collect()
}

/// A value as JSON, which has neither dates nor infinite numbers.
fn json(key: &str, value: &toml::Value, mistakes: &mut Mistakes) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) if number.is_finite() => (*number).into(),
        toml::Value::Float(number) => {
            mistakes.report(key, number, "a finite number");
            Value::Null
        }
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Datetime(date) => {
            mistakes.report(key, date, "a text, number, truth value, list or table");
            Value::Null
        }
        toml::Value::Array(items) => {
            let item = |(index, item)| json(&format!("{key}[{index}]"), item, mistakes);
            items.iter().enumerate().map(item).collect()
        }
        toml::Value::Table(table) => {
            let entry = |(name, value): (&String, &toml::Value)| {
                (name.clone(), json(&format!("{key}.{name}"), value, mistakes))
            };
            Value::Object(table.iter().map(entry).collect())
        }
    }
}
