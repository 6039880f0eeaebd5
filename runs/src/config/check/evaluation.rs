//! Relaxation, objectives, limits and cheap checks.

use std::path::Path;

use druse_datasets::reference::ReferenceTable;
use druse_fitness::relax::RelaxOptions;
use druse_fitness::{Goal, potentials, property};
use druse_generators::DesignSpace;
use druse_validation::CheckLimits;

use super::pressure::check_pressure;
use super::program::check_program_objective;
use super::reference::{check_file, check_reference};
use super::{Mistakes, one_of, positive, quoted};
use crate::config::campaign::{
    LimitSpec, ObjectiveSpec, PotentialSpec, Reference, RelaxSpec, SecondOpinionSpec,
};
use crate::config::file::{
    ChecksSection, GoalSetting, LimitSection, ObjectiveSection, RelaxSection, SecondOpinionSection,
    TrustSection,
};
use crate::config::mistake::Mistake;
use crate::plugins::{Kind, Parts, Plugins};
use crate::trust::TrustLimits;

/// Potentials that a campaign file may name.
const MODELS: [&str; 4] = potentials::NAMES;
/// CHGNet embeds the elements H to Pu.
const LAST_ELEMENT_OF_MODELS: u8 = 94;

/// Objectives that read what an expensive tier writes, and the table that asks for the tier.
pub(super) struct Needs {
    pub(super) objectives: &'static [&'static str],
    table: &'static str,
}

/// Objectives that read energies written by the relaxation.
pub(super) const CRYSTAL_NEEDS: Needs = Needs { objectives: &property::OF_HULL, table: "relax" };
/// Objectives that read what xtb computes.
pub(super) const COMPLEX_NEEDS: Needs = Needs {
    objectives: &[property::GAP, property::DIPOLE, property::POLARIZABILITY, property::XTB_ENERGY],
    table: "xtb",
};

