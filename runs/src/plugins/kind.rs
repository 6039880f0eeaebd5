//! What plug-ins can be for.

use druse_fitness::objectives::{known, known_complex_objectives};
use druse_generators::breeding::Constraints;
use druse_generators::{
    COMPLEX_GENERATORS, CRYSTAL_GENERATORS, ComplexSpace, DesignSpace, LATENT_REPRESENTATION,
    LEARNED_GENERATORS,
};
use druse_representations::{Complex, Crystal, Design};

use super::{Parts, Plugins};

/// A kind of design that campaigns search: [`Crystal`] or [`Complex`].
pub trait Kind: Design {
    /// The designs that a campaign allows.
    type Space: Constraints<Self> + Clone + Send + Sync + 'static;

    /// Names of the representations that druse comes with; generators work on the first where a campaign
    /// names none.
    const REPRESENTATIONS: &'static [&'static str];
    /// Kinds of the autoencoders whose latents genetic algorithms can work on, the shipped one first.
    const AUTOENCODERS: &'static [&'static str];
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

    /// Names of those among them that are trained models.
    fn learned() -> Vec<&'static str> {
        Vec::new()
    }
}

impl Kind for Crystal {
    type Space = DesignSpace;

    const REPRESENTATIONS: &'static [&'static str] = &["symmetry", "matrix", LATENT_REPRESENTATION];
    const AUTOENCODERS: &'static [&'static str] = &["symmetry-vae", "matrix-vae"];
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
        CRYSTAL_GENERATORS.iter().chain(&LEARNED_GENERATORS).map(|(name, _)| *name).collect()
    }

    fn learned() -> Vec<&'static str> {
        LEARNED_GENERATORS.iter().map(|(name, _)| *name).collect()
    }
}

impl Kind for Complex {
    type Space = ComplexSpace;

    const REPRESENTATIONS: &'static [&'static str] = &["ligand_graph", LATENT_REPRESENTATION];
    const AUTOENCODERS: &'static [&'static str] = &["ligand-vae"];
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
