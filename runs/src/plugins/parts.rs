//! The plug-ins for one kind of design.

use std::sync::Arc;

use druse_fitness::{Objective, Tier};
use druse_generators::{Breeder, Generator, Genetic, Selection, Unguided};

use super::guard::Guarded;
use super::{Kind, Plugins, Setting};
use crate::config::{Campaign, GeneratorSpec, TierSpec};
use crate::setup::SetupError;

/// Any error, or a text: `"no such table".into()`.
pub type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Makes a generator for a campaign.
type Make<D> =
    Arc<dyn Fn(&GeneratorSpec, &Setting<D>) -> Result<Box<dyn Generator<D>>, AnyError> + Send + Sync>;

/// A part that is made anew for each campaign.
#[derive(Clone)]
pub(super) struct Factory<D: Kind> {
    pub(super) name: String,
    make: Make<D>,
}

/// The plug-ins for one kind of design.
#[derive(Clone)]
pub struct Parts<D: Kind> {
    pub(super) objectives: Vec<Arc<dyn Objective<D>>>,
    pub(super) tiers: Vec<Arc<dyn Tier<D>>>,
    pub(super) generators: Vec<Factory<D>>,
    pub(super) representations: Vec<Factory<D>>,
}

impl<D: Kind> Default for Parts<D> {
    fn default() -> Self {
        Self {
            objectives: Vec::new(),
            tiers: Vec::new(),
            generators: Vec::new(),
            representations: Vec::new(),
        }
    }
}

impl<D: Kind> Parts<D> {
    pub(super) fn add_generator<G, F>(&mut self, name: String, make: F)
    where
        G: Generator<D> + 'static,
        F: Fn(&Setting<D>) -> Result<G, AnyError> + Send + Sync + 'static,
    {
        let make: Make<D> = Arc::new(move |_, setting| Ok(Box::new(make(setting)?) as Box<dyn Generator<D>>));
        self.generators.push(Factory { name, make });
    }

    pub(super) fn add_representation<B, F>(&mut self, name: String, make: F)
    where
        B: Breeder<Design = D> + 'static,
        F: Fn(&Setting<D>) -> Result<B, AnyError> + Send + Sync + 'static,
    {
        let own = name.clone();
        let make: Make<D> = Arc::new(move |spec, setting| {
            let breeder = make(setting)?;
            let name = format!("{}/{own}", spec.kind);
            Ok(match Selection::from_name(&spec.kind) {
                Some(selection) => {
                    let genetic = Genetic::new(selection, breeder, setting.seed, spec.options.clone());
                    Box::new(genetic.named(name))
                }
                None => Box::new(Unguided::new(name, breeder, setting.seed)),
            })
        });
        self.representations.push(Factory { name, make });
    }

    /// The objectives.
    pub fn objectives(&self) -> &[Arc<dyn Objective<D>>] {
        &self.objectives
    }

    /// The tiers.
    pub fn tiers(&self) -> &[Arc<dyn Tier<D>>] {
        &self.tiers
    }

    /// Names of kinds of generators.
    pub fn generators(&self) -> impl Iterator<Item = &str> {
        self.generators.iter().map(|factory| factory.name.as_str())
    }

    /// Names of representations.
    pub fn representations(&self) -> impl Iterator<Item = &str> {
        self.representations.iter().map(|factory| factory.name.as_str())
    }

    /// The objective of this name.
    pub fn objective(&self, name: &str) -> Option<Box<dyn Objective<D>>> {
        let found = self.objectives.iter().find(|objective| objective.name() == name)?;
        Some(Box::new(Arc::clone(found)))
    }

    /// The tier of this name.
    pub fn tier(&self, name: &str) -> Option<Box<dyn Tier<D>>> {
        let found = self.tiers.iter().find(|tier| tier.name() == name)?;
        Some(Box::new(Arc::clone(found)))
    }