/// The potential that stands at `key`; `None` when it is unknown or cannot be read.
fn check_model(
    key: &str,
    name: &str,
    plugins: &Plugins,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<PotentialSpec> {
    let known: Vec<&str> = MODELS.into_iter().chain(plugins.potentials()).collect();
    if known.contains(&name) {
        return Some(PotentialSpec::Named(name.to_owned()));
    }
    let Some((stem, ending)) = potentials::file(name) else {
        let files = "a .safetensors file of Nequix or SevenNet, or a .pt file of TorchScript";
        let mistake = Mistake::new(key, quoted(name), format!("{}, {files}", one_of(&known)));
        mistakes.add(mistake.nearest(name, known));
        return None;
    };
    if ending == "pt" && !cfg!(feature = "torch") {
        let expected = "another potential: TorchScript needs libtorch, which this build is without";
        mistakes.report(key, quoted(name), expected);
        return None;
    }
    match check_file(key, name, "a readable file", base, mistakes)? {
        Reference::File { path, sha256 } => Some(PotentialSpec::File { name: stem.to_owned(), path, sha256 }),
        Reference::Shipped => None,
    }
}

/// Refuses a potential, given at `key`, whose energies above a hull are wanted, but neither come with druse nor stand in a table given
/// at `table`.
pub(super) fn check_energies(
    key: &str,
    model: &PotentialSpec,
    table: &str,
    reference: &Reference,
    mistakes: &mut Mistakes,
) {
    let shipped = ReferenceTable::shipped_models();
    let is_shipped = matches!(model, PotentialSpec::Named(name) if shipped.contains(&name.as_str()));
    if *reference == Reference::Shipped && !is_shipped {
        let expected = format!(
            "{}, whose energies come with druse, or {table} = TABLE by `druse data reference` with this model",
            one_of(&shipped)
        );
        mistakes.report(key, quoted(model.name()), expected);
    }
}

/// `None` when the potential cannot be used.
pub(super) fn check_relax(
    section: &RelaxSection,
    space: &DesignSpace,
    plugins: &Plugins,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<RelaxSpec> {
    let name = section.model.as_deref().unwrap_or(MODELS[0]);
    let model = check_model("relax.model", name, plugins, base, mistakes);
    // Files and plug-ins say themselves what they do not know.
    let heavy: Vec<&str> = space
        .elements
        .iter()
        .filter(|element| MODELS.contains(&name) && element.atomic_number() > LAST_ELEMENT_OF_MODELS)
        .map(|element| element.symbol())
        .collect();
    if !heavy.is_empty() {
        mistakes.report("space.elements", heavy.join(", "), "elements up to Pu, which is where CHGNet ends");
    }
    let steps = section.steps.unwrap_or(200);
    if steps == 0 {
        mistakes.report("relax.steps", steps, "1 or more");
    }
    let fmax = positive("relax.fmax", section.fmax, 0.1, "eV/Å", mistakes);
    let symprec = section.symprec.unwrap_or(RelaxOptions::default().symprec);
    if !(symprec.is_finite() && symprec >= 0.0) {
        mistakes.report("relax.symprec", symprec, "0 or a number above (Å)");
    }
    let leave_saddles = section.leave_saddles.unwrap_or_default();
    let pressure = check_pressure(section.pressure, mistakes);
    Some(RelaxSpec { model: model?, fmax, steps: steps as usize, symprec, leave_saddles, pressure })
}

pub(super) fn check_second_opinion(
    section: &SecondOpinionSection,
    relax: Option<&RelaxSpec>,
    plugins: &Plugins,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<SecondOpinionSpec> {
    let name = section.model.as_deref().unwrap_or("sevennet-l3i5");
    let model = check_model("second_opinion.model", name, plugins, base, mistakes);
    if let (Some(relax), Some(model)) = (relax, &model)
        && relax.model.name() == model.name()
    {
        mistakes.report("second_opinion.model", quoted(name), "another model than relax.model");
    }
    let below = section.below.unwrap_or(0.15);
    if !below.is_finite() {
        mistakes.report("second_opinion.below", below, "a finite energy (eV/atom)");
    }
    let reference =
        check_reference("second_opinion.reference", section.reference.as_deref(), base, mistakes)?;
    let model = model?;
    check_energies("second_opinion.model", &model, "second_opinion.reference", &reference, mistakes);
    Some(SecondOpinionSpec { model, below, reference })
}

/// `properties` are written by the tiers of the campaign.
pub(super) fn check_objectives<D: Kind>(
    sections: &[ObjectiveSection],
    plugins: &Parts<D>,
    needs: &Needs,
    properties: &[String],
    base: &Path,
    mistakes: &mut Mistakes,
) -> Vec<ObjectiveSpec> {
    let mut known: Vec<&str> = D::objectives();
    known.extend(plugins.objectives().iter().map(|objective| objective.name()));
    if sections.is_empty() {
        mistakes.missing(
            "objective",
            format!("at least one [[objective]] table with a name: {}", one_of(&known)),
        );
    }
    let mut specs: Vec<ObjectiveSpec> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let key = format!("objective[{index}].name");
        let Some(name) = section.name.as_deref() else {
            mistakes.missing(key, one_of(&known));
            continue;
        };
        let program = check_program_objective(index, section, name, &known, base, mistakes);
        if program.is_none() && !known.contains(&name) {
            let mistake = Mistake::new(key, quoted(name), one_of(&known));
            mistakes.add(mistake.nearest(name, known.iter().copied()));
            continue;
        }
        if needs.objectives.contains(&name) && !properties.iter().any(|property| property == name) {
            let expected = format!("a [{}] table as well: this objective needs energies", needs.table);
            mistakes.report(key.clone(), quoted(name), expected);
        }
        if specs.iter().any(|spec| spec.name == name) {
            mistakes.report(key, format!("\"{name}\" again"), "each objective once");
            continue;
        }
        let goal = section.goal.map(|goal| match goal {
            GoalSetting::Minimise => Goal::Minimise,
            GoalSetting::Maximise => Goal::Maximise,
            GoalSetting::Target(value) => Goal::Target(value),
        });
        if let Some(Goal::Target(value)) = goal
            && !value.is_finite()
        {
            mistakes.report(format!("objective[{index}].goal"), value, "a finite target");
        }
        specs.push(ObjectiveSpec { name: name.to_owned(), goal, program });
    }
    specs
}

/// Properties that the relaxation, the hull and what watches over them write.
pub(super) const CRYSTAL_PROPERTIES: [&str; 18] = [
    property::ENERGY_PER_ATOM,
    property::ENERGY_PER_ATOM_START,
    property::MAX_FORCE,
    property::MAX_STRESS,
    property::RELAXATION_STEPS,
    property::SADDLES_LEFT,
    property::CONVERGED,
    property::VOLUME_RATIO,
    property::MOMENT_RATIO,
    property::TRAINING_DISTANCE,
    property::FLAGGED,
    property::ENERGY_ABOVE_HULL,
    property::FORMATION_ENERGY,
    property::REACTION_ENERGY,
    property::INVERSE_HULL_ENERGY,
    property::METASTABILITY,
    property::HULL_SENSITIVITY,
    property::KNOWN_COMPOSITIONS,
];

/// Properties that the audit writes.
pub(super) const AUDIT_PROPERTIES: [&str; 1] = [property::NOVELTY];

/// Properties that xtb and assembly write.
pub(super) const COMPLEX_PROPERTIES: [&str; 7] = [
    property::XTB_ENERGY,
    property::GAP,
    property::DIPOLE,
    property::POLARIZABILITY,
    property::MULTIPLICITY,
    property::N_FOD,
    property::STATIC_CORRELATION,
];

pub(super) fn check_limits(
    sections: &[LimitSection],
    properties: &[String],
    objectives: &[ObjectiveSpec],
    mistakes: &mut Mistakes,
) -> Vec<LimitSpec> {
    let check = |(index, section): (usize, &LimitSection)| {
        let (name, range) = (section.name.as_deref(), [section.min, section.max]);
        check_range(&format!("limit[{index}]"), name, range, properties, objectives, mistakes)
    };
    sections.iter().enumerate().map(check).collect()
}

/// A name with a smallest and a largest value, as limits and filters have it.
pub(super) fn check_range(
    key: &str,
    name: Option<&str>,
    [min, max]: [Option<f64>; 2],
    properties: &[String],
    objectives: &[ObjectiveSpec],
    mistakes: &mut Mistakes,
) -> LimitSpec {
    let mut names: Vec<&str> = objectives.iter().map(|objective| objective.name.as_str()).collect();
    names.extend(properties.iter().map(String::as_str));
    let expected = "the name of an objective of this campaign or of a property that its tiers write";
    match name {
        None => mistakes.missing(format!("{key}.name"), expected),
        Some(name) if !names.contains(&name) => {
            let mistake = Mistake::new(format!("{key}.name"), quoted(name), expected);
            mistakes.add(mistake.nearest(name, names));
        }
        Some(_) => {}
    }
    let range = format!("min = {}, max = {}", shown(min), shown(max));
    if min.is_none() && max.is_none() {
        mistakes.report(key, "neither min nor max", "at least one of them");
    } else if min.zip(max).is_some_and(|(min, max)| min > max)
        || [min, max].into_iter().flatten().any(f64::is_nan)
    {
        mistakes.report(key, range, "min to be at most max");
    }
    LimitSpec { name: name.unwrap_or_default().to_owned(), min, max }
}

fn shown(value: Option<f64>) -> String {
    value.map_or("nothing".to_owned(), |value| value.to_string())
}

pub(super) fn check_trust(section: &TrustSection, mistakes: &mut Mistakes) -> TrustLimits {
    let default = TrustLimits::default();
    let mut limit = |key: &str, value: Option<f64>, default: f64, unit: &str| {
        let value = value.unwrap_or(default);
        if value.is_nan() || value < 0.0 {
            mistakes.report(format!("trust.{key}"), value, format!("0 or a number above it{unit}"));
        }
        value
    };
    TrustLimits {
        max_force: limit("max_force", section.max_force, default.max_force, " (eV/Å)"),
        min_distance_ratio: limit(
            "min_distance_ratio",
            section.min_distance_ratio,
            default.min_distance_ratio,
            "",
        ),
        max_moment_ratio: limit("max_moment_ratio", section.max_moment_ratio, default.max_moment_ratio, ""),
        below_hull: limit("below_hull", section.below_hull, default.below_hull, " (eV/atom)"),
    }
}

pub(super) fn check_checks(section: &ChecksSection, mistakes: &mut Mistakes) -> CheckLimits {
    let default = CheckLimits::default();
    let mut least = |key: &str, value: Option<f64>, default: f64, unit: &str| {
        let value = value.unwrap_or(default);
        if !(value.is_finite() && value >= 0.0) {
            mistakes.report(format!("checks.{key}"), value, format!("0 or a number above it{unit}"));
        }
        value
    };
    let min_distance = least("min_distance", section.min_distance, default.min_distance, " (Å)");
    let ratio = least("min_distance_ratio", section.min_distance_ratio, default.min_distance_ratio, "");
    let mut range = |key: &str, value: Option<[f64; 2]>, default: [f64; 2], unit: &str| {
        let [low, high] = value.unwrap_or(default);
        if !(low >= 0.0 && low <= high) {
            let expected = format!("two numbers from 0 ({unit}), the smaller one first");
            mistakes.report(format!("checks.{key}"), format!("[{low}, {high}]"), expected);
        }
        [low, high]
    };
    CheckLimits {
        min_distance,
        min_distance_ratio: ratio,
        volume_per_atom: range("volume_per_atom", section.volume_per_atom, default.volume_per_atom, "Å^3"),
        density: range("density", section.density, default.density, "g/cm^3"),
        cell_length: range("cell_length", section.cell_length, default.cell_length, "Å"),
        cell_angle: range("cell_angle", section.cell_angle, default.cell_angle, "degrees"),
    }
}
