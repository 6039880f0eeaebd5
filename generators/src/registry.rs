//! Generators by name.

use std::sync::Arc;

use druse_representations::{Complex, Crystal};

use crate::breeding::Breeder;
use crate::complexes::{ComplexBreeder, ComplexSpace, ComplexSpaceError, Exhaustive, Variation};
use crate::crystals::{
    Appraised, Appraiser, CrystalBreeder, DesignSpace, MatrixBreeder, MatrixNewcomers, Newcomers, SpaceError,
};
use crate::generator::Generator;
use crate::genetic::{Genetic, GeneticOptions, Selection};
use crate::unguided::Unguided;

/// Names and one sentence each of the generators of crystals.
pub const CRYSTAL_GENERATORS: [(&str, &str); 6] = [
    ("nsga2", "Pareto genetic algorithm on space groups and Wyckoff positions, NSGA-II selection"),
    ("nsga3", "the same with NSGA-III selection, for three and more objectives"),
    ("pl_moga", "the same with PL-MOGA's selection"),
    ("weighted_sum", "the same with selection by one weighted sum of normalised objectives"),
    ("random", "random symmetric crystals"),
    ("substitution", "known structure types with other elements"),
];

/// Names and one sentence each of what genetic algorithms and random search on crystals work on; the
/// first is what they work on where nothing else is asked for.
pub const CRYSTAL_REPRESENTATIONS: [(&str, &str); 2] = [
    ("symmetry", "space group, cell and occupied Wyckoff positions: every crystal is symmetric"),
    ("matrix", "cell, coordinates and species, as codes for crystal structure prediction vary them"),
];

/// What genetic algorithms on crystals also work on, with a trained autoencoder (feature `torch`).
pub const LATENT_REPRESENTATION: &str = "latent";

/// Names and one sentence each of the generators of crystals that are trained, on either representation.
pub const LEARNED_GENERATORS: [(&str, &str); 2] =
    [("diffusion", "a diffusion model"), ("vae", "a variational autoencoder")];

/// Names and one sentence each of the generators of complexes.
pub const COMPLEX_GENERATORS: [(&str, &str); 6] = [
    ("nsga2", "Pareto genetic algorithm on metals, polyhedra and ligands, NSGA-II selection"),
    ("nsga3", "the same with NSGA-III selection, for three and more objectives"),
    ("pl_moga", "PL-MOGA: its selection, and crossover and redrawn ligands as the only operators"),
    ("weighted_sum", "the same as nsga2 with selection by one weighted sum of normalised objectives"),
    ("random", "random complexes"),
    (Exhaustive::NAME, "all complexes of a small space, one after the other"),
];

/// Why a generator cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No generator has this name.
    #[error("unknown generator '{name}': expected one of {}", .known.join(", "))]
    UnknownName {
        /// The name as given.
        name: String,
        /// Names that exist.
        known: Vec<&'static str>,
    },
    /// The generator does not work on this representation.
    #[error("no generator '{name}' on the representation '{representation}': expected one of {}", .known.join(", "))]
    Representation {
        /// Generator.
        name: String,
        /// The representation as given.
        representation: String,
        /// Representations that it works on.
        known: Vec<&'static str>,
    },
    /// The design space contradicts itself.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// The space of complexes contradicts itself.
    #[error(transparent)]
    ComplexSpace(#[from] ComplexSpaceError),
}

