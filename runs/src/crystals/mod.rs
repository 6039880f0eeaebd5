//! Campaigns of crystals: from the checked campaign file to the parts of the engine.

mod audit;
mod checks;
mod domain;
pub mod drawing;
mod files;
mod phases;
mod start;
mod table;
mod trust;

use std::sync::Arc;

use druse_datasets::precursors::shipped_precursors;
use druse_datasets::reference::ReferenceTable;
use druse_fitness::chgnet::{Chgnet, ChgnetKind};
use druse_fitness::hull::{HullTier, PhaseDiagram, Precursors, SecondOpinion, Standing};
use druse_fitness::objectives::crystal_objective;
use druse_fitness::potential::Potential;
use druse_fitness::potentials::{self, LoadError};
use druse_fitness::relax::{RelaxOptions, RelaxTier};
use druse_fitness::training_distance::{KnownAtoms, TrainingDistanceTier};
use druse_fitness::{Objective, Tier, property};
use druse_generators::{Appraiser, Generator, Portfolio, appraised_crystal_generator};
use druse_representations::{Composition, Crystal, Element};
use druse_validation::CrystalDuplicates;
use druse_validation::audit::Audit;

use crate::config::{Campaign, CrystalSpec, GeneratorSpec, ObjectiveSpec, PotentialSpec, SecondOpinionSpec};
use crate::engine::{Evaluation, Pipeline};
use crate::goal::WithGoal;
use crate::learned;
use crate::plugins::{Kind, place};
use crate::programs;
use crate::setup::{SetupError, filters, limits, settings};
use crate::warm_start;

pub use audit::AuditTier;
pub use checks::{CheckTier, ConstraintTier};
pub use domain::Crystals;
pub use files::Standardised;
pub use phases::{KnownStructure, Phases, known_structures, phases};
pub(crate) use table::Table;
pub use trust::TrustTier;

/// Tolerance (Å) of space groups of relaxed crystals: in constraints and in the files of the front.
pub const SYMPREC: f64 = 0.05;

/// Puts a campaign together; energies are computed on `device` (see [`druse_fitness::potentials::load`]).
///
/// # Errors
/// When weights, references or parts named in the campaign are absent or do not fit together.
pub fn pipeline(
    campaign: &Campaign,
    spec: &CrystalSpec,
    device: &str,
) -> Result<Pipeline<Crystal>, SetupError> {
    let generators: Vec<(Box<dyn Generator<Crystal>>, f64)> = campaign
        .generators
        .iter()
        .map(|generator| {
            let (seed, space) = (campaign.seed, &spec.space);
            let own = campaign.plugins.parts::<Crystal>().generator(generator, seed, space)?;
            let representation = generator.representation.as_deref();
            let made = match (own, &generator.program, &generator.learned) {
                (Some(own), ..) => own,
                (None, Some(program), _) => programs::generator(program, seed, space.clone())?,
                (None, None, Some(learned)) => {
                    let name = match representation {
                        None => generator.kind.clone(),
                        Some(representation) => format!("{}/{representation}", generator.kind),
                    };
                    learned::generator(&name, generator, learned, seed, space, device)?
                }
                (None, None, None) => {
                    let representation = representation.unwrap_or(Crystal::REPRESENTATIONS[0]);
                    let appraiser =
                        screens(generator).then(|| appraiser(campaign, spec, device)).transpose()?.flatten();
                    let options = &generator.options;
                    appraised_crystal_generator(
                        representation,
                        &generator.kind,
                        space,
                        seed,
                        options,
                        appraiser,
                    )?
                }
            };
            Ok((made, generator.weight))
        })
        .collect::<Result<_, SetupError>>()?;
    let generator = Box::new(Portfolio::new(generators));
    let (generator, seeds) = warm_start::before(campaign.warm_start.as_ref(), &spec.space, generator);
    Ok(Pipeline {
        generator,
        seeds,
        evaluation: evaluation(campaign, spec, device)?,
        duplicates: Box::new(CrystalDuplicates::default()),
        cache: campaign.cache.open()?,
        settings: settings(campaign),
    })
}

