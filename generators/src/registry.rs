//! Generators by name.

use druse_representations::Crystal;

use crate::generator::Generator;
use crate::genetic::{Genetic, GeneticOptions, Selection};
use crate::random::RandomCrystals;
use crate::space::{DesignSpace, SpaceError};
use crate::substitution::Substitution;

/// Names and one sentence each of the generators of crystals.
pub const CRYSTAL_GENERATORS: [(&str, &str); 4] = [
    ("nsga2", "Pareto genetic algorithm on space groups and Wyckoff positions, NSGA-II selection"),
    ("nsga3", "the same with NSGA-III selection, for three and more objectives"),
    ("random", "random symmetric crystals"),
    ("substitution", "known structure types with other elements"),
];

/// Why a generator cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No generator has this name.
    #[error("unknown generator '{name}': expected one of {}", known())]
    UnknownName {
        /// The name as given.
        name: String,
    },
    /// The design space contradicts itself.
    #[error(transparent)]
    Space(#[from] SpaceError),
}

fn known() -> String {
    CRYSTAL_GENERATORS.map(|(name, _)| name).join(", ")
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
    let genetic = |selection| Genetic::new(selection, space, seed, *options);
    Ok(match name {
        "nsga2" => Box::new(genetic(Selection::Nsga2)?),
        "nsga3" => Box::new(genetic(Selection::Nsga3)?),
        "random" => Box::new(RandomCrystals::new(space, seed)?),
        "substitution" => Box::new(Substitution::new(space, seed)?),
        _ => return Err(RegistryError::UnknownName { name: name.to_owned() }),
    })
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
            "unknown generator 'nsga4': expected one of nsga2, nsga3, random, substitution"
        );
        let empty = DesignSpace::new([]);
        let result = crystal_generator("random", &empty, 0, &GeneticOptions::default());
        assert!(matches!(result, Err(RegistryError::Space(SpaceError::NoElements))));
    }
}
