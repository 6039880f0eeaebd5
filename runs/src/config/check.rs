//! From [`CampaignConfig`] to [`Campaign`]: every setting by itself, then against the others.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use druse_datasets::elements::oxidation_states;
use druse_fitness::Goal;
use druse_fitness::objectives::known;
use druse_representations::Element;
use druse_validation::CheckLimits;
use sha2::{Digest, Sha256};

use super::campaign::{
    Campaign, CrystalSpace, Domain, GeneratorSpec, ObjectiveSpec, Reference, RelaxSpec, hexadecimal,
};
use super::file::{
    CampaignConfig, ChecksSection, GeneratorSection, GoalSetting, ObjectiveSection, RelaxSection,
    SpaceGroups, SpaceSection,
};
use super::mistake::Mistake;

/// Algorithms that a campaign file may name.
pub const GENERATORS: [&str; 4] = ["nsga3", "nsga2", "random", "substitution"];
/// Potentials that a campaign file may name.
pub const MODELS: [&str; 2] = ["chgnet-0.3.0", "chgnet-r2scan"];
/// Model of the energies in the shipped reference.
const SHIPPED_MODEL: &str = "chgnet-0.3.0";
/// CHGNet embeds the elements H to Pu.
const LAST_ELEMENT_OF_MODELS: u8 = 94;
/// Objectives that read energies written by the relaxation.
const NEED_ENERGY: [&str; 2] = ["energy_above_hull", "formation_energy"];
/// Most atoms that the file may ask for: beyond this a mistyped number is more likely.
const MOST_ATOMS: u64 = 200;

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
        check_charge(&space, &mut mistakes);
        let generators = check_generators(&self.generator, &mut mistakes);
        let relax = self.relax.as_ref().map(|relax| check_relax(relax, &space, &mut mistakes));
        let objectives = check_objectives(&self.objective, relax.is_some(), &mut mistakes);
        let checks = check_limits(&self.checks, &mut mistakes);
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

fn check_space(space: &SpaceSection, mistakes: &mut Mistakes) -> CrystalSpace {
    let elements = check_elements(space.elements.as_deref(), mistakes);
    let count = elements.len() as u64;
    let per_design = space.elements_per_design.unwrap_or([2.min(count.max(1)), 4.min(count.max(1))]);
    let atoms = space.atoms.unwrap_or([1, 20]);
    let ordered = |key: &str, range: [u64; 2], mistakes: &mut Mistakes| {
        if range[0] > range[1] {
            mistakes.report(key, list(&range), "the smaller number first");
        } else if range[0] == 0 {
            mistakes.report(key, list(&range), "numbers from 1");
        } else {
            return true;
        }
        false
    };
    if ordered("space.elements_per_design", per_design, mistakes) {
        if !elements.is_empty() && per_design[1] > count {
            mistakes.report(
                "space.elements_per_design",
                list(&per_design),
                format!("at most {count}, the number of different elements in space.elements"),
            );
        }
        if ordered("space.atoms", atoms, mistakes) {
            if atoms[1] > MOST_ATOMS {
                mistakes.report("space.atoms", list(&atoms), format!("at most {MOST_ATOMS} atoms"));
            } else if atoms[1] < per_design[0] {
                mistakes.report(
                    "space.atoms",
                    list(&atoms),
                    format!(
                        "room for at least {} atoms, one of each element that space.elements_per_design asks for",
                        per_design[0]
                    ),
                );
            }
        }
    } else {
        ordered("space.atoms", atoms, mistakes);
    }
    CrystalSpace {
        elements,
        elements_per_design: per_design.map(|n| n as usize),
        atoms: atoms.map(|n| n as usize),
        space_groups: check_space_groups(space.space_groups.as_ref(), mistakes),
        charge_neutral: space.charge_neutral.unwrap_or(true),
    }
}

/// Charges balance only between an element that gives electrons and one that takes them.
fn check_charge(space: &CrystalSpace, mistakes: &mut Mistakes) {
    if !space.charge_neutral || space.elements.is_empty() || space.elements_per_design[0] < 2 {
        return;
    }
    let has = |sign: i8| {
        space
            .elements
            .iter()
            .any(|&e| oxidation_states(e).common().iter().any(|state| state.signum() == sign))
    };
    for (sign, word) in [(1, "positive"), (-1, "negative")] {
        if !has(sign) {
            mistakes.report(
                "space.elements",
                format!("no element with a {word} common oxidation state"),
                "elements that can balance, or space.charge_neutral = false",
            );
        }
    }
}

fn list(range: &[u64; 2]) -> String {
    format!("[{}, {}]", range[0], range[1])
}