fn unknown(name: &str, known: &[(&'static str, &str)]) -> RegistryError {
    let known = known.iter().map(|(name, _)| *name).collect();
    RegistryError::UnknownName { name: name.to_owned(), known }
}

/// The generator of crystals with this name. `options` matter for the genetic algorithms.
///
/// # Errors
/// For unknown names and for a space that contradicts itself.
///
/// ```
/// use druse_generators::{DesignSpace, GeneticOptions, crystal_generator};
///
/// let elements = ["Li", "Mg", "Ti", "O", "F"].map(|symbol| symbol.parse().unwrap());
/// let space = DesignSpace { atoms: [2, 8], ..DesignSpace::new(elements) };
/// let mut generator = crystal_generator("nsga3", &space, 1, &GeneticOptions::default()).unwrap();
/// let proposals = generator.propose(0, 4).unwrap();
/// assert_eq!(proposals.len(), 4);
/// assert!(proposals.iter().all(|proposal| proposal.design.sites.len() <= 8));
/// ```
pub fn crystal_generator(
    name: &str,
    space: &DesignSpace,
    seed: u64,
    options: &GeneticOptions,
) -> Result<Box<dyn Generator<Crystal>>, RegistryError> {
    crystal_generator_on("symmetry", name, space, seed, options)
}

/// The same on a representation of [`CRYSTAL_REPRESENTATIONS`]; a generator on another one than the first
/// is called after both, such as `nsga2/matrix`. Structure types are substituted into by their symmetry
/// alone.
///
/// # Errors
/// As [`crystal_generator`], and for a representation that the generator does not work on.
///
/// ```
/// use druse_generators::{DesignSpace, GeneticOptions, crystal_generator_on};
///
/// let space = DesignSpace::new(["Mg", "Al", "O"].map(|symbol| symbol.parse().unwrap()));
/// let options = GeneticOptions::default();
/// let mut generator = crystal_generator_on("matrix", "nsga2", &space, 1, &options).unwrap();
/// assert_eq!(generator.propose(0, 2).unwrap()[1].lineage.generator, "nsga2/matrix");
/// ```
pub fn crystal_generator_on(
    representation: &str,
    name: &str,
    space: &DesignSpace,
    seed: u64,
    options: &GeneticOptions,
) -> Result<Box<dyn Generator<Crystal>>, RegistryError> {
    appraised_crystal_generator(representation, name, space, seed, options, None)
}

/// The same with an appraiser, whose numbers the surrogate of a genetic algorithm learns from beside composition and symmetry
/// (where [`GeneticOptions::screen`] is above 1).
///
/// # Errors
/// As [`crystal_generator_on`].
pub fn appraised_crystal_generator(
    representation: &str,
    name: &str,
    space: &DesignSpace,
    seed: u64,
    options: &GeneticOptions,
    appraiser: Option<Arc<dyn Appraiser>>,
) -> Result<Box<dyn Generator<Crystal>>, RegistryError> {
    let bred = Selection::from_name(name).is_some() || name == "random";
    match representation {
        "symmetry" if name == "substitution" => {
            let breeder = CrystalBreeder::new(space, Newcomers::Prototypes, options.symprec)?;
            Ok(Box::new(Unguided::new(name, breeder, seed)))
        }
        "symmetry" if bred => {
            let breeder = |newcomers| CrystalBreeder::new(space, newcomers, options.symprec);
            Ok(match Selection::from_name(name) {
                Some(_) => {
                    let breeder = breeder(Newcomers::Mixture(options.prototypes))?;
                    with_appraiser(name, name, breeder, seed, options, appraiser)
                }
                None => bred_generator(name, name, breeder(Newcomers::Random)?, seed, options),
            })
        }
        "matrix" if bred => {
            let breeder = |newcomers| MatrixBreeder::new(space, newcomers, options.symprec);
            let full = format!("{name}/{representation}");
            Ok(match Selection::from_name(name) {
                Some(_) => {
                    let breeder = breeder(MatrixNewcomers::Mixture(options.prototypes))?;
                    with_appraiser(name, &full, breeder, seed, options, appraiser)
                }
                None => bred_generator(name, &full, breeder(MatrixNewcomers::Packed)?, seed, options),
            })
        }
        _ if !CRYSTAL_GENERATORS.iter().any(|(known, _)| *known == name) => {
            Err(unknown(name, &CRYSTAL_GENERATORS))
        }
        _ => {
            let known = CRYSTAL_REPRESENTATIONS.iter().map(|(known, _)| *known);
            Err(RegistryError::Representation {
                name: name.to_owned(),
                representation: representation.to_owned(),
                known: known.filter(|&known| bred || known == "symmetry").collect(),
            })
        }
    }
}

/// The genetic algorithm on a breeder, with the appraiser if there is one.
fn with_appraiser<B: Breeder<Design = Crystal> + 'static>(
    name: &str,
    full: &str,
    breeder: B,
    seed: u64,
    options: &GeneticOptions,
    appraiser: Option<Arc<dyn Appraiser>>,
) -> Box<dyn Generator<Crystal>> {
    match appraiser {
        Some(appraiser) => bred_generator(name, full, Appraised { breeder, appraiser }, seed, options),
        None => bred_generator(name, full, breeder, seed, options),
    }
}

/// The genetic algorithm or random search on a breeder.
fn bred_generator<B: Breeder<Design = Crystal> + 'static>(
    name: &str,
    full: &str,
    breeder: B,
    seed: u64,
    options: &GeneticOptions,
) -> Box<dyn Generator<Crystal>> {
    match Selection::from_name(name) {
        Some(selection) => Box::new(Genetic::new(selection, breeder, seed, options.clone()).named(full)),
        None => Box::new(Unguided::new(full, breeder, seed)),
    }
}

