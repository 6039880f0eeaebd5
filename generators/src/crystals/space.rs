//! The crystals that a campaign may propose: hard constraints.

use druse_datasets::elements::charge::ChargeRules;
use druse_representations::neighbours::min_distance;
use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Composition, Crystal, Element, Representation};
use serde::{Deserialize, Serialize};

use crate::breeding::Constraints;

/// Tolerance (Å) of the symmetry search in the check of a whole crystal.
const SYMPREC: f64 = 0.01;
/// Smallest distance (Å) between two atoms; 0.5 as in CDVAE (Xie et al., ICLR 2022).
const SMALLEST_DISTANCE: f64 = 0.5;

/// Hard constraints on crystals. Generators propose nothing outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DesignSpace {
    /// Allowed elements.
    pub elements: Vec<Element>,
    /// Fewest and most different elements.
    pub element_count: [usize; 2],
    /// Fewest and most atoms in the primitive cell.
    pub atoms: [usize; 2],
    /// Allowed space groups (numbers).
    pub space_groups: Vec<u8>,
    /// Elements that every crystal contains.
    pub required: Vec<Element>,
    /// Sets of elements that must not occur together.
    pub excluded: Vec<Vec<Element>>,
    /// What counts as charge neutral (`metals_pass` lets metals alone through); `None` when
    /// charges do not matter.
    pub charge: Option<ChargeRules>,
}

/// A design space that contains nothing, or makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// No allowed element.
    #[error("the design space allows no element")]
    NoElements,
    /// No allowed space group, or a number outside 1..=230.
    #[error("the design space needs space groups from 1 to 230; found {0:?}")]
    BadSpaceGroups(Vec<u8>),
    /// A range whose end lies below its beginning, or that begins below 1.
    #[error("{what}: expected 1 <= fewest <= most, found {range:?}")]
    BadRange {
        /// What is counted.
        what: &'static str,
        /// Range found.
        range: [usize; 2],
    },
    /// More elements wanted than allowed, or than atoms.
    #[error("at least {fewest} different elements are wanted, but only {most} are possible")]
    TooFewElements {
        /// Fewest wanted.
        fewest: usize,
        /// Most possible.
        most: usize,
    },
    /// A required element that is not allowed.
    #[error("{0} is required but not among the allowed elements")]
    RequiredNotAllowed(Element),
    /// More required elements than may occur together.
    #[error("{required} elements are required, but at most {most} may occur together")]
    TooManyRequired {
        /// Number of required elements.
        required: usize,
        /// Most different elements.
        most: usize,
    },
    /// Required elements that are excluded from occurring together.
    #[error("the required elements contain the excluded combination {0:?}")]
    RequiredExcluded(Vec<Element>),
}

/// What is wrong with a crystal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// An element that is not allowed.
    #[error("{0} is not allowed")]
    ForbiddenElement(Element),
    /// Wrong number of different elements.
    #[error("{found} different elements, allowed are {allowed:?}")]
    ElementCount {
        /// Number found.
        found: usize,
        /// Fewest and most.
        allowed: [usize; 2],
    },
    /// A required element is absent.
    #[error("{0} is required")]
    MissingElement(Element),
    /// An excluded combination.
    #[error("the elements {0:?} are excluded from occurring together")]
    ExcludedCombination(Vec<Element>),
    /// Wrong number of atoms.
    #[error("{found} atoms in the primitive cell, allowed are {allowed:?}")]
    AtomCount {
        /// Number found.
        found: usize,
        /// Fewest and most.
        allowed: [usize; 2],
    },
    /// No oxidation states balance.
    #[error("{formula} is not charge neutral: {reason}")]
    Charged {
        /// Reduced formula.
        formula: String,
        /// What the search for oxidation states said.
        reason: String,
    },
    /// A space group that is not allowed.
    #[error("space group {0} is not allowed")]
    SpaceGroup(u8),
}

