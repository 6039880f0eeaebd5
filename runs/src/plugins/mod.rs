//! Parts of the user's own: objectives, tiers, potentials, generators, representations and matchers that
//! campaign files and the command line name like those of druse.
//!
//! A [`Program`](crate::Program) registers them and is the whole command line with them; a program that
//! runs campaigns by itself puts them into [`Plugins`] and reads its campaign files with
//! [`config::load_with`](crate::config::load_with). A checked [`Campaign`](crate::config::Campaign)
//! carries the parts that it was checked against, so that it cannot be run with others.
//!
//! Parts run inside the program: one that panics, returns no finite number or too few outcomes costs
//! its candidate a recorded failure, a generator that panics ends the campaign in words, and a matcher that
//! panics fails the pair at hand in `match` and ends an `audit`. One that never returns cannot be stopped
//! from within; what may hang belongs into a program of its own behind `type = "process"`
//! ([`crate::fitness::process`]), which has a time limit.

mod clash;
mod guard;
mod kind;
mod objective;
mod parts;
mod potential;
mod setting;

use std::fmt;
use std::sync::Arc;

use druse_fitness::{Objective, Tier};
use druse_generators::{Breeder, Generator};
use druse_validation::matching::Matcher;

pub use clash::PluginError;
pub use kind::Kind;
pub use objective::objective;
pub(crate) use parts::place;
pub use parts::{AnyError, Parts};
use potential::PotentialFactory;
pub use setting::Setting;

/// The parts of a user's program. The same value serves any number of campaigns.
///
/// ```
/// use druse::fitness::Goal;
/// use druse::plugins::Plugins;
/// use druse::representations::Crystal;
///
/// let volume = druse::objective("volume_per_atom", Goal::Minimise, "Å^3", |crystal: &Crystal, _| {
///     Ok(crystal.lattice.volume() / crystal.sites.len() as f64)
/// });
/// let plugins = Plugins::new().objective(volume);
/// let text = r#"
///     campaign = { name = "dense", budget = 100 }
///     space.elements = ["Na", "K", "Cl", "Br"]
///     objective = [{ name = "volume_per_atom" }, { name = "toxicity" }]
/// "#;
/// let campaign = druse::config::parse_with(text, "dense.toml", ".".as_ref(), None, &plugins).unwrap();
/// assert_eq!(campaign.objectives[0].name, "volume_per_atom");
/// ```
#[derive(Clone, Default)]
pub struct Plugins {
    /// Name and version of the program that the parts belong to.
    origin: Option<(&'static str, &'static str)>,
    crystals: Parts<druse_representations::Crystal>,
    complexes: Parts<druse_representations::Complex>,
    matchers: Vec<Arc<dyn Matcher>>,
    potentials: Vec<PotentialFactory>,
}

impl Plugins {
    /// No parts beside those of druse.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a program with this name and version: `env!("CARGO_PKG_NAME")` and `env!("CARGO_PKG_VERSION")`.
    /// Both stand for parts that do not say what their results depend on: a campaign is not continued by
    /// another version.
    pub fn of(mut self, name: &'static str, version: &'static str) -> Self {
        self.origin = Some((name, version));
        self
    }

    /// With an objective, named in campaign files and by `druse score` like one of druse.
    pub fn objective<D: Kind>(mut self, objective: impl Objective<D> + 'static) -> Self {
        D::parts_mut(&mut self).objectives.push(Arc::new(objective));
        self
    }

    /// With a tier; a campaign places it by `[[tier]]`.
    pub fn tier<D: Kind>(mut self, tier: impl Tier<D> + 'static) -> Self {
        D::parts_mut(&mut self).tiers.push(Arc::new(tier));
        self
    }

    /// With a kind of generator: `[[generator]] kind = name`. `make` builds one for a campaign; its
    /// [name](Generator::name) is the same.
    pub fn generator<D, G, F>(mut self, name: impl Into<String>, make: F) -> Self
    where
        D: Kind,
        G: Generator<D> + 'static,
        F: Fn(&Setting<D>) -> Result<G, AnyError> + Send + Sync + 'static,
    {
        D::parts_mut(&mut self).add_generator(name.into(), make);
        self
    }

    /// With a representation: a way to write designs down, with a breeder that varies what is written. Genetic
    /// algorithms and random search work on it by `[[generator]] representation = name`. `make` builds the
    /// breeder for a campaign.
    pub fn representation<D, B, F>(mut self, name: impl Into<String>, make: F) -> Self
    where
        D: Kind,
        B: Breeder<Design = D> + 'static,
        F: Fn(&Setting<D>) -> Result<B, AnyError> + Send + Sync + 'static,
    {
        D::parts_mut(&mut self).add_representation(name.into(), make);
        self
    }

    /// With a matcher: `--matcher` of `match` and `audit`.
    pub fn matcher(mut self, matcher: impl Matcher + 'static) -> Self {
        self.matchers.push(Arc::new(matcher));
        self
    }

    /// The parts for a kind of design.
    pub fn parts<D: Kind>(&self) -> &Parts<D> {
        D::parts(self)
    }

    /// The matchers.
    pub fn matchers(&self) -> &[Arc<dyn Matcher>] {
        &self.matchers
    }

    /// Name and version of the program, when given.
    pub fn origin(&self) -> Option<(&'static str, &'static str)> {
        self.origin
    }

    /// Names of all parts with what they are.
    fn names(&self) -> Vec<String> {
        let matchers = self.matchers.iter().map(|matcher| format!("matcher '{}'", matcher.name()));
        let potentials = self.potentials().map(|name| format!("potential '{name}'"));
        let parts = self.crystals.names().into_iter().chain(self.complexes.names());
        parts.chain(matchers).chain(potentials).collect()
    }
}

/// Parts are told apart by what they are called and by the program that they belong to.
impl PartialEq for Plugins {
    fn eq(&self, other: &Self) -> bool {
        self.origin == other.origin && self.names() == other.names()
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