/// The generator of complexes with this name. `options` matter for the genetic algorithms; PL-MOGA
/// has no newcomers after its first generation.
///
/// # Errors
/// For unknown names and for a space that contradicts itself.
pub fn complex_generator(
    name: &str,
    space: &ComplexSpace,
    seed: u64,
    options: &GeneticOptions,
) -> Result<Box<dyn Generator<Complex>>, RegistryError> {
    if name == "random" {
        let breeder = ComplexBreeder::new(space, Variation::Single)?;
        return Ok(Box::new(Unguided::new("random", breeder, seed)));
    }
    if name == Exhaustive::NAME {
        return Ok(Box::new(Exhaustive::new(space)?));
    }
    let selection = Selection::from_name(name).ok_or_else(|| unknown(name, &COMPLEX_GENERATORS))?;
    let mut options = options.clone();
    let variation = if selection == Selection::PlMoga {
        options.newcomers = 0.0;
        Variation::PlMoga
    } else {
        Variation::Single
    };
    Ok(Box::new(Genetic::new(selection, ComplexBreeder::new(space, variation)?, seed, options)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_made_and_others_refused() {
        let space = DesignSpace::new(["Na", "Cl"].map(|s| s.parse().unwrap()));
        for (name, _) in CRYSTAL_GENERATORS {
            let generator = crystal_generator(name, &space, 0, &GeneticOptions::default()).unwrap();
            assert_eq!(generator.name(), name);
        }
        let Err(error) = crystal_generator("nsga4", &space, 0, &GeneticOptions::default()) else { panic!() };
        assert_eq!(
            error.to_string(),
            "unknown generator 'nsga4': expected one of nsga2, nsga3, pl_moga, weighted_sum, random, substitution"
        );
        let on = |representation: &str, name: &str| {
            crystal_generator_on(representation, name, &space, 0, &GeneticOptions::default())
        };
        for name in ["nsga2", "nsga3", "pl_moga", "weighted_sum", "random"] {
            assert_eq!(on("matrix", name).unwrap().name(), format!("{name}/matrix"));
        }
        let error = |representation, name| on(representation, name).err().unwrap().to_string();
        assert_eq!(
            error("matrix", "substitution"),
            "no generator 'substitution' on the representation 'matrix': expected one of symmetry"
        );
        assert!(
            error("graph", "nsga2")
                .ends_with("on the representation 'graph': expected one of symmetry, matrix")
        );
        assert!(error("matrix", "nsga4").starts_with("unknown generator 'nsga4'"));
        let empty = DesignSpace::new([]);
        let result = crystal_generator("random", &empty, 0, &GeneticOptions::default());
        assert!(matches!(result, Err(RegistryError::Space(SpaceError::NoElements))));
    }
}