    /// The generator that a campaign asks for; `None` when no plug-in has a share in it.
    ///
    /// # Errors
    /// When it cannot be made with these options.
    pub(crate) fn generator(
        &self,
        spec: &GeneratorSpec,
        seed: u64,
        space: &D::Space,
    ) -> Result<Option<Box<dyn Generator<D>>>, SetupError> {
        let Some((what, factory)) = self.factory(spec) else { return Ok(None) };
        let setting = Setting { seed, space: space.clone(), options: spec.settings.clone() };
        let failed = |reason: String| SetupError::Part { part: format!("{what} '{}'", factory.name), reason };
        let generator = (factory.make)(spec, &setting).map_err(|error| failed(error.to_string()))?;
        if spec.representation.is_none() && generator.name() != factory.name {
            return Err(failed(format!("it calls itself '{}'", generator.name())));
        }
        Ok(Some(Box::new(Guarded::new(generator.name().to_owned(), generator))))
    }

    fn factory(&self, spec: &GeneratorSpec) -> Option<(&'static str, &Factory<D>)> {
        let named = |list: &'_ [Factory<D>], name: &str| list.iter().position(|part| part.name == name);
        match &spec.representation {
            Some(name) => {
                named(&self.representations, name).map(|i| ("representation", &self.representations[i]))
            }
            None => named(&self.generators, &spec.kind).map(|i| ("generator", &self.generators[i])),
        }
    }

    /// Whether a plug-in proposes designs in a campaign: then proposals are held against the constraints,
    /// which druse's own generators keep by construction.
    pub(crate) fn propose_in(&self, campaign: &Campaign) -> bool {
        campaign.generators.iter().any(|spec| self.factory(spec).is_some())
    }

    /// One line for each plug-in of a campaign that does not say itself what its results depend on.
    pub(crate) fn protocol(&self, campaign: &Campaign) -> Vec<String> {
        let origin = match campaign.plugins.origin() {
            Some((name, version)) => format!("{name} {version}"),
            None => "a plug-in".to_owned(),
        };
        let generators = campaign.generators.iter().filter_map(|spec| {
            self.factory(spec).map(|(what, factory)| format!("{what} '{}': {origin}", factory.name))
        });
        let silent = self.objectives.iter().filter(|objective| {
            let asked = campaign.objectives.iter().any(|spec| spec.name == objective.name());
            asked && objective.protocol().is_none()
        });
        generators
            .chain(silent.map(|objective| format!("objective '{}': {origin}", objective.name())))
            .collect()
    }

    /// Names of all parts with what they are.
    pub(super) fn names(&self) -> Vec<String> {
        let named = |what: &str, name: &str| format!("{} {what} '{name}'", D::DOMAIN);
        let objectives = self.objectives.iter().map(|part| named("objective", part.name()));
        let tiers = self.tiers.iter().map(|part| named("tier", part.name()));
        let generators = self.generators().map(|name| named("generator", name));
        let representations = self.representations().map(|name| named("representation", name));
        objectives.chain(tiers).chain(generators).chain(representations).collect()
    }
}

/// Puts the plug-in tiers of a campaign into its funnel. Those after the same tier keep the order of the
/// campaign file.
///
/// # Errors
/// When a tier is not registered, or the one that it comes after is not in the funnel.
pub(crate) fn place<D: Kind>(
    plugins: &Plugins,
    specs: &[TierSpec],
    funnel: &mut Vec<Box<dyn Tier<D>>>,
) -> Result<(), SetupError> {
    let mut behind: Vec<(&TierSpec, &str)> = Vec::new();
    for spec in specs {
        let failed = |reason: &str| SetupError::Part {
            part: format!("tier '{}'", spec.name),
            reason: reason.to_owned(),
        };
        let tier = plugins.parts::<D>().tier(&spec.name).ok_or_else(|| failed("no plug-in has this name"))?;
        let start = match spec.after.as_deref() {
            None => funnel.len(),
            Some("") => 0,
            Some(name) => {
                let place = funnel.iter().position(|tier| tier.name() == name);
                place.ok_or_else(|| failed(&format!("there is no tier '{name}' that it could come after")))?
                    + 1
            }
        };
        let earlier = behind.iter().filter(|(other, _)| other.after == spec.after);
        let earlier: Vec<&str> = earlier.map(|(_, name)| *name).collect();
        let more = funnel[start..].iter().take_while(|tier| earlier.contains(&tier.name())).count();
        funnel.insert(start + more, tier);
        behind.push((spec, &spec.name));
    }
    Ok(())
}