impl DesignSpace {
    /// All crystals of 1 to 4 of these elements with 1 to 20 atoms in the primitive cell, any space
    /// group, charge neutral or of metals alone.
    pub fn new(elements: impl IntoIterator<Item = Element>) -> Self {
        let mut elements: Vec<Element> = elements.into_iter().collect();
        elements.sort_unstable();
        elements.dedup();
        Self {
            elements,
            element_count: [1, 4],
            atoms: [1, 20],
            space_groups: (1..=230).collect(),
            required: Vec::new(),
            excluded: Vec::new(),
            charge: Some(ChargeRules::default()),
        }
    }

    /// Checks the constraints against each other. That a space passes does not mean that it
    /// contains a crystal.
    ///
    /// # Errors
    /// Names the first contradiction.
    pub fn check(&self) -> Result<(), SpaceError> {
        if self.elements.is_empty() {
            return Err(SpaceError::NoElements);
        }
        if self.space_groups.is_empty() || self.space_groups.iter().any(|n| !(1..=230).contains(n)) {
            return Err(SpaceError::BadSpaceGroups(self.space_groups.clone()));
        }
        for (what, range) in [("different elements", self.element_count), ("atoms", self.atoms)] {
            if range[0] < 1 || range[1] < range[0] {
                return Err(SpaceError::BadRange { what, range });
            }
        }
        let distinct: std::collections::BTreeSet<Element> = self.elements.iter().copied().collect();
        let most = distinct.len().min(self.atoms[1]);
        if self.element_count[0] > most {
            return Err(SpaceError::TooFewElements { fewest: self.element_count[0], most });
        }
        if let Some(&element) = self.required.iter().find(|e| !distinct.contains(e)) {
            return Err(SpaceError::RequiredNotAllowed(element));
        }
        let most = self.element_count[1].min(self.atoms[1]);
        if self.required.len() > most {
            return Err(SpaceError::TooManyRequired { required: self.required.len(), most });
        }
        if let Some(combination) = self.excluded_in(&self.required) {
            return Err(SpaceError::RequiredExcluded(combination.to_vec()));
        }
        Ok(())
    }

    /// The first excluded combination that `elements` contain.
    pub(crate) fn excluded_in(&self, elements: &[Element]) -> Option<&[Element]> {
        self.excluded
            .iter()
            .find(|set| !set.is_empty() && set.iter().all(|element| elements.contains(element)))
            .map(Vec::as_slice)
    }

