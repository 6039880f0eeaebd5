//! When an energy of a potential is not to be believed.
//!
//! Relaxations end with a reason where a crystal ceases to be one: a clash, a collapse or an explosion of the cell, wild forces, numbers
//! that are not finite ([`druse_fitness::relax::Guards`]). What ends well may still lie in a hole of the potential, a minimum that it
//! made up where it never learnt anything. [`TrustLimits`] raise flags on such crystals. They stay among the results with their flags,
//! and are not called stable.

use std::fmt;
use std::sync::LazyLock;

use druse_fitness::training_distance::KnownAtoms;
use druse_representations::{Crystal, Element};
use druse_validation::CheckLimits;
use druse_validation::checks::{Violation, check};
use serde::{Deserialize, Serialize};

/// Limits beyond which a relaxed crystal is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrustLimits {
    /// Largest force on an atom at the end of the relaxation (eV/Å).
    pub max_force: f64,
    /// Smallest distance between two atoms as a share of the sum of their covalent radii (Cordero et al. 2008).
    pub min_distance_ratio: f64,
    /// Largest magnetic moment as a share of what an atom of such an element can have
    /// ([`druse_datasets::elements::largest_spin_moment`]).
    pub max_moment_ratio: f64,
    /// Largest energy below the hull of known phases (eV/atom).
    pub below_hull: f64,
}

impl Default for TrustLimits {
    /// 1 eV/Å, 0.6 of the sum of radii, the largest moment of an atom and a tenth, 0.5 eV/atom below the hull. Of 1,171 structures of the
    /// Materials Project relaxed by CHGNet, each with its own entry left out of the hull, five are beyond: one modification of plutonium
    /// (distance), and NdP, HfRu, PaRh3 and UPd3, which lie 0.54 to 0.95 eV/atom below what is left (`potential_doubt`, an example).
    fn default() -> Self {
        Self { max_force: 1.0, min_distance_ratio: 0.6, max_moment_ratio: 1.1, below_hull: 0.5 }
    }
}

/// What is known of a relaxed crystal; `None` where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Largest force on an atom (eV/Å).
    pub max_force: Option<f64>,
    /// Largest magnetic moment as a share of what its element can have.
    pub moment_ratio: Option<f64>,
    /// Energy above the hull (eV/atom).
    pub energy_above_hull: Option<f64>,
}

/// A sign that an energy is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flag {
    /// What is wrong; name of the property that holds `value`, without [`druse_fitness::property::FLAG`].
    pub name: &'static str,
    /// What was found.
    pub value: f64,
    /// The limit; infinite for an element.
    pub limit: f64,
}

/// Names of the flags of [`TrustLimits`].
pub const FLAGS: [&str; 5] = ["force", "distance", "moment", "below_hull", UNSEEN_ELEMENT];

/// Name of the flag on elements that no known structure has.
pub const UNSEEN_ELEMENT: &str = "unseen_element";

/// Elements of the structures that summarise what CHGNet, and SevenNet with it, was trained on. All where there is no summary.
static SEEN: LazyLock<Vec<Element>> = LazyLock::new(|| match KnownAtoms::shipped() {
    Ok(known) => known.elements().collect(),
    Err(_) => Element::all().collect(),
});

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, limit } = self;
        let [force, distance, moment, below_hull, _] = FLAGS;
        match *name {
            name if name == force => write!(f, "force: {value:.2} eV/Å, expected at most {limit}"),
            name if name == distance => {
                write!(f, "distance: {value:.2} of the sum of covalent radii, expected at least {limit}")
            }
            name if name == moment => {
                write!(f, "moment: {value:.2} of an atom's largest, expected at most {limit}")
            }
            name if name == below_hull => {
                write!(f, "below hull: {value:.2} eV/atom, expected at least {limit}")
            }
            _ => write!(f, "unseen element: atomic number {value}, expected one of the known structures"),
        }
    }
}

impl TrustLimits {
    /// The flags of a relaxed crystal.
    pub fn flags(&self, crystal: &Crystal, evidence: &Evidence) -> Vec<Flag> {
        let above = |name, value: Option<f64>, limit: f64| {
            // What is no number is not within a limit.
            value.filter(|value| value.is_nan() || *value > limit).map(|value| Flag { name, value, limit })
        };
        let [force, distance, moment, below_hull, unseen] = FLAGS;
        let deep = evidence.energy_above_hull.filter(|energy| energy.is_nan() || *energy < -self.below_hull);
        [
            above(force, evidence.max_force, self.max_force),
            self.clash(crystal).map(|value| Flag { name: distance, value, limit: self.min_distance_ratio }),
            above(moment, evidence.moment_ratio, self.max_moment_ratio),
            deep.map(|value| Flag { name: below_hull, value, limit: -self.below_hull }),
            crystal.composition().elements().find(|element| !SEEN.contains(element)).map(|element| Flag {
                name: unseen,
                value: f64::from(element.atomic_number()),
                limit: f64::INFINITY,
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The smallest distance as a share of the sum of radii, where it is too small.
    fn clash(&self, crystal: &Crystal) -> Option<f64> {
        let limits = CheckLimits {
            min_distance: 0.0,
            min_distance_ratio: self.min_distance_ratio,
            ..CheckLimits::CDVAE
        };
        let shares = check(crystal, &limits).into_iter().filter_map(|violation| match violation {
            Violation::Clash { distance, allowed, .. } => Some(distance / allowed * self.min_distance_ratio),
            _ => None,
        });
        shares.reduce(f64::min)
    }
}

#[cfg(test)]
mod tests {
    use druse_representations::Lattice;

    use super::*;

    fn salt(edge: f64) -> Crystal {
        let atoms = [("Cs", 0.0), ("Cl", 0.5)].map(|(symbol, x)| (symbol.parse().unwrap(), [x; 3]));
        Crystal::ordered(Lattice::cubic(edge), atoms)
    }

    #[test]
    fn elements_that_no_known_structure_has_are_flagged() {
        let mut crystal = salt(4.12);
        crystal.sites[1].occupants[0].element = "Kr".parse().unwrap();
        let expected = "unseen element: atomic number 36, expected one of the known structures";
        assert_eq!(names(&crystal, Evidence::default()), [expected]);
    }

    fn names(crystal: &Crystal, evidence: Evidence) -> Vec<String> {
        let flags = TrustLimits::default().flags(crystal, &evidence);
        flags.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_plausible_has_no_flag() {
        let evidence =
            Evidence { max_force: Some(0.05), moment_ratio: Some(0.8), energy_above_hull: Some(-0.1) };
        assert!(names(&salt(4.12), evidence).is_empty());
        assert!(names(&salt(4.12), Evidence::default()).is_empty());
    }

    /// Radii of Cs and Cl: 2.44 and 1.02 Å; the edge of a cube of 2.3 Å, from Cs to Cs, is 0.471 of twice the radius.
    #[test]
    fn each_flag_tells_its_number() {
        let evidence =
            Evidence { max_force: Some(2.5), moment_ratio: Some(1.5), energy_above_hull: Some(-0.73) };
        assert_eq!(
            names(&salt(2.3), evidence),
            [
                "force: 2.50 eV/Å, expected at most 1",
                "distance: 0.47 of the sum of covalent radii, expected at least 0.6",
                "moment: 1.50 of an atom's largest, expected at most 1.1",
                "below hull: -0.73 eV/atom, expected at least -0.5",
            ]
        );
        let nan = Evidence { max_force: Some(f64::NAN), ..Evidence::default() };
        assert_eq!(names(&salt(4.12), nan).len(), 1);
    }
}
