//! Trained models in campaigns.

use std::path::Path;

use crate::config::{ConditionSetting, ModelSpec};
#[cfg(not(feature = "torch"))]
pub(crate) use no_torch::{
    card, complex_generator, find, generator, has_shipped_latents, property_tier, shipped_latents,
};
#[cfg(feature = "torch")]
pub(crate) use torch::{
    card, complex_generator, find, generator, has_shipped_latents, property_tier, shipped_latents,
};

/// Why a model cannot be used, by the key of the campaign file that says so.
pub(crate) struct Unusable {
    /// Key beside `kind`.
    pub(crate) field: &'static str,
    /// What was found.
    pub(crate) found: String,
    /// What was expected.
    pub(crate) expected: String,
}

/// A model that was found.
pub(crate) struct Found {
    /// What it is.
    pub(crate) model: ModelSpec,
    /// The conditions that it was trained with.
    pub(crate) conditions: Vec<Condition>,
    /// Whether it tells what it was trained on.
    pub(crate) remembers: bool,
}

/// A condition of a model.
pub(crate) struct Condition {
    pub(crate) name: String,
    values: Values,
}

/// What it takes.
#[cfg_attr(not(feature = "torch"), expect(dead_code, reason = "only models have conditions"))]
enum Values {
    Numbers,
    Words(Vec<String>),
    ChemicalSystems,
}

impl Condition {
    /// What it takes, if that is not what is wanted.
    pub(crate) fn refuses(&self, wanted: &ConditionSetting) -> Option<String> {
        let symbols = |word: &str| {
            word.split('-').all(|symbol| symbol.parse::<crate::representations::Element>().is_ok())
        };
        match (&self.values, wanted) {
            (Values::Numbers, ConditionSetting::Number(_) | ConditionSetting::Range(_)) => None,
            (Values::Numbers, ConditionSetting::Word(_)) => {
                Some("a number or a range [smallest, largest]".to_owned())
            }
            (Values::Words(known), ConditionSetting::Word(word)) if known.contains(word) => None,
            (Values::Words(known), ConditionSetting::Number(x)) if known.contains(&x.to_string()) => None,
            (Values::Words(known), _) => Some(format!("one of {}", known.join(", "))),
            (Values::ChemicalSystems, ConditionSetting::Word(word)) if symbols(word) => None,
            (Values::ChemicalSystems, _) => Some("a chemical system such as \"Li-Fe-P-O\"".to_owned()),
        }
    }
}

#[cfg(feature = "torch")]
mod torch {
    use super::{Condition, ConditionSetting, Found, ModelSpec, Path, Unusable, Values};
    use crate::config::{GeneratorSpec, LearnedSpec};
    use std::sync::Arc;

    use crate::fitness::Tier;
    use crate::fitness::chgnet::torch::{device, single_threaded};
    use crate::generators::learned::crystal_properties::{CrystalProperties, PropertyModel, PropertyTier};
    use crate::generators::learned::house::{Learner, ModelFile, Seen};
    use crate::generators::learned::{
        GeneticAlgorithm, LearnedGenerator, Request, Scale, Target, Wanted, shipped,
    };
    use crate::generators::{ComplexSpace, DesignSpace, Generator, GeneticOptions, Selection};
    use crate::representations::{Complex, Crystal};
    use crate::setup::SetupError;

    /// The model of one of these kinds, such as `symmetry-diffusion`, from a file, relative to `base`, or the one of the
    /// first kind that comes with druse.
    ///
    /// # Errors
    /// When there is none, or the file is damaged or of another kind.
    pub(crate) fn find(kinds: &[String], file: Option<&str>, base: &Path) -> Result<Found, Unusable> {
        single_threaded();
        let kind = kinds.first().map(String::as_str).unwrap_or_default();
        let unusable = |found: String, expected: String| Unusable { field: "model", found, expected };
        let (model, path) = match file {
            None => {
                let Some(bytes) = shipped::weights(kind) else {
                    let expected = match shipped::names().collect::<Vec<_>>().join(", ") {
                        names if names.is_empty() => {
                            "a file written by druse train: this build ships no weights".to_owned()
                        }
                        names => format!("a file written by druse train, or a shipped model: {names}"),
                    };
                    return Err(unusable(format!("no shipped {kind} model"), expected));
                };
                let whole = |error: &dyn std::fmt::Display| {
                    unusable(error.to_string(), "weights that are whole".to_owned())
                };
                (ModelFile::from_bytes(bytes, kind).map_err(|error| whole(&error))?, None)
            }
            Some(name) => {
                let expected = || {
                    let kinds = kinds.join(" or ");
                    format!(
                        "\"shipped\" or a {kinds} model written by druse train, relative to the campaign file"
                    )
                };
                let path = base.join(name);
                let model = ModelFile::read(&path)
                    .map_err(|error| unusable(format!("\"{name}\" ({error})"), expected()))?;
                if !kinds.contains(&model.card.kind) {
                    let found = format!("\"{name}\", a {} model", model.card.kind);
                    return Err(unusable(found, expected()));
                }
                (model, Some(path.canonicalize().unwrap_or(path)))
            }
        };
        let conditions = model.card.conditions.columns.iter().map(|column| Condition {
            name: column.name.clone(),
            values: match &column.scale {
                Scale::Number { .. } => Values::Numbers,
                Scale::Category(known) => Values::Words(known.clone()),
                Scale::Elements => Values::ChemicalSystems,
            },
        });
        let conditions = conditions.collect();
        let remembers = !model.seen.is_empty();
        let model = ModelSpec { kind: model.card.kind, path, sha256: model.sha256 };
        Ok(Found { model, conditions, remembers })
    }