fn screens(generator: &GeneratorSpec) -> bool {
    generator.options.screen > 1
}

/// Energies above hull of proposals, where crystals are relaxed and all elements have competing phases: by CHGNet, which is
/// the cheapest, whatever potential relaxes them.
fn appraiser(
    campaign: &Campaign,
    spec: &CrystalSpec,
    device: &str,
) -> Result<Option<Arc<dyn Appraiser>>, SetupError> {
    const CHEAPEST: &str = "chgnet-0.3.0";
    let Some(relax) = &spec.relax else { return Ok(None) };
    let name = relax.model.to_string();
    let itself = name.starts_with("chgnet");
    if relax.pressure != 0.0 && !itself {
        // The energies that come with druse say nothing about what is stable under pressure.
        return Ok(None);
    }
    let potential: Arc<dyn Potential> =
        campaign.plugins.load_potential(if itself { &name } else { CHEAPEST }, device)?.into();
    let path = spec.hull.path().filter(|_| itself);
    let table = Table::of(path, potential.as_ref(), relax.pressure, HULL_KEY)?;
    let diagram = match phase_diagram(spec, &table, HULL_KEY) {
        Err(SetupError::MissingElements { .. }) if !itself => return Ok(None),
        diagram => Arc::new(diagram?),
    };
    // Where known crystals are rejected anyway, their formulas are not worth much.
    let known =
        if spec.reject.is_empty() { Vec::new() } else { table.get().entries_within(&spec.space.elements)? };
    let formulas = known.iter().map(|entry| entry.composition.reduced_formula()).collect();
    Ok(Some(Arc::new(start::Start { potential, diagram, pressure: relax.pressure, formulas })))
}

/// What judges the crystals of a campaign.
///
/// # Errors
/// As [`pipeline`].
pub fn evaluation(
    campaign: &Campaign,
    spec: &CrystalSpec,
    device: &str,
) -> Result<Evaluation<Crystal>, SetupError> {
    let audit = audit::open(&campaign.novelty)?;
    let mut tiers = tiers(campaign, spec, device, &audit)?;
    place(&campaign.plugins, &campaign.tiers, &mut tiers)?;
    let own = campaign.plugins.parts::<Crystal>();
    if own.propose_in(campaign) {
        tiers.insert(0, Box::new(ConstraintTier::new(spec.space.clone()).named(PROPOSALS)));
    }
    let objective = |spec: &ObjectiveSpec| match own.objective(&spec.name) {
        Some(objective) => Ok(WithGoal::wrap(objective, spec.goal)),
        None => objective(spec),
    };
    Ok(Evaluation {
        tiers,
        funnel: filters(campaign),
        objectives: campaign.objectives.iter().map(objective).collect::<Result<_, _>>()?,
        limits: limits(campaign),
        novelty: Some(Box::new(audit)),
        // The processor gains nothing from batches and shares single candidates best; a GPU wants
        // many at once.
        batch: if device == "cpu" { 1 } else { 16 },
        notes: own.protocol(campaign),
    })
}

/// Names of all tiers that a campaign of crystals may have without plug-ins.
pub const TIERS: [&str; 11] = [
    PROPOSALS,
    CHECKS,
    RELAX,
    CHECKS_AGAIN,
    "constraints",
    AUDIT,
    HULL,
    SECOND_OPINION,
    TRAINING_DISTANCE,
    TRUST,
    PROPERTIES,
];

/// Keys of reference tables in campaign files.
const HULL_KEY: &str = "hull.reference";
const SECOND_KEY: &str = "second_opinion.reference";

/// Names of tiers.
const PROPOSALS: &str = "constraints of proposals";
const CHECKS: &str = "checks";
const RELAX: &str = "relax";
const CHECKS_AGAIN: &str = "checks of the relaxed";
const AUDIT: &str = "audit";
const HULL: &str = "hull";
const SECOND_OPINION: &str = "second opinion";
const TRAINING_DISTANCE: &str = "training distance";
const TRUST: &str = "trust";
const PROPERTIES: &str = "properties";

