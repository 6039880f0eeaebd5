//! `druse score`

use std::path::PathBuf;
use std::sync::Arc;

use crate::datasets::elements::ElementTable;
use crate::fitness::hull::metastability;
use crate::fitness::objectives::{crystal_objective_with, known};
use crate::fitness::{Goal, Objective, Properties, Tier, TierOutcome, property};
use crate::learned;
use crate::plugins::Plugins;
use crate::representations::Crystal;
use crate::representations::io::Record;
use crate::validation::audit::{Audit, Matchers};
use clap::Args;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::{Failure, guarded};
use super::known;
use super::results::{Outcome, Results, shown};
use super::stability::{Stability, StabilityArguments};
use super::structures::{Files, handle_all};
use super::table::stacked;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Names of the objectives, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    objectives: Vec<String>,
    /// Element data of your own: a CSV file (header `element,NAME,...`) whose columns replace or
    /// add to the shipped ones; an added column is an objective too
    #[arg(long, value_name = "FILE")]
    elements: Option<PathBuf>,
    #[command(flatten)]
    stability: StabilityArguments,
    /// With the objective `novelty`, what is known: an index by `druse index build`, structures, or
    /// `shipped`
    #[arg(long, value_name = "REF", default_value = "shipped")]
    known: PathBuf,
}

type CrystalObjective = Box<dyn Objective<Crystal>>;

/// What finds out the properties that objectives read, as far as they are wanted.
struct Judges {
    stability: Option<Stability>,
    audit: Option<Audit>,
    estimates: Option<Box<dyn Tier<Crystal>>>,
}

fn is_estimated(name: &str) -> bool {
    property::ESTIMATED.contains(&name)
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let mut elements = ElementTable::shipped().clone();
    if let Some(file) = &arguments.elements {
        elements = elements.with_csv(file).map_err(Failure::input)?;
    }
    let elements = Arc::new(elements);
    let objectives: Vec<CrystalObjective> =
        arguments.objectives.iter().map(|name| named(name, &elements, global)).collect::<Result<_, _>>()?;
    let inputs = arguments.files.read()?;
    let with_hull = objectives.iter().any(|objective| property::OF_HULL.contains(&objective.name()));
    let reactions = objectives.iter().any(|objective| objective.name() == property::REACTION_ENERGY);
    let stability = if with_hull || arguments.stability.relax {
        Some(arguments.stability.load(&inputs, reactions, global)?)
    } else {
        None
    };
    let audit = if objectives.iter().any(|objective| objective.name() == property::NOVELTY) {
        let matchers = Matchers::usual().map_err(Failure::other)?;
        Some(Audit::new(matchers, Vec::new(), vec![known::open(&arguments.known, global)?]))
    } else {
        None
    };
    let estimates = if objectives.iter().any(|objective| is_estimated(objective.name())) {
        Some(learned::property_tier().map_err(Failure::other)?)
    } else {
        None
    };
    let judges = Judges { stability, audit, estimates };
    let one = |record: Record| score(record.crystal, &judges, &objectives);
    let results = Results::from(handle_all(inputs, global, one));
    let names: Vec<&str> = objectives.iter().map(|objective| objective.name()).collect();
    let stacked: Vec<String> = names.iter().map(|name| stacked(name)).collect();
    let header: Vec<&str> = std::iter::once("formula").chain(stacked.iter().map(String::as_str)).collect();
    results.finish(global, &header, |values| {
        let formula = values["formula"].as_str().unwrap_or_default().to_owned();
        let cells = names.iter().map(|name| shown(values, name, 4));
        std::iter::once(formula).chain(cells).collect()
    })?;
    let pressure = judges.stability.map_or(0.0, |stability| stability.pressure());
    if with_hull && pressure != 0.0 {
        global.note(&format!("energy above hull is enthalpy above hull at {pressure} GPa"));
    }
    Ok(())
}