    fn open(spec: &ModelSpec) -> Result<ModelFile, SetupError> {
        let broken = |reason: String| SetupError::Model { kind: spec.kind.clone(), reason };
        let model = match &spec.path {
            Some(path) => ModelFile::read(path),
            None => {
                let bytes = shipped::weights(&spec.kind).unwrap_or_default();
                ModelFile::from_bytes(bytes, &spec.kind)
            }
        };
        let model = model.map_err(|error| broken(error.to_string()))?;
        if model.sha256 != spec.sha256 {
            let found = &model.sha256;
            return Err(broken(format!("found weights of SHA-256 {found}, expected {}", spec.sha256)));
        }
        Ok(model)
    }

    /// The card of a model for people. Markdown.
    ///
    /// # Errors
    /// When the weights changed since the campaign file was checked.
    pub(crate) fn card(spec: &ModelSpec) -> Result<String, SetupError> {
        let model = open(spec)?;
        Ok(model.card.markdown(&spec.kind, &model.sha256, &[]))
    }

    /// The generator of a campaign, on the device of its potential.
    ///
    /// # Errors
    /// When the weights changed since the campaign file was checked, or the model cannot do what is asked.
    pub(crate) fn generator(
        name: &str,
        generator: &GeneratorSpec,
        spec: &LearnedSpec,
        seed: u64,
        space: &DesignSpace,
        device_name: &str,
    ) -> Result<Box<dyn Generator<Crystal>>, SetupError> {
        let broken = |reason: String| SetupError::Model { kind: spec.model.kind.clone(), reason };
        single_threaded();
        let model = open(&spec.model)?;
        // Potentials also run on `torch-cpu`.
        let name_of_device = device_name.trim_start_matches("torch-");
        let device = device(name_of_device).map_err(|error| broken(error.to_string()))?;
        if let Some(selection) = Selection::from_name(&generator.kind) {
            let algorithm = GeneticAlgorithm { name, selection, space, seed, options: &generator.options };
            return model.bred(device, algorithm).map_err(|error| broken(error.to_string()));
        }
        let (sampler, tunable) = model.tunable(device).map_err(|error| broken(error.to_string()))?;
        let target = |(column, wanted): (&String, &ConditionSetting)| Target {
            column: column.clone(),
            wanted: match wanted {
                ConditionSetting::Number(value) => Wanted::Number(*value),
                ConditionSetting::Range(ends) => Wanted::Range(*ends),
                ConditionSetting::Word(word) => Wanted::Text(word.clone()),
            },
        };
        let request = Request {
            targets: spec.conditions.iter().map(target).collect(),
            guidance: spec.guidance,
            temperature: spec.temperature,
            steps: spec.steps,
            ..Request::new(space.clone())
        };
        let tunable = spec.fine_tune.then_some(tunable);
        let generator = LearnedGenerator::new(name, seed, sampler, tunable, request)
            .map_err(|error| broken(error.to_string()))?;
        let seen = if spec.unseen { model.seen.clone() } else { Seen::default() };
        Ok(Box::new(generator.best_of(spec.best_of).without(seen)))
    }

    /// The tier of the properties that the model that comes with druse estimates.
    ///
    /// # Errors
    /// When this build ships no such model.
    pub(crate) fn property_tier() -> Result<Box<dyn Tier<Crystal>>, SetupError> {
        let kind = CrystalProperties::KIND;
        let broken = |reason: String| SetupError::Model { kind: kind.to_owned(), reason };
        single_threaded();
        let bytes = shipped::weights(kind).ok_or_else(|| broken("this build ships no weights".to_owned()))?;
        let device = device("cpu").map_err(|error| broken(error.to_string()))?;
        let weights = ModelFile::from_bytes(bytes, kind).and_then(|file| file.weights(device));
        let model = PropertyModel::new(&weights.map_err(|error| broken(error.to_string()))?);
        Ok(Box::new(PropertyTier::new(Arc::new(model))))
    }

