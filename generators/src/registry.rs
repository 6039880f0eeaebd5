//! Generators by name.

use druse_representations::{Complex, Crystal};

use crate::complexes::{ComplexBreeder, ComplexSpace, ComplexSpaceError, Exhaustive, Variation};
use crate::crystals::{CrystalBreeder, DesignSpace, Newcomers, SpaceError};
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
    let breeder = |newcomers| CrystalBreeder::new(space, newcomers, options.symprec);
    if let Some(selection) = Selection::from_name(name) {
        let breeder = breeder(Newcomers::Mixture(options.prototypes))?;
        return Ok(Box::new(Genetic::new(selection, breeder, seed, options.clone())));
    }
    Ok(match name {
        "random" => Box::new(Unguided::new("random", breeder(Newcomers::Random)?, seed)),
        "substitution" => Box::new(Unguided::new("substitution", breeder(Newcomers::Prototypes)?, seed)),
        _ => return Err(unknown(name, &CRYSTAL_GENERATORS)),
    })
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
        let empty = DesignSpace::new([]);
        let result = crystal_generator("random", &empty, 0, &GeneticOptions::default());
        assert!(matches!(result, Err(RegistryError::Space(SpaceError::NoElements))));
    }
}
