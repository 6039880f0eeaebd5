//! Trained models.

use std::collections::BTreeMap;
use std::path::Path;

use druse_generators::LATENT_REPRESENTATION;

use super::{Mistakes, quoted};
use crate::config::campaign::LearnedSpec;
use crate::config::file::{ConditionSetting, GeneratorSection};
use crate::config::mistake::Mistake;
use crate::learned::{self, Found, Unusable};

/// What a model is asked for, for a generator that works with one of these kinds of trained models, such as
/// `symmetry-diffusion`.
pub(super) fn check_learned(
    key: &str,
    section: &GeneratorSection,
    models: &[String],
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<LearnedSpec> {
    if models.is_empty() || section.representation.as_deref() == Some(LATENT_REPRESENTATION) {
        refuse(key, section, !models.is_empty(), mistakes);
    }
    if models.is_empty() {
        return None;
    }
    let from_0 = |field: &str, value: Option<f64>, above: bool, mistakes: &mut Mistakes| {
        let value = value.unwrap_or(1.0);
        if !value.is_finite() || value < 0.0 || (above && value == 0.0) {
            let expected = if above { "a number above 0" } else { "a number from 0 on" };
            mistakes.report(format!("{key}.{field}"), value, expected);
        }
        value
    };
    let guidance = from_0("guidance", section.guidance, false, mistakes);
    let temperature = from_0("temperature", section.temperature, true, mistakes);
    for (field, value) in [("steps", section.steps), ("best_of", section.best_of)] {
        if value == Some(0) {
            mistakes.report(format!("{key}.{field}"), 0, "1 or more");
        }
    }
    let conditions = section.conditions.clone().unwrap_or_default();
    check_numbers(key, &conditions, mistakes);
    let file = section.model.as_deref().filter(|name| *name != "shipped");
    let Found { model, conditions: known, remembers } = match learned::find(models, file, base) {
        Ok(found) => found,
        Err(Unusable { field, found, expected }) => {
            mistakes.report(format!("{key}.{field}"), found, expected);
            return None;
        }
    };
    let unseen = section.unseen.unwrap_or(false);
    if unseen && !remembers {
        let found = format!("true for a {} model that does not tell what it was trained on", model.kind);
        mistakes.report(format!("{key}.unseen"), found, "false, or weights of a newer druse train");
    }
    for (name, wanted) in &conditions {
        let key = format!("{key}.conditions.{name}");
        let names: Vec<&str> = known.iter().map(|condition| condition.name.as_str()).collect();
        match known.iter().find(|condition| condition.name == *name) {
            None => {
                let expected = format!("a condition of the model: {}", names.join(", "));
                mistakes.add(Mistake::new(key, quoted(name), expected).nearest(name, names));
            }
            Some(condition) => {
                if let Some(expected) = condition.refuses(wanted) {
                    mistakes.report(key, written(wanted), expected);
                }
            }
        }
    }
    Some(LearnedSpec {
        model,
        conditions,
        guidance,
        temperature,
        steps: section.steps.map(|steps| steps as usize),
        best_of: section.best_of.unwrap_or(1) as usize,
        unseen,
        fine_tune: section.fine_tune.unwrap_or(true),
    })
}

fn check_numbers(key: &str, conditions: &BTreeMap<String, ConditionSetting>, mistakes: &mut Mistakes) {
    for (name, wanted) in conditions {
        let key = format!("{key}.conditions.{name}");
        match wanted {
            ConditionSetting::Number(value) if !value.is_finite() => {
                mistakes.report(key, value, "a finite number");
            }
            ConditionSetting::Range([low, high]) if !(low.is_finite() && high.is_finite() && low <= high) => {
                mistakes.report(key, written(wanted), "[smallest, largest]");
            }
            _ => {}
        }
    }
}

fn written(wanted: &ConditionSetting) -> String {
    match wanted {
        ConditionSetting::Number(value) => value.to_string(),
        ConditionSetting::Range([low, high]) => format!("[{low}, {high}]"),
        ConditionSetting::Word(word) => quoted(word),
    }
}

/// Keys that only trained models have; with `latent` genetic algorithms have `model` as well.
fn refuse(key: &str, section: &GeneratorSection, latent: bool, mistakes: &mut Mistakes) {
    let given = [
        ("model", section.model.is_some() && !latent),
        ("conditions", section.conditions.is_some()),
        ("guidance", section.guidance.is_some()),
        ("temperature", section.temperature.is_some()),
        ("steps", section.steps.is_some()),
        ("best_of", section.best_of.is_some()),
        ("unseen", section.unseen.is_some()),
        ("fine_tune", section.fine_tune.is_some()),
    ];
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        let found = format!("it beside kind = \"{}\"", section.kind.as_deref().unwrap_or_default());
        mistakes.report(format!("{key}.{name}"), found, "it beside diffusion or vae only");
    }
}