/// Names of the tiers in order of cost, without plug-ins; `names` are those of objectives and limits.
pub fn funnel<'a, I: Iterator<Item = &'a str>>(
    spec: &CrystalSpec,
    names: impl Fn() -> I,
) -> Vec<&'static str> {
    let audit = if wants_audit(spec, names()) { Some(AUDIT) } else { None };
    let mut funnel = vec![CHECKS];
    if spec.relax.is_some() {
        funnel.extend([RELAX, CHECKS_AGAIN, "constraints"]);
    }
    funnel.extend(audit);
    if spec.relax.is_some() && needs_hull(names()) {
        funnel.push(HULL);
        funnel.extend(spec.second_opinion.as_ref().map(|_| SECOND_OPINION));
    }
    if spec.relax.is_some() {
        funnel.extend(needs_distance(names()).then_some(TRAINING_DISTANCE));
        funnel.push(TRUST);
    }
    if needs_estimates(names()) {
        funnel.push(PROPERTIES);
    }
    funnel
}

/// Properties that a trained model estimates, with their doubts.
pub fn estimated() -> Vec<String> {
    let doubts = property::ESTIMATED.map(property::doubt_of);
    property::ESTIMATED.map(str::to_owned).into_iter().chain(doubts).collect()
}

fn needs_estimates<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    let estimated = estimated();
    names.any(|name| estimated.iter().any(|one| one == name))
}

fn needs_distance<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| name == property::TRAINING_DISTANCE)
}

fn wants_audit<'a>(spec: &CrystalSpec, mut names: impl Iterator<Item = &'a str>) -> bool {
    !spec.reject.is_empty() || names.any(|name| name == property::NOVELTY)
}

/// The funnel in order of cost.
fn tiers(
    campaign: &Campaign,
    spec: &CrystalSpec,
    device: &str,
    audit: &Arc<Audit>,
) -> Result<Vec<Box<dyn Tier<Crystal>>>, SetupError> {
    let mut tiers: Vec<Box<dyn Tier<Crystal>>> = vec![Box::new(CheckTier::new(CHECKS, spec.checks))];
    let audit_tier =
        wants_audit(spec, names(campaign)).then(|| AuditTier::new(Arc::clone(audit), spec.reject.clone()));
    let estimates = needs_estimates(names(campaign)).then(learned::property_tier).transpose()?;
    let Some(relax) = &spec.relax else {
        tiers.extend(audit_tier.map(|tier| Box::new(tier) as Box<dyn Tier<Crystal>>));
        tiers.extend(estimates);
        return Ok(tiers);
    };
    let potential = potential(campaign, &relax.model, device)?;
    let options = RelaxOptions {
        fmax: relax.fmax,
        steps: relax.steps,
        symprec: relax.symprec,
        leave_saddles: relax.leave_saddles,
        ..RelaxOptions::at_pressure(relax.pressure)
    };
    tiers.push(Box::new(RelaxTier::new(Arc::clone(&potential), options)));
    tiers.push(Box::new(CheckTier::new(CHECKS_AGAIN, spec.checks)));
    tiers.push(Box::new(ConstraintTier::new(spec.space.clone())));
    // Of relaxed crystals: a known structure that was distorted relaxes back to it.
    tiers.extend(audit_tier.map(|tier| Box::new(tier) as Box<dyn Tier<Crystal>>));
    if needs_hull(names(campaign)) {
        let table = Table::of(spec.hull.path(), potential.as_ref(), relax.pressure, HULL_KEY)?;
        let diagram = phase_diagram(spec, &table, HULL_KEY)?;
        let tier = HullTier::new(Arc::new(diagram), table.get().reference());
        let tier = tier.of_enthalpies(relax.pressure != 0.0);
        tiers.push(Box::new(tier.telling(standing(campaign, spec, table.get())?)));
        if let Some(second) = &spec.second_opinion {
            tiers.push(Box::new(second_opinion(campaign, spec, second, options)?));
        }
    }
    if needs_distance(names(campaign)) {
        let chgnet = Chgnet::load(ChgnetKind::V030).map_err(LoadError::from)?;
        tiers.push(Box::new(TrainingDistanceTier::new(Arc::new(chgnet), KnownAtoms::shipped()?)?));
    }
    let learnt_from_known = potentials::NAMES.contains(&relax.model.to_string().as_str());
    tiers.push(Box::new(TrustTier::new(spec.trust, learnt_from_known)));
    tiers.extend(estimates);
    Ok(tiers)
}