    /// Checks elements and charge of a composition.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_composition(&self, composition: &Composition) -> Result<(), Violation> {
        self.check_elements(&composition.elements().collect::<Vec<_>>())?;
        if let Some(rules) = &self.charge {
            let balance = rules.check(composition);
            if !balance.passes() {
                return Err(Violation::Charged {
                    formula: composition.reduced_formula(),
                    reason: balance.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Checks a set of different elements.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_elements(&self, elements: &[Element]) -> Result<(), Violation> {
        if let Some(&element) = elements.iter().find(|e| !self.elements.contains(e)) {
            return Err(Violation::ForbiddenElement(element));
        }
        let (found, allowed) = (elements.len(), self.element_count);
        if !(allowed[0]..=allowed[1]).contains(&found) {
            return Err(Violation::ElementCount { found, allowed });
        }
        if let Some(&element) = self.required.iter().find(|e| !elements.contains(e)) {
            return Err(Violation::MissingElement(element));
        }
        match self.excluded_in(elements) {
            Some(combination) => Err(Violation::ExcludedCombination(combination.to_vec())),
            None => Ok(()),
        }
    }

    /// Checks the number of atoms in the primitive cell and the space group.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_cell(&self, primitive_atoms: usize, space_group: u8) -> Result<(), Violation> {
        let (found, allowed) = (primitive_atoms, self.atoms);
        if !(allowed[0]..=allowed[1]).contains(&found) {
            return Err(Violation::AtomCount { found, allowed });
        }
        if !self.space_groups.contains(&space_group) {
            return Err(Violation::SpaceGroup(space_group));
        }
        Ok(())
    }

    /// Checks everything: atoms, elements, charge and space group of a symmetry code.
    ///
    /// # Errors
    /// The first violation.
    pub fn check_code(&self, code: &SymmetryCode) -> Result<(), Violation> {
        self.check_cell(code.primitive_atom_count(), code.space_group)?;
        self.check_composition(&code.composition())
    }
}

impl Constraints<Crystal> for DesignSpace {
    /// Checks atoms, elements, charge and space group, and that no two atoms are nearer than 0.5 Å.
    fn check_design(&self, design: &Crystal) -> Result<(), String> {
        let code = SymmetryRepresentation::new(SYMPREC)
            .encode(design)
            .map_err(|error| format!("the crystal cannot be analysed: {error}"))?;
        self.check_code(&code).map_err(|violation| violation.to_string())?;
        check_distances(design)
    }
}

/// Checks that no two atoms are nearer than 0.5 Å.
///
/// # Errors
/// Says how near they are, or why that cannot be known.
pub fn check_distances(crystal: &Crystal) -> Result<(), String> {
    match min_distance(crystal) {
        Ok(Some(distance)) if distance >= SMALLEST_DISTANCE => Ok(()),
        Ok(distance) => Err(format!("two atoms are too near: {distance:?} Å")),
        Err(error) => Err(format!("distances cannot be measured: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototype;

    fn elements(symbols: &str) -> Vec<Element> {
        symbols.split(' ').map(|s| s.parse().unwrap()).collect()
    }

    #[test]
    fn contradictions_are_named() {
        let good = DesignSpace::new(elements("Na Cl Mg O"));
        assert_eq!(good.check(), Ok(()));
        assert_eq!(DesignSpace::new([]).check(), Err(SpaceError::NoElements));
        let bad = DesignSpace { space_groups: vec![0], ..good.clone() };
        assert_eq!(bad.check(), Err(SpaceError::BadSpaceGroups(vec![0])));
        let bad = DesignSpace { atoms: [5, 4], ..good.clone() };
        assert!(matches!(bad.check(), Err(SpaceError::BadRange { what: "atoms", .. })));
        let bad = DesignSpace { element_count: [5, 6], ..good.clone() };
        assert_eq!(bad.check(), Err(SpaceError::TooFewElements { fewest: 5, most: 4 }));
        let bad = DesignSpace { required: elements("Fe"), ..good.clone() };
        assert_eq!(bad.check(), Err(SpaceError::RequiredNotAllowed(elements("Fe")[0])));
        let bad =
            DesignSpace { required: elements("Na Cl"), excluded: vec![elements("Cl Na")], ..good.clone() };
        assert!(matches!(bad.check(), Err(SpaceError::RequiredExcluded(_))));
        let bad = DesignSpace { required: elements("Na Cl"), element_count: [1, 1], ..good };
        assert!(matches!(bad.check(), Err(SpaceError::TooManyRequired { .. })));
    }

    #[test]
    fn violations_are_found() {
        let spinel = prototype("spinel").unwrap().code();
        let space = DesignSpace::new(elements("Mg Al O"));
        assert_eq!(space.check_code(&spinel), Ok(()));
        let check = |space: DesignSpace| space.check_code(&spinel).unwrap_err();
        assert!(matches!(
            check(DesignSpace { atoms: [1, 13], ..space.clone() }),
            Violation::AtomCount { found: 14, .. }
        ));
        assert_eq!(
            check(DesignSpace { space_groups: vec![225], ..space.clone() }),
            Violation::SpaceGroup(227)
        );
        assert!(matches!(
            check(DesignSpace { elements: elements("Mg O"), ..space.clone() }),
            Violation::ForbiddenElement(_)
        ));
        assert!(matches!(
            check(DesignSpace { element_count: [1, 2], ..space.clone() }),
            Violation::ElementCount { found: 3, .. }
        ));
        assert!(matches!(
            check(DesignSpace { excluded: vec![elements("Mg Al")], ..space.clone() }),
            Violation::ExcludedCombination(_)
        ));
        let mut wrong = spinel.clone();
        wrong.orbits[0].element = elements("Al")[0];
        let space = DesignSpace { required: vec![], ..space };
        assert!(matches!(space.check_code(&wrong), Err(Violation::Charged { .. })));
    }
}
