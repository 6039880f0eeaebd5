//! What plug-ins can be for.

use druse_fitness::objectives::{known, known_complex_objectives};
use druse_generators::breeding::Constraints;
use druse_generators::{COMPLEX_GENERATORS, CRYSTAL_GENERATORS, ComplexSpace, DesignSpace};
use druse_representations::{Complex, Crystal, Design};

use super::{Parts, Plugins};

/// A kind of design that campaigns search: [`Crystal`] or [`Complex`].
pub trait Kind: Design {
    /// The designs that a campaign allows.
    type Space: Constraints<Self> + Clone + Send + Sync + 'static;

    /// Name of the representation that druse comes with.
    const REPRESENTATION: &'static str;
    /// Names of the tiers that druse comes with.
    const TIERS: &'static [&'static str];

    /// The plug-ins for it.
    fn parts(plugins: &Plugins) -> &Parts<Self>;

    /// The plug-ins for it, to add to them.
    fn parts_mut(plugins: &mut Plugins) -> &mut Parts<Self>;

    /// Names of the objectives that druse comes with.
    fn objectives() -> Vec<&'static str>;

    /// Names of the generators that druse comes with.
    fn generators() -> Vec<&'static str>;
}

impl Kind for Crystal {
    type Space = DesignSpace;

    const REPRESENTATION: &'static str = "symmetry";
    const TIERS: &'static [&'static str] = &crate::crystals::TIERS;

    fn parts(plugins: &Plugins) -> &Parts<Self> {
        &plugins.crystals
    }

    fn parts_mut(plugins: &mut Plugins) -> &mut Parts<Self> {
        &mut plugins.crystals
    }

    fn objectives() -> Vec<&'static str> {
        known().iter().map(|objective| objective.name).collect()
    }

    fn generators() -> Vec<&'static str> {
        CRYSTAL_GENERATORS.iter().map(|(name, _)| *name).collect()
    }
}

impl Kind for Complex {
    type Space = ComplexSpace;

    const REPRESENTATION: &'static str = "ligand_graph";
    const TIERS: &'static [&'static str] = &crate::complexes::TIERS;

    fn parts(plugins: &Plugins) -> &Parts<Self> {
        &plugins.complexes
    }

    fn parts_mut(plugins: &mut Plugins) -> &mut Parts<Self> {
        &mut plugins.complexes
    }

    fn objectives() -> Vec<&'static str> {
        known_complex_objectives().iter().map(|objective| objective.name).collect()
    }

    fn generators() -> Vec<&'static str> {
        COMPLEX_GENERATORS.iter().map(|(name, _)| *name).collect()
    }
}
