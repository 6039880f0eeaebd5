//! How near atoms may come to each other at the start of a relaxation.

use druse_datasets::elements::charge::{ChargeBalance, ChargeRules};
use druse_datasets::elements::{covalent_radius, ionic_radius};
use druse_representations::{Composition, Element};

/// Smallest distances (Å) between the elements of one composition.
///
/// Cation and anion: 0.78 of the sum of covalent radii (Cordero et al. 2008). Two anions: 0.75 of
/// the sum of ionic radii (Shannon 1976), two cations or metals: 0.72 of the sum of covalent radii.
/// These lie a tenth to a fifth below the shortest distances of known crystals, so that they keep
/// nonsense out and leave room for relaxation.
#[derive(Clone, Debug)]
pub(crate) struct Contacts {
    elements: Vec<Element>,
    /// Row by row, one row per element.
    smallest: Vec<f64>,
}

/// Role of an element by its oxidation states in the composition.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Cation,
    /// With its lowest charge.
    Anion(i8),
    Unknown,
}

impl Contacts {
    /// Contacts of a composition; roles by the simplest balanced oxidation states.
    pub(crate) fn of(composition: &Composition) -> Self {
        let elements: Vec<Element> = composition.elements().collect();
        let ions = match (ChargeRules { pauling: true, ..ChargeRules::default() }).check(composition) {
            ChargeBalance::Neutral(ions) => ions,
            _ => Vec::new(),
        };
        let role = |element: Element| {
            let states = || ions.iter().filter(move |ion| ion.element == element).map(|ion| ion.state);
            match (states().min(), states().max()) {
                (Some(low), Some(high)) if high < 0 => Role::Anion(low),
                (Some(low), _) if low > 0 => Role::Cation,
                _ => Role::Unknown,
            }
        };
        let roles: Vec<Role> = elements.iter().map(|&e| role(e)).collect();
        let covalent = |e: Element| covalent_radius(e).unwrap_or(1.6);
        let mut smallest = Vec::with_capacity(elements.len() * elements.len());
        for (i, &a) in elements.iter().enumerate() {
            for (j, &b) in elements.iter().enumerate() {
                let bond = covalent(a) + covalent(b);
                smallest.push(match (roles[i], roles[j]) {
                    (Role::Anion(p), Role::Anion(q)) => {
                        let ionic = |e, charge| ionic_radius(e, charge, 6).unwrap_or(1.6 * covalent(e));
                        0.75 * (ionic(a, p) + ionic(b, q)).max(1.9)
                    }
                    (Role::Cation, Role::Anion(_)) | (Role::Anion(_), Role::Cation) => 0.78 * bond,
                    (Role::Cation, Role::Cation) => (0.72 * bond).max(1.4),
                    _ => 0.72 * bond,
                });
            }
        }
        Self { elements, smallest }
    }

    /// Index of an element, for [`Self::smallest`]; `None` for one that is not in the composition.
    pub(crate) fn index(&self, element: Element) -> Option<usize> {
        self.elements.iter().position(|&e| e == element)
    }

    /// Smallest distance (Å) between two elements given by index.
    pub(crate) fn smallest(&self, i: usize, j: usize) -> f64 {
        self.smallest[i * self.elements.len() + j]
    }

    /// The largest of all smallest distances (Å).
    pub(crate) fn largest(&self) -> f64 {
        self.smallest.iter().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::building::closest_approach;
    use druse_datasets::prototypes::prototypes;

    fn distance(formula: &str, a: &str, b: &str) -> f64 {
        let contacts = Contacts::of(&formula.parse().unwrap());
        let index = |s: &str| contacts.index(s.parse().unwrap()).unwrap();
        contacts.smallest(index(a), index(b))
    }

    #[test]
    fn roles_decide() {
        assert!((distance("NaCl", "Na", "Cl") - 0.78 * (1.66 + 1.02)).abs() < 1e-9);
        assert!((distance("NaCl", "Cl", "Cl") - 0.75 * 2.0 * 1.81).abs() < 1e-9);
        assert!((distance("MgO", "Mg", "Mg") - 0.72 * 2.0 * 1.41).abs() < 1e-9);
        assert_eq!(distance("CaSO4", "O", "O"), 0.75 * 2.0 * 1.40);
        assert!(distance("CaSO4", "S", "O") < 1.4);
    }

    /// Archetypes whose atoms are charged as the table says lie above the smallest distances.
    #[test]
    fn archetypes_keep_their_distance() {
        let mut near = Vec::new();
        for prototype in prototypes() {
            let crystal = prototype.code().to_primitive().unwrap();
            if closest_approach(&crystal, &Contacts::of(&crystal.composition())) < 1.0 {
                near.push(prototype.name);
            }
        }
        assert!(near.len() < 25, "{} archetypes are too dense: {near:?}", near.len());
        for name in ["rocksalt", "spinel", "calcite", "alpha-quartz", "perovskite-cubic", "molybdenite"] {
            assert!(!near.contains(&name), "{name}");
        }
    }
}
