//! Chance that a crystal which is proposed as ordered would in reality be disordered: that elements share sites.
//!
//! Many ordered structures that searches proposed as new are orderings of known solid solutions (J. Leeman et al., PRX Energy
//! 3, 011002 (2024); A. K. Cheetham and R. Seshadri, Chem. Mater. 36, 3490 (2024)), and an ordering costs more
//! than a mixture at the temperature of a synthesis. Zero kelvin energies do not tell; whether the elements are alike does:
//!
//! ```text
//! P(pair)    = 1 / (1 + exp(-(w_0 + w_1 radius + w_2 charge + w_3 electronegativity + w_4 substitution)))
//! P(crystal) = 1 - product over pairs of (1 - P(pair))
//! ```
//!
//! over all pairs of elements whose charges have one sign ([`like_pairs`]; differences as [`Pair::features`]). It
//! depends on the composition alone: of structures, elements that share a site in an experiment have the same surroundings
//! there by definition, so surroundings would tell the answer instead of predicting it.
//!
//! # Data card
//!
//! | | |
//! |---|---|
//! | data | 501 experimental CIFs: 200 of OBELiX (F. Therrien et al., arXiv:2502.14234, CC BY 4.0) and 301 of openchemistry/crystals (public domain, from the Crystallography Open Database and the IZA); none of it is here |
//! | examples | 474 pairs of 333 chemical systems, each once; 107 share a site in some crystal of their system |
//! | fit | four weights and an intercept, penalised by half the squares of the weights of standardised features |
//! | command | `cargo run -p druse-fitness --no-default-features --example disorder_fit -- FILES…` |
//! | pairs, held out | area under the ROC curve 0.859 ± 0.024 when whole chemical systems are held out (ten parts), 0.855 when all examples of a pair of elements are; 0.76 of the 222 pairs with lithium, 0.89 of the others |
//! | crystals, held out | 160 systems with pairs, 69 disordered: 0.905 ± 0.026. The number of pairs alone gives 0.832; with one pair (63, 8 disordered) it is 0.87 ± 0.08 |
//! | no pair | 173 systems, none disordered: the chance is told as 0 |
//! | not in the fit | TaCr2O6, proposed as ordered by MatterGen and made as a disordered rutile (C. Zeni et al., Nature 639, 624 (2025)): 0.67 |
//!
//! | said of crystals, held out | 0–0.2 | 0.2–0.4 | 0.4–0.6 | 0.6–0.8 | 0.8–1 |
//! |---|---|---|---|---|---|
//! | disordered, % | 4 | 29 | 44 | 73 | 89 |
//! | systems | 53 | 28 | 16 | 26 | 37 |
//!
//! # Limits
//!
//! Little data, most of it of conductors of lithium that were made to mix. Of the 12 systems of openchemistry/crystals that get 0.4
//! or more (0.76 on average), 4 are disordered: there the number ranks (0.93 ± 0.08; 41 systems, 5 disordered), but says too much.
//! Vacancies, interstitials and antisites of unlike charge are not looked at. Alloys have no value, nor has what cannot be
//! neutral. Polymorphs have the same value, at whatever temperature they are made.

mod logistic;
mod pairs;

use druse_representations::{Composition, Design};

use crate::objective::{Goal, Needs, Objective, ObjectiveError, Properties};

pub use logistic::Logistic;
pub use pairs::{FEATURE_NAMES, FEATURES, NoPairs, Pair, like_pairs};

/// Name of the objective.
pub const NAME: &str = "disorder";

/// Chance that two elements of a crystal with charges of one sign share a site, from [`Pair::features`]; the module's data card
/// tells where it comes from.
pub const SHARES_A_SITE: Logistic<FEATURES> =
    Logistic { intercept: 1.474_462, weights: [-5.871_531, -0.601_483, -1.463_791, 1.075_641] };

/// Chance that elements share sites in a crystal of this composition, 0 to 1.
///
/// # Errors
/// As [`like_pairs`].
pub fn chance(composition: &Composition) -> Result<f64, NoPairs> {
    let ordered: f64 =
        like_pairs(composition)?.iter().map(|pair| 1.0 - SHARES_A_SITE.probability(&pair.features)).product();
    Ok(1.0 - ordered)
}

/// The [`chance`] of substitutional disorder, to be minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disorder;

impl<D: Design> Objective<D> for Disorder {
    fn name(&self) -> &str {
        NAME
    }

    fn goal(&self) -> Goal {
        Goal::Minimise
    }

    fn unit(&self) -> &str {
        "1"
    }

    fn protocol(&self) -> Option<String> {
        Some("substitutional disorder 1".to_owned())
    }

    fn needs(&self) -> Needs {
        Needs::Identity
    }

    fn evaluate(&self, design: &D, _: &Properties) -> Result<f64, ObjectiveError> {
        chance(&design.composition())
            .map_err(|error| ObjectiveError::Failed { objective: NAME.to_owned(), reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::check_objective;
    use druse_representations::conformance::retold_crystal;
    use druse_representations::{Crystal, Element, Lattice};

    fn of(formula: &str) -> f64 {
        chance(&formula.parse().unwrap()).unwrap()
    }

    #[test]
    fn known_solid_solutions_stand_above_known_ordered_crystals() {
        // Olivine, (Na,K)Cl, lead zirconate titanate, Li(Ni,Co)O2, Ag(Br,Cl).
        for mixed in ["MgFeSiO4", "NaKCl2", "Pb2TiZrO6", "Li2NiCoO4", "Ag2BrCl"] {
            assert!(of(mixed) > 0.5, "{mixed} {}", of(mixed));
        }
        for ordered in ["CaCO3", "BaTiO3", "LiCoO2", "KH2PO4", "BaSO4"] {
            assert!(of(ordered) < 0.2, "{ordered} {}", of(ordered));
        }
        assert_eq!(of("NaCl"), 0.0);
    }

    #[test]
    fn an_ordering_proposed_for_a_crystal_that_was_made_disordered_stands_out() {
        // C. Zeni et al., Nature 639, 624 (2025); not in the data of the fit.
        let made = of("TaCr2O6");
        assert!((made - 0.67).abs() < 0.01, "{made}");
    }

    #[test]
    fn it_is_an_objective() {
        let atoms = |symbols: [&str; 3], x: [f64; 3]| {
            let places = [[0.0; 3], [0.5; 3], x];
            let elements = symbols.map(|symbol| symbol.parse::<Element>().unwrap());
            Crystal::ordered(Lattice::cubic(4.2), elements.into_iter().zip(places))
        };
        let items = [
            (atoms(["Na", "K", "O"], [0.5, 0.5, 0.0]), Properties::new()),
            (atoms(["Cu", "Cu", "Au"], [0.5, 0.5, 0.0]), Properties::new()),
        ];
        check_objective(&Disorder, &items, &retold_crystal, 1e-9).unwrap();
        let error = Disorder.evaluate(&items[1].0, &Properties::new()).unwrap_err();
        assert_eq!(error.to_string(), "objective 'disorder': metals alone: the model has not seen alloys");
    }
}