/// The values of all objectives; those without a value are `null`, with the reason in `errors`.
fn score(mut crystal: Crystal, judges: &Judges, objectives: &[CrystalObjective]) -> Outcome {
    let Judges { stability, audit, estimates } = judges;
    let mut values = Map::new();
    let mut errors = Map::new();
    let mut properties = Properties::new();
    if let Some(stability) = stability {
        match stability.place(&crystal) {
            Ok(placed) => {
                let placement = &placed.placement;
                properties.insert(property::ENERGY_PER_ATOM.to_owned(), placed.energy_per_atom);
                if stability.pressure() != 0.0 {
                    let enthalpy = placed.enthalpy_per_atom;
                    properties.insert(property::ENTHALPY_PER_ATOM.to_owned(), enthalpy);
                }
                properties.insert(property::ENERGY_ABOVE_HULL.to_owned(), placement.energy_above_hull);
                properties.insert(property::FORMATION_ENERGY.to_owned(), placement.formation_energy);
                let inverse = placed.inverse_hull_energy;
                properties.extend(inverse.map(|energy| (property::INVERSE_HULL_ENERGY.to_owned(), energy)));
                let share = placed.window.map(|window| metastability(window, placement.energy_above_hull));
                properties.extend(share.map(|share| (property::METASTABILITY.to_owned(), share)));
                match placed.reaction {
                    Some(Ok(reaction)) => {
                        properties.insert(property::REACTION_ENERGY.to_owned(), reaction.energy);
                        values.insert("reaction".to_owned(), json!(reaction.to_string()));
                    }
                    Some(Err(error)) => {
                        errors.insert("stability".to_owned(), json!(error.to_string()));
                    }
                    None => {}
                }
                if let Some(relaxation) = placed.relaxation {
                    crystal = relaxation.crystal;
                }
            }
            Err(error) => {
                errors.insert("stability".to_owned(), json!(error));
            }
        }
    }
    if let Some(audit) = audit {
        match audit.judge(&crystal) {
            Ok(row) => {
                properties.extend(row.novelty().map(|value| (property::NOVELTY.to_owned(), value)));
                values.insert("nearest_id".to_owned(), json!(row.nearest_id));
                values.insert("known".to_owned(), json!(row.reference));
            }
            Err(error) => {
                errors.insert("audit".to_owned(), json!(error.to_string()));
            }
        }
    }
    if let Some(estimates) = estimates {
        match estimates.run(&[(&crystal, &properties)]).pop() {
            Some(TierOutcome::Passed { properties: found, .. }) => {
                let wanted = |name: &str| objectives.iter().any(|objective| objective.name() == name);
                for name in property::ESTIMATED.into_iter().filter(|name| wanted(name)) {
                    let doubt = property::doubt_of(name);
                    values.extend(found.get(&doubt).map(|value| (doubt, json!(value))));
                }
                properties.extend(found);
            }
            Some(TierOutcome::Rejected { reason } | TierOutcome::Failed { reason }) => {
                errors.insert("estimates".to_owned(), json!(reason));
            }
            None => {}
        }
    }
    let mut units = Map::new();
    values.insert("formula".to_owned(), json!(crystal.composition().reduced_formula()));
    for objective in objectives {
        let name = objective.name().to_owned();
        units.insert(name.clone(), json!(objective.unit()));
        let value = guarded(&name, || objective.evaluate(&crystal, &properties).map_err(|e| e.to_string()));
        match value.flatten() {
            Ok(value) if value.is_finite() => values.insert(name, json!(value)),
            Ok(value) => {
                errors.insert(name.clone(), json!(format!("objective '{name}': the value is {value}")));
                values.insert(name, Value::Null)
            }
            Err(error) => {
                // Why there is no energy says more than that there is none.
                let step = match objective.name() {
                    property::NOVELTY => Some("audit"),
                    name if is_estimated(name) => Some("estimates"),
                    name if property::OF_HULL.contains(&name) => Some("stability"),
                    _ => None,
                };
                let reason = step.and_then(|step| errors.get(step));
                let reason = reason.cloned().unwrap_or_else(|| json!(error));
                errors.insert(name.clone(), reason);
                values.insert(name, Value::Null)
            }
        };
    }
    for step in ["stability", "audit", "estimates"] {
        errors.remove(step);
    }
    if errors.len() == objectives.len() {
        let reasons: Vec<&str> = errors.values().filter_map(Value::as_str).collect();
        return Err(reasons.join("; "));
    }
    values.insert("units".to_owned(), units.into());
    if let Some(stability) = stability {
        values.insert("reference".to_owned(), json!(stability.reference()));
        values.insert("protocol".to_owned(), json!(stability.protocol()));
    }
    if !errors.is_empty() {
        values.insert("errors".to_owned(), errors.into());
    }
    Ok(values)
}

/// The objective of this name, the user's or one of druse.
fn named(name: &str, elements: &Arc<ElementTable>, global: &Global) -> Result<CrystalObjective, Failure> {
    let own = global.plugins.parts::<Crystal>();
    if let Some(objective) = own.objective(name) {
        return Ok(objective);
    }
    crystal_objective_with(name, elements).map_err(|error| {
        let more = own.objectives().iter().map(|objective| format!(", {}", objective.name()));
        Failure::input(format!("{error}{}", more.collect::<String>()))
    })
}

/// The objectives that there are.
pub fn help(plugins: &Plugins) -> String {
    let mut text = String::from("Objectives:\n");
    let mut line = |name: &str, unit: &str, goal: Goal, description: &str| {
        let goal = match goal {
            Goal::Minimise => "low".to_owned(),
            Goal::Maximise => "high".to_owned(),
            Goal::Target(value) => format!("near {value}"),
        };
        text.push_str(&format!("  {name} ({unit}, {goal} is good)\n      {description}\n"));
    };
    for objective in known() {
        line(objective.name, objective.unit, objective.goal, objective.description);
    }
    for objective in plugins.parts::<Crystal>().objectives() {
        line(objective.name(), objective.unit(), objective.goal(), "of this program");
    }
    text
}