/// Names of objectives, limits and filters.
fn names(campaign: &Campaign) -> impl Iterator<Item = &str> {
    let objectives = campaign.objectives.iter().map(|objective| objective.name.as_str());
    let limits = campaign.limits.iter().map(|limit| limit.name.as_str());
    let filters = campaign.funnel.filters.iter().map(|filter| filter.limit.name.as_str());
    objectives.chain(limits).chain(filters)
}

fn needs_hull<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(|name| property::OF_HULL.contains(&name) || property::HULL_EVIDENCE.contains(&name))
}

/// What objectives, limits and filters ask of a place on the hull; precursors have the energies of `table`.
fn standing(campaign: &Campaign, spec: &CrystalSpec, table: &ReferenceTable) -> Result<Standing, SetupError> {
    let asked = |name: &str| names(campaign).any(|one| one == name);
    let precursors = asked(property::REACTION_ENERGY).then(|| precursors(spec, table)).transpose()?;
    Ok(Standing {
        inverse_hull_energy: asked(property::INVERSE_HULL_ENERGY),
        metastability: asked(property::METASTABILITY),
        precursors: precursors.map(Arc::new),
    })
}

fn precursors(spec: &CrystalSpec, table: &ReferenceTable) -> Result<Precursors, SetupError> {
    let Some(formulas) = &spec.precursors else {
        return Ok(Precursors::new(shipped_precursors(), "shipped list", table)?);
    };
    let list: Vec<Composition> = formulas
        .iter()
        .map(|formula| formula.parse())
        .collect::<Result<_, _>>()
        .map_err(SetupError::PrecursorFormula)?;
    let precursors = Precursors::new(&list, "list of the campaign", table)?;
    match precursors.unknown() {
        [] => Ok(precursors),
        unknown => Err(SetupError::UnknownPrecursors(unknown.join(", "))),
    }
}

/// The potential that a campaign names.
fn potential(
    campaign: &Campaign,
    spec: &PotentialSpec,
    device: &str,
) -> Result<Arc<dyn Potential>, SetupError> {
    Ok(campaign.plugins.load_potential(&spec.to_string(), device)?.into())
}

fn second_opinion(
    campaign: &Campaign,
    spec: &CrystalSpec,
    second: &SecondOpinionSpec,
    options: RelaxOptions,
) -> Result<SecondOpinion, SetupError> {
    // The processor is the fastest place for one crystal at a time, and the only one of some models.
    let potential = potential(campaign, &second.model, "cpu")?;
    let table = Table::of(second.reference.path(), potential.as_ref(), options.pressure, SECOND_KEY)?;
    let diagram = Arc::new(phase_diagram(spec, &table, SECOND_KEY)?);
    let reference = table.get().reference();
    let tier = SecondOpinion::new(potential, diagram, reference, options, second.below);
    Ok(tier.telling(standing(campaign, spec, table.get())?))
}

/// The hull of the space; `key` names the table.
fn phase_diagram(spec: &CrystalSpec, table: &Table, key: &'static str) -> Result<PhaseDiagram, SetupError> {
    let diagram = PhaseDiagram::from_computed(&table.get().entries_within(&spec.space.elements)?)?;
    let covered: Vec<Element> = diagram.elements().collect();
    let elements: Vec<Element> =
        spec.space.elements.iter().copied().filter(|element| !covered.contains(element)).collect();
    if !elements.is_empty() {
        return Err(SetupError::MissingElements { key, elements });
    }
    Ok(diagram)
}

fn objective(spec: &ObjectiveSpec) -> Result<Box<dyn Objective<Crystal>>, SetupError> {
    if let Some(program) = &spec.program {
        return Ok(programs::objective(spec, program)?);
    }
    Ok(WithGoal::wrap(crystal_objective(&spec.name)?, spec.goal))
}
