//! A request that was checked and made ready.

use std::collections::BTreeMap;

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::reduction::niggli;
use druse_representations::{Crystal, Element};
use rand_chacha::ChaCha8Rng;

use super::super::{KIND, MatrixDiffusionConfig};
use crate::crystals::DesignSpace;
use crate::learned::matrix::strain::strain_of;
use crate::learned::wishes::Wishes;
use crate::learned::{Conditions, Label, Labels, Request, RequestError, Scale};

/// Steps of the sampler where the request names none.
const STEPS: usize = 50;

/// What is wanted, in the form that sampling needs.
pub struct Plan {
    pub space: DesignSpace,
    pub guidance: f64,
    pub temperature: f64,
    pub steps: usize,
    pub most_atoms: usize,
    /// Atomic numbers of a formula, sorted.
    pub formula: Option<Vec<u8>>,
    pub fixed: Option<FixedPart>,
    wishes: Wishes,
}

/// The part that stays, in the reduced cell.
pub struct FixedPart {
    /// As given.
    pub crystal: Crystal,
    pub elements: Vec<u8>,
    /// Fractional coordinates in the reduced cell.
    pub frac: Vec<Vector3<f64>>,
    /// Strain of the reduced cell when it stays.
    pub strain: Option<Matrix3<f64>>,
    /// Reduced cell = this matrix times the given one (rows are vectors).
    pub reduction: Matrix3<f64>,
}

impl Plan {
    /// Checks a request and makes it ready.
    pub fn new(
        request: &Request,
        config: &MatrixDiffusionConfig,
        conditions: &Conditions,
    ) -> Result<Self, RequestError> {
        request.space.check()?;
        let bad = |column: &str, found: String, expected: String| RequestError::BadValue {
            column: column.to_owned(),
            found,
            expected,
        };
        for (name, value, least) in
            [("guidance", request.guidance, 0.0), ("temperature", request.temperature, 1e-3)]
        {
            if !value.is_finite() || value < least {
                return Err(bad(name, value.to_string(), format!("a number of at least {least}")));
            }
        }
        let steps = request.steps.unwrap_or(STEPS);
        if steps == 0 {
            return Err(bad("steps", "0".into(), "at least 1".into()));
        }
        let wishes = Wishes::new(conditions, &request.targets, request.formula.as_ref())?;
        let [fewest, most] = request.space.atoms;
        if fewest > config.most_atoms {
            return Err(RequestError::NotPossible {
                kind: KIND,
                what: format!(
                    "make crystals of {fewest} to {most} atoms: it knows up to {}",
                    config.most_atoms
                ),
            });
        }
        let formula = match &request.formula {
            None => None,
            Some(formula) => {
                let atoms = formula.atom_count();
                let amounts = formula
                    .integer_amounts()
                    .filter(|_| atoms >= fewest as f64 && atoms <= most.min(config.most_atoms) as f64);
                let Some(amounts) = amounts else {
                    let expected =
                        format!("whole numbers of atoms, {fewest} to {} in all", most.min(config.most_atoms));
                    return Err(bad("formula", formula.hill_formula(), expected));
                };
                request.space.check_composition(formula).map_err(|violation| {
                    bad("formula", formula.hill_formula(), format!("a formula within the space: {violation}"))
                })?;
                let all = amounts
                    .into_iter()
                    .flat_map(|(element, n)| std::iter::repeat_n(element.atomic_number(), n as usize));
                Some(all.collect::<Vec<u8>>())
            }
        };
        let fixed = request.fixed.as_ref().map(|fixed| part(&fixed.crystal, fixed.cell)).transpose()?;
        if let Some(fixed) = &fixed {
            check_fixed(fixed, &request.space, formula.as_deref(), config)?;
        }
        Ok(Self {
            space: request.space.clone(),
            guidance: request.guidance,
            temperature: request.temperature,
            steps,
            most_atoms: config.most_atoms,
            formula,
            fixed,
            wishes,
        })
    }

    /// Labels of one sample.
    pub fn labels(&self, rng: &mut ChaCha8Rng) -> Labels {
        self.wishes.labels(rng)
    }

    /// How far the values that the heads predict are from the labels, in standard deviations: the sum over the
    /// conditions that are numbers and have a target.
    pub fn miss(&self, labels: &Labels, predicted: &BTreeMap<String, f64>, conditions: &Conditions) -> f64 {
        let columns = conditions.columns.iter().zip(labels);
        columns
            .filter_map(|(column, label)| match (&column.scale, label) {
                (Scale::Number { sd, .. }, Some(Label::Number(wanted))) => {
                    Some((predicted.get(&column.name)? - wanted).abs() / sd)
                }
                _ => None,
            })
            .sum()
    }

    /// Elements that are there from the start.
    pub fn fixed_elements(&self) -> &[u8] {
        self.fixed.as_ref().map_or(&[], |fixed| &fixed.elements)
    }
}

fn impossible(what: impl Into<String>) -> RequestError {
    RequestError::NotPossible { kind: KIND, what: what.into() }
}

/// The fixed part in the reduced cell.
fn part(crystal: &Crystal, cell: bool) -> Result<FixedPart, RequestError> {
    let elements = crystal.elements().map_err(|error| impossible(format!("fix this part: {error}")))?;
    let (reduced, t) =
        niggli(&crystal.lattice).map_err(|error| impossible(format!("fix this cell: {error}")))?;
    let reduction = t.map(f64::from);
    let inverse = reduction.try_inverse().unwrap_or_else(Matrix3::identity);
    let strain = strain_of(&reduced).ok_or_else(|| impossible("fix a cell without volume"))?;
    // Without the cell there is nothing to reduce: coordinates keep their meaning.
    let (reduction, inverse) =
        if cell { (reduction, inverse) } else { (Matrix3::identity(), Matrix3::identity()) };
    Ok(FixedPart {
        elements: elements.iter().map(|element| element.atomic_number()).collect(),
        frac: crystal.sites.iter().map(|site| inverse.tr_mul(&site.frac)).collect(),
        strain: cell.then_some(strain),
        reduction,
        crystal: crystal.clone(),
    })
}

/// Whether a fixed part has room in what is asked for.
fn check_fixed(
    fixed: &FixedPart,
    space: &DesignSpace,
    formula: Option<&[u8]>,
    config: &MatrixDiffusionConfig,
) -> Result<(), RequestError> {
    let atoms = fixed.elements.len();
    if atoms > space.atoms[1].min(config.most_atoms) {
        return Err(impossible(format!("fix {atoms} atoms: more than a cell may hold")));
    }
    let mut distinct: Vec<Element> =
        fixed.elements.iter().filter_map(|&z| Element::from_atomic_number(z)).collect();
    distinct.sort_unstable();
    distinct.dedup();
    if let Some(element) = distinct.iter().find(|element| !space.elements.contains(element)) {
        return Err(impossible(format!("fix {element}, which the space does not allow")));
    }
    if let Some(set) = space.excluded_in(&distinct) {
        return Err(impossible(format!("fix {set:?} together, which the space excludes")));
    }
    if let Some(formula) = formula {
        let count = |all: &[u8], z: u8| all.iter().filter(|&&other| other == z).count();
        if let Some(&z) = fixed.elements.iter().find(|&&z| count(&fixed.elements, z) > count(formula, z)) {
            let symbol = Element::from_atomic_number(z).map_or("?", Element::symbol);
            return Err(impossible(format!("fix more atoms of {symbol} than the formula has")));
        }
    }
    Ok(())
}
