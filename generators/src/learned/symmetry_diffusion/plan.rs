//! A request, made ready for sampling.

use druse_datasets::elements::charge::ChargeRules;
use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Composition, Crystal, Representation};
use rand_chacha::ChaCha8Rng;

use super::{Config, SymmetryDiffusion};
use crate::crystals::{DesignSpace, check_distances};
use crate::learned::house::Learner;
use crate::learned::symmetry::{ElementRules, FormulaRules, Reach, position_table};
use crate::learned::wishes::Wishes;
use crate::learned::{Conditions, Labels, Request, RequestError};

/// Tolerance (Å) of the symmetry search in the check of finished crystals.
const SYMPREC: f64 = 0.01;

/// A request with everything that does not depend on the sample.
pub(super) struct Plan {
    pub(super) space: DesignSpace,
    pub(super) elements: ElementRules,
    pub(super) formula: Option<FormulaRules>,
    pub(super) charge: Option<ChargeRules>,
    /// Fewest and most atoms.
    pub(super) atoms: [usize; 2],
    /// By space group less 1: which numbers of sites are possible.
    pub(super) totals: Vec<Vec<bool>>,
    pub(super) guidance: f64,
    pub(super) temperature: f64,
    pub(super) steps: Option<usize>,
    wishes: Wishes,
}

impl Plan {
    /// Checks a request and makes it ready.
    pub(super) fn new(
        request: &Request,
        config: &Config,
        conditions: &Conditions,
    ) -> Result<Self, RequestError> {
        let impossible = |what: String| RequestError::NotPossible { kind: SymmetryDiffusion::KIND, what };
        let space = &request.space;
        space.check()?;
        if request.fixed.is_some() {
            return Err(impossible("keep a part of a structure (inpainting); matrix-diffusion can".into()));
        }
        let formula = match &request.formula {
            None => None,
            Some(formula) => {
                space.check_composition(formula).map_err(|violation| {
                    impossible(format!(
                        "give {} within this design space: {violation}",
                        formula.hill_formula()
                    ))
                })?;
                let rules = FormulaRules::new(formula).ok_or_else(|| {
                    impossible(format!("give {}: expected whole numbers of atoms", formula.hill_formula()))
                })?;
                Some(rules)
            }
        };
        let mut atoms = [space.atoms[0], space.atoms[1].min(config.most_atoms)];
        if let Some(formula) = &formula {
            atoms = [atoms[0].max(formula.atoms()), atoms[1].min(formula.atoms())];
        }
        if atoms[0] > atoms[1] {
            return Err(impossible(format!(
                "give crystals with {} or more atoms in the primitive cell; the space and the model allow up to {}",
                atoms[0], atoms[1]
            )));
        }
        let elements = ElementRules::new(space);
        let mut plan = Self {
            space: space.clone(),
            elements,
            charge: space.charge.filter(|_| formula.is_none()),
            formula,
            atoms,
            totals: Vec::new(),
            guidance: request.guidance,
            temperature: request.temperature,
            steps: request.steps,
            wishes: Wishes::new(conditions, &request.targets, request.formula.as_ref())?,
        };
        plan.totals = (1..=230).map(|group| plan.possible_totals(group, config.most_sites)).collect();
        if !plan.totals.iter().flatten().any(|&possible| possible) {
            return Err(impossible(
                "place such crystals: no allowed space group has positions for them".into(),
            ));
        }
        Ok(plan)
    }

    fn possible_totals(&self, group: u8, most: usize) -> Vec<bool> {
        let mut totals = vec![false; most + 1];
        if !self.space.space_groups.contains(&group) {
            return totals;
        }
        let positions = position_table().of_group(group);
        let unused = vec![false; positions.len()];
        let reach = Reach::new(positions, &unused, most);
        for (n, possible) in totals.iter_mut().enumerate().skip(self.elements.fewest_sites()) {
            *possible = reach.can(n, self.atoms[0], self.atoms[1])
                && self.formula.as_ref().is_none_or(|formula| formula.fits(positions, &unused, &[], n));
        }
        totals
    }

    /// The labels of one sample.
    pub(super) fn labels(&self, rng: &mut ChaCha8Rng) -> Labels {
        self.wishes.labels(rng)
    }

    /// Whether a finished crystal keeps what could still break: distances of atoms, and by a higher symmetry than
    /// drawn atoms in the primitive cell and space group.
    pub(super) fn holds(&self, crystal: &Crystal) -> bool {
        let composition = crystal.composition();
        let fits = self.formula.is_some() || self.space.check_composition(&composition).is_ok();
        let free = self.space.space_groups.len() >= 230 && self.atoms[0] <= 1;
        fits && check_distances(crystal).is_ok()
            && (free
                || SymmetryRepresentation::new(SYMPREC).encode(crystal).is_ok_and(|code| {
                    self.space.space_groups.contains(&code.space_group)
                        && (self.atoms[0]..=self.atoms[1]).contains(&code.primitive_atom_count())
                }))
    }

    /// Whether oxidation states balance, where that is asked for.
    pub(super) fn neutral(&self, composition: &Composition) -> bool {
        self.charge.is_none_or(|rules| rules.check(composition).passes())
    }
}
