//! Whether two crystals are the same: matchers behind one trait, each named and stamped.
//!
//! A [`Matcher`] compares [`Pattern`]s, crystals that were reduced once, and answers with a graded
//! [`Comparison`]: the verdict, the distances, and the mapping of sites that proves it.

mod comparison;
mod conformance;
pub mod disorder;
pub mod kernel;
pub mod leak_safe;
mod mattergen;
mod pattern;
mod prototype;
mod pymatgen;
mod reduction;
mod registry;

pub use comparison::{Comparison, Family, Mapping, Sublattice};
pub use conformance::check_matcher;
pub use disorder::Disorder;
pub use leak_safe::LeakSafe;
pub use mattergen::{MatterGen, may_mix};
pub use pattern::{Cell, PRIMITIVE_TOLERANCE, Pattern, PatternError, Species};
pub use prototype::Prototype;
pub use pymatgen::{Decision, Options as PymatgenOptions, Pymatgen};
pub use registry::{NAMES, Overrides, UnknownMatcher, matcher};

/// Which known structures a matcher can find to be the same as a candidate: what an index has to
/// look up for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of the same reduced composition.
    Composition,
    /// Those of the same elements at any ratio, and disordered ones with one element more or less.
    ChemicalSystem,
    /// Those of the same anonymous formula.
    AnonymousFormula,
}

/// Decides whether two crystals are the same.
pub trait Matcher: Send + Sync {
    /// Name on the command line and in results, for instance `leak-safe`.
    fn name(&self) -> &'static str;

    /// Name, version and all tolerances and switches in one line: two decisions can be compared when
    /// these lines are equal.
    fn protocol(&self) -> String;

    /// Where partners are to be looked for.
    fn scope(&self) -> Scope;

    /// Compares two crystals. `first` and `second` may be swapped without changing the verdict
    /// unless [`Self::is_symmetric`] says no.
    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison;

    /// The verdict alone, which may be cheaper.
    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        self.compare(first, second).same
    }

    /// Whether swapped arguments always give the same verdict.
    fn is_symmetric(&self) -> bool;
}

/// A shared matcher is one.
impl<M: Matcher + ?Sized> Matcher for std::sync::Arc<M> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn protocol(&self) -> String {
        (**self).protocol()
    }
    fn scope(&self) -> Scope {
        (**self).scope()
    }
    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        (**self).compare(first, second)
    }
    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        (**self).same(first, second)
    }
    fn is_symmetric(&self) -> bool {
        (**self).is_symmetric()
    }
}