    /// The autoencoder of ligands that comes with druse.
    const LIGANDS: &str = "ligand-vae";

    /// Whether an autoencoder of ligands comes with druse.
    pub(crate) fn has_shipped_latents() -> bool {
        shipped::weights(LIGANDS).is_some()
    }

    /// A genetic algorithm on complexes, part of whose ligands come from the latents of the model that comes with druse;
    /// `None` where none does.
    pub(crate) fn shipped_latents(
        name: &str,
        selection: Selection,
        space: &ComplexSpace,
        seed: u64,
        options: &GeneticOptions,
    ) -> Option<Result<Box<dyn Generator<Complex>>, String>> {
        let bytes = shipped::weights(LIGANDS)?;
        single_threaded();
        let device = device("cpu").map_err(|error| error.to_string());
        Some(device.and_then(|device| {
            let model = ModelFile::from_bytes(bytes, LIGANDS).map_err(|error| error.to_string())?;
            let algorithm = GeneticAlgorithm { name, selection, space, seed, options };
            model.bred_complexes(device, algorithm).map_err(|error| error.to_string())
        }))
    }

    /// A genetic algorithm on complexes, part of whose ligands come from the latents of a model.
    ///
    /// # Errors
    /// As [`generator`].
    pub(crate) fn complex_generator(
        name: &str,
        generator: &GeneratorSpec,
        spec: &LearnedSpec,
        seed: u64,
        space: &ComplexSpace,
    ) -> Result<Box<dyn Generator<Complex>>, SetupError> {
        let broken = |reason: String| SetupError::Model { kind: spec.model.kind.clone(), reason };
        single_threaded();
        let selection = Selection::from_name(&generator.kind)
            .ok_or_else(|| broken(format!("'{}' is no genetic algorithm", generator.kind)))?;
        let device = device("cpu").map_err(|error| broken(error.to_string()))?;
        let algorithm = GeneticAlgorithm { name, selection, space, seed, options: &generator.options };
        open(&spec.model)?.bred_complexes(device, algorithm).map_err(|error| broken(error.to_string()))
    }
}

#[cfg(not(feature = "torch"))]
mod no_torch {
    use super::{Found, ModelSpec, Path, Unusable};
    use crate::config::{GeneratorSpec, LearnedSpec};
    use crate::fitness::Tier;
    use crate::generators::{ComplexSpace, DesignSpace, Generator, GeneticOptions, Selection};
    use crate::representations::{Complex, Crystal};
    use crate::setup::SetupError;

    const EXPECTED: &str = "a build of druse with the feature torch";

    /// Without libtorch there are no models.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn find(kinds: &[String], _: Option<&str>, _: &Path) -> Result<Found, Unusable> {
        let found = format!("a {} model in a build without libtorch", kinds.join(" or "));
        Err(Unusable { field: "kind", found, expected: EXPECTED.to_owned() })
    }

    /// The same for a campaign that was checked by another build.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn card(spec: &ModelSpec) -> Result<String, SetupError> {
        Err(SetupError::Model { kind: spec.kind.clone(), reason: format!("it needs {EXPECTED}") })
    }

    /// The same for a campaign that was checked by another build.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn generator(
        _: &str,
        _: &GeneratorSpec,
        spec: &LearnedSpec,
        _: u64,
        _: &DesignSpace,
        _: &str,
    ) -> Result<Box<dyn Generator<Crystal>>, SetupError> {
        Err(SetupError::Model { kind: spec.model.kind.clone(), reason: format!("it needs {EXPECTED}") })
    }

    /// The same for a campaign that was checked by another build.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn complex_generator(
        _: &str,
        _: &GeneratorSpec,
        spec: &LearnedSpec,
        _: u64,
        _: &ComplexSpace,
    ) -> Result<Box<dyn Generator<Complex>>, SetupError> {
        Err(SetupError::Model { kind: spec.model.kind.clone(), reason: format!("it needs {EXPECTED}") })
    }

    /// Without libtorch nothing is estimated.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn property_tier() -> Result<Box<dyn Tier<Crystal>>, SetupError> {
        let reason = format!("estimates need {EXPECTED}");
        Err(SetupError::Model { kind: "crystal-properties".to_owned(), reason })
    }

    /// None comes with druse without libtorch.
    pub(crate) fn has_shipped_latents() -> bool {
        false
    }

    /// None comes with druse without libtorch.
    pub(crate) fn shipped_latents(
        _: &str,
        _: Selection,
        _: &ComplexSpace,
        _: u64,
        _: &GeneticOptions,
    ) -> Option<Result<Box<dyn Generator<Complex>>, String>> {
        None
    }
}