fn check_elements(symbols: Option<&[String]>, mistakes: &mut Mistakes) -> Vec<Element> {
    let Some(symbols) = symbols.filter(|symbols| !symbols.is_empty()) else {
        let found = if symbols.is_some() { "an empty list" } else { "nothing" };
        mistakes.report("space.elements", found, "a list of element symbols such as [\"Na\", \"Cl\"]");
        return Vec::new();
    };
    let mut elements = BTreeSet::new();
    for (index, symbol) in symbols.iter().enumerate() {
        let key = format!("space.elements[{index}]");
        match Element::from_symbol(symbol) {
            None => mistakes.report(key, quoted(symbol), "the symbol of an element"),
            Some(element) if !elements.insert(element) => {
                mistakes.report(key, quoted(symbol), "each element once");
            }
            Some(_) => {}
        }
    }
    elements.into_iter().collect()
}

fn check_space_groups(groups: Option<&SpaceGroups>, mistakes: &mut Mistakes) -> Vec<u16> {
    let Some(SpaceGroups::Numbers(numbers)) = groups else { return (1..=230).collect() };
    if numbers.is_empty() {
        mistakes.report(
            "space.space_groups",
            "an empty list",
            "\"all\" or at least one number from 1 to 230",
        );
    }
    let mut checked = BTreeSet::new();
    for (index, &number) in numbers.iter().enumerate() {
        match u16::try_from(number) {
            Ok(number @ 1..=230) => {
                checked.insert(number);
            }
            _ => mistakes.report(
                format!("space.space_groups[{index}]"),
                number,
                "a space-group number from 1 to 230",
            ),
        }
    }
    checked.into_iter().collect()
}

fn check_generators(sections: &[GeneratorSection], mistakes: &mut Mistakes) -> Vec<GeneratorSpec> {
    if sections.is_empty() {
        return vec![GeneratorSpec { kind: GENERATORS[0].to_owned(), weight: 1.0 }];
    }
    let mut specs: Vec<GeneratorSpec> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let key = format!("generator[{index}]");
        let weight = positive(&format!("{key}.weight"), section.weight, 1.0, "", mistakes);
        match section.kind.as_deref() {
            None => mistakes.missing(format!("{key}.kind"), one_of(&GENERATORS)),
            Some(kind) if !GENERATORS.contains(&kind) => mistakes.add(
                Mistake::new(format!("{key}.kind"), quoted(kind), one_of(&GENERATORS))
                    .nearest(kind, GENERATORS),
            ),
            Some(kind) if specs.iter().any(|spec| spec.kind == kind) => {
                mistakes.report(format!("{key}.kind"), format!("\"{kind}\" again"), "each kind once");
            }
            Some(kind) => specs.push(GeneratorSpec { kind: kind.to_owned(), weight }),
        }
    }
    specs
}

fn check_relax(section: &RelaxSection, space: &CrystalSpace, mistakes: &mut Mistakes) -> RelaxSpec {
    let model = section.model.as_deref().unwrap_or(MODELS[0]);
    if !MODELS.contains(&model) {
        mistakes.add(Mistake::new("relax.model", quoted(model), one_of(&MODELS)).nearest(model, MODELS));
    }
    let heavy: Vec<&str> = space
        .elements
        .iter()
        .filter(|element| element.atomic_number() > LAST_ELEMENT_OF_MODELS)
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
    RelaxSpec { model: model.to_owned(), fmax, steps: steps as usize }
}

fn check_objectives(
    sections: &[ObjectiveSection],
    energies: bool,
    mistakes: &mut Mistakes,
) -> Vec<ObjectiveSpec> {
    let known: Vec<&str> = known().iter().map(|objective| objective.name).collect();
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
        if !known.contains(&name) {
            let mistake = Mistake::new(key, quoted(name), one_of(&known));
            mistakes.add(mistake.nearest(name, known.iter().copied()));
            continue;
        }
        if !energies && NEED_ENERGY.contains(&name) {
            mistakes.report(
                key.clone(),
                quoted(name),
                "a [relax] table as well: this objective needs energies",
            );
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
        specs.push(ObjectiveSpec { name: name.to_owned(), goal });
    }
    specs
}

fn check_limits(section: &ChecksSection, mistakes: &mut Mistakes) -> CheckLimits {
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

fn check_reference(key: &str, name: Option<&str>, base: &Path, mistakes: &mut Mistakes) -> Option<Reference> {
    let name = match name {
        None | Some("shipped") => return Some(Reference::Shipped),
        Some(name) => name,
    };
    let path = base.join(name);
    let read = || -> io::Result<Reference> {
        let mut hasher = Sha256::new();
        io::copy(&mut File::open(&path)?, &mut HashWriter(&mut hasher))?;
        Ok(Reference::File { path: path.canonicalize()?, sha256: hexadecimal(&hasher.finalize()) })
    };
    match read() {
        Ok(reference) => Some(reference),
        Err(error) => {
            let found = format!("{} ({error})", quoted(name));
            mistakes.report(key, found, "\"shipped\" or a readable file, relative to the campaign file");
            None
        }
    }
}

/// Feeds a hash as if it were a file.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
