//! Campaigns of transition-metal complexes: from the checked campaign file to the parts of the
//! engine.

mod constraints;
mod domain;
pub mod drawing;
mod files;
mod ligands;
mod placed;

use std::sync::Arc;
use std::time::Duration;

use druse_datasets::ligands::{BuiltinLigand, LigandLibrary, builtin_ligands};
use druse_fitness::Tier;
use druse_fitness::assembly::AssemblyTier;
use druse_fitness::objectives::{ComplexContext, complex_objective, library_occurrences};
use druse_fitness::xtb::{Xtb, XtbTier};
use druse_generators::{
    ComplexSpace, Generator, LATENT_REPRESENTATION, Portfolio, chromophores, complex_generator,
    noble_by_abundant,
};
use druse_representations::Complex;
use druse_validation::{ComplexLookup, IdentityDuplicates};

use crate::config::{Campaign, ComplexSpec, Preset, Reference};
use crate::engine::{Evaluation, Pipeline};
use crate::goal::WithGoal;
use crate::learned;
use crate::plugins::place;
use crate::programs;
use crate::setup::{SetupError, filters, limits, settings};
use crate::warm_start;

pub use constraints::ConstraintTier;
pub use domain::Complexes;
pub use files::{formula, shape, xyz};
pub use ligands::{
    LIBRARY, LigandSource, UnknownLigand, distances, installed_library, known_complexes, library,
    ligand_pool, named_ligand,
};
pub use placed::{PlacedError, perceived_key, placed_complexes, told_by_atoms, told_complex};

/// Puts a campaign together.
///
/// # Errors
/// When ligands, references, xtb or parts named in the campaign are absent or do not fit together.
pub fn pipeline(campaign: &Campaign, spec: &ComplexSpec) -> Result<Pipeline<Complex>, SetupError> {
    let library = library(spec)?;
    let space = space(spec, library.as_deref())?;
    let generators: Vec<(Box<dyn Generator<Complex>>, f64)> = campaign
        .generators
        .iter()
        .map(|generator| {
            let seed = campaign.seed;
            let own = campaign.plugins.parts::<Complex>().generator(generator, seed, &space)?;
            let made = match (own, &generator.program, &generator.learned) {
                (Some(own), ..) => own,
                (None, Some(program), _) => programs::generator(program, seed, space.clone())?,
                (None, None, Some(model)) => {
                    let name = format!("{}/{LATENT_REPRESENTATION}", generator.kind);
                    learned::complex_generator(&name, generator, model, seed, &space)?
                }
                (None, None, None) => complex_generator(&generator.kind, &space, seed, &generator.options)?,
            };
            Ok((made, generator.weight))
        })
        .collect::<Result<_, SetupError>>()?;
    let generator = Box::new(Portfolio::new(generators));
    let (generator, seeds) = warm_start::before(campaign.warm_start.as_ref(), &space, generator);
    Ok(Pipeline {
        generator,
        seeds,
        evaluation: evaluation(campaign, spec, &space, library)?,
        duplicates: Box::new(IdentityDuplicates::default()),
        cache: campaign.cache.open()?,
        settings: settings(campaign),
    })
}

/// What judges the complexes of a campaign.
///
/// # Errors
/// When references, xtb or parts named in the campaign are absent.
pub fn evaluation(
    campaign: &Campaign,
    spec: &ComplexSpec,
    space: &ComplexSpace,
    library: Option<Arc<LigandLibrary>>,
) -> Result<Evaluation<Complex>, SetupError> {
    let context = ComplexContext {
        occurrences: library.clone().map(library_occurrences).transpose()?,
        ..ComplexContext::default()
    };
    let own = campaign.plugins.parts::<Complex>();
    let objectives = campaign.objectives.iter().map(|spec| {
        if let Some(objective) = own.objective(&spec.name) {
            return Ok(WithGoal::wrap(objective, spec.goal));
        }
        if let Some(program) = &spec.program {
            return Ok(programs::objective(spec, program)?);
        }
        let objective = complex_objective(&spec.name, &context)?;
        Ok(WithGoal::wrap(objective, spec.goal))
    });
    // The library lacks some textbook ligands whose crystals abound.
    let known = builtin_ligands().iter().map(BuiltinLigand::ligand);
    let mut novelty = ComplexLookup::new(library.clone())?.with_ligands("built-in ligands", known);
    if let Reference::File { path, .. } = &campaign.novelty {
        let known = known_complexes(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        novelty = novelty.with_complexes(&name, known.iter().map(|(id, complex)| (id.as_str(), complex)));
    }
    let mut tiers = tiers(spec, space, library.as_deref())?;
    place(&campaign.plugins, &campaign.tiers, &mut tiers)?;
    Ok(Evaluation {
        tiers,
        funnel: filters(campaign),
        objectives: objectives.collect::<Result<_, SetupError>>()?,
        limits: limits(campaign),
        novelty: Some(Box::new(novelty)),
        batch: 1,
        notes: own.protocol(campaign),
    })
}

/// The complexes that a campaign may propose.
///
/// # Errors
/// When a source of ligands is absent.
pub fn space(spec: &ComplexSpec, library: Option<&LigandLibrary>) -> Result<ComplexSpace, SetupError> {
    let pool = ligand_pool(&spec.ligands, library)?;
    let (metals, geometries) = (spec.metals.iter().cloned(), spec.geometries.iter().copied());
    let mut space = match &spec.preset {
        None => ComplexSpace::new(metals, geometries, pool),
        Some(Preset::Chromophores) => chromophores(&pool),
        Some(Preset::Replace(text)) => noble_by_abundant(&text.parse()?, &pool),
    };
    if !spec.metals.is_empty() {
        space.metals = spec.metals.clone();
    }
    if !spec.geometries.is_empty() {
        space.geometries = spec.geometries.clone();
    }
    Ok(ComplexSpace {
        charge: spec.charge.unwrap_or(space.charge),
        electrons: spec.electrons.clone(),
        atoms: spec.atoms,
        donors: spec.donors.clone(),
        denticities: spec.denticities.clone(),
        most_distinct: spec.most_distinct,
        required: spec.required.clone(),
        spin: spec.spin,
        evolve: spec.evolve.clone(),
        ..space
    })
}

/// Names of all tiers that a campaign of complexes may have without plug-ins.
pub const TIERS: [&str; 3] = ["constraints", "assembly", "xtb"];

/// Names of the tiers in order of cost, without plug-ins.
pub fn funnel(spec: &ComplexSpec) -> Vec<&'static str> {
    let wanted = if spec.xtb.is_some() { 3 } else { 2 };
    TIERS[..wanted].to_vec()
}

/// The funnel in order of cost.
fn tiers(
    spec: &ComplexSpec,
    space: &ComplexSpace,
    library: Option<&LigandLibrary>,
) -> Result<Vec<Box<dyn Tier<Complex>>>, SetupError> {
    let mut tiers: Vec<Box<dyn Tier<Complex>>> = vec![
        Box::new(ConstraintTier::new(space.clone())),
        Box::new(AssemblyTier::new(ligands::distances(library), Default::default())),
    ];
    if let Some(xtb) = &spec.xtb {
        let program = Xtb::find()?.with_time_limit(Duration::from_secs(xtb.timeout));
        tiers.push(Box::new(XtbTier::new(program, xtb.options.clone())));
    }
    Ok(tiers)
}
