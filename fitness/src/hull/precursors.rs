//! What a crystal costs, in energy, to make of what is at hand.
//!
//! Of all mixtures of precursors that add up to a composition, and to gases that leave, the one of lowest energy is
//! found by the same linear programme as the hull:
//!
//! ```text
//! minimise  sum_p x_p E_p - sum_g y_g E_g
//! subject to  sum_p x_p f_pj - sum_g y_g f_gj = f_j  for every element j,   x_p, y_g >= 0
//! ```
//!
//! `E` are energies per atom, `f` atomic fractions, `x_p` and `y_g` atoms of precursor p that are taken and of gas g that
//! leave, per atom of the product. The energy of reaction is the product's energy minus this minimum. Where it is
//! negative, the product is worth more than every mixture of precursors, and any way to it gains energy.
//!
//! Products with oxygen are made in air: O2 may enter, CO2 and H2O leave, and O2 leaves only where the product cannot be
//! had otherwise. All others are made in the absence of air, of precursors that hold no other elements than they do;
//! otherwise the lowest mixture would be their own oxides, sulphates and carbonates.
//!
//! The gases have the energy of their most stable solid in the reference, at 0 K and without pressure. What a gas gains
//! by entropy on heating is left out, so a reaction that gives off CO2 or H2O may well run though its energy is
//! positive.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use druse_datasets::bytes::hexadecimal;
use druse_datasets::reference::ReferenceTable;
use druse_representations::{Composition, Element};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::diagram::{check, fractions};
use super::simplex::{Optimum, Programme};

/// Energy (eV/atom) of an element that no precursor brings: above all that real phases could gain, and small
/// enough that rounding stays below the programme's tolerance.
const ABSENT: f64 = 100.0;
/// Amounts (per atom of the product) below this are rounding.
const SMALLEST_AMOUNT: f64 = 1e-9;
/// Formula units of the product up to which an equation is tried with whole numbers.
const MOST_UNITS: u32 = 240;

/// The gases of reactions in air; oxygen, the first one, also enters.
static GASES: LazyLock<[Composition; 3]> =
    LazyLock::new(|| ["O2", "CO2", "H2O"].map(|formula| formula.parse().unwrap_or_default()));

/// A compound with its energy.
struct Compound {
    /// As it was written.
    formula: String,
    /// Entry of the reference with the lowest energy.
    id: String,
    energy_per_atom: f64,
    /// Atoms of the formula.
    atoms: f64,
    fractions: Vec<(Element, f64)>,
}

/// Precursors with their energies.
pub struct Precursors {
    name: String,
    available: Vec<Compound>,
    gases: Vec<Compound>,
    unknown: Vec<String>,
    digest: String,
}

/// Why precursors cannot be used, or lead nowhere.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrecursorError {
    /// No precursor has an energy.
    #[error(
        "precursors: found no energy of any of them, expected a formula that the reference energies hold"
    )]
    NothingKnown,
    /// All of it would leave as gas, so that any amount of it could be used up.
    #[error(
        "precursors: found {0}, which may leave as gas as a whole, expected compounds of which something stays"
    )]
    Volatile(String),
    /// A composition or an energy that is not a proper one.
    #[error("no reaction to '{composition}': {reason}")]
    BadQuery {
        /// The composition.
        composition: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no way from the precursors to the composition.
    #[error("no reaction to '{composition}': the precursors cannot be balanced for {}", symbols(.elements))]
    Unreachable {
        /// The composition.
        composition: String,
        /// Elements that are missing, or cannot be had in this ratio.
        elements: Vec<Element>,
    },
    /// The search for the minimum did not end. A defect: please report the precursors.
    #[error("the reaction to '{composition}' did not converge; this is a defect, please report it")]
    NotConverged {
        /// The composition.
        composition: String,
    },
}

fn symbols(elements: &[Element]) -> String {
    elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(", ")
}

/// A compound in a reaction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// Formula.
    pub formula: String,
    /// Entry of the reference whose energy was taken.
    pub id: String,
    /// Formula units per formula unit of the product.
    pub amount: f64,
}

/// How a composition is made of precursors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reaction {
    /// Energy of reaction (eV per atom of the product), negative when energy is gained. Gases have the energy of
    /// their solid in the reference, without temperature and pressure.
    pub energy: f64,
    /// Reduced formula of the product.
    pub product: String,
    /// What is taken.
    pub reactants: Vec<Term>,
    /// What leaves.
    pub gases: Vec<Term>,
}

impl fmt::Display for Reaction {
    /// The balanced equation, in whole numbers where up to 240 formula units of the product allow it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amounts = || self.reactants.iter().chain(&self.gases).map(|term| term.amount);
        let whole = |x: f64| (x - x.round()).abs() < 1e-6;
        let units = (1..=MOST_UNITS).find(|&units| amounts().all(|x| whole(x * f64::from(units))));
        let text = |amount: f64, formula: &str| {
            let amount = amount * f64::from(units.unwrap_or(1));
            match units {
                Some(_) if amount.round() == 1.0 => formula.to_owned(),
                Some(_) => format!("{} {formula}", amount.round()),
                None => format!("{amount:.4} {formula}"),
            }
        };
        let side =
            |terms: &[Term]| terms.iter().map(|term| text(term.amount, &term.formula)).collect::<Vec<_>>();
        let right = [vec![text(1.0, &self.product)], side(&self.gases)].concat();
        f.pad(&format!("{} -> {}", side(&self.reactants).join(" + "), right.join(" + ")))
    }
}

impl Precursors {
    /// The compounds of `list` with their lowest energies in `table`; `name` names the list in protocols. Oxygen of the
    /// air is at hand in any case. Compounds without an energy are left out: [`unknown`](Self::unknown).
    ///
    /// # Errors
    /// When none has an energy, or one consists of C, H and O alone, but is neither an element nor a gas of the air.
    pub fn new(list: &[Composition], name: &str, table: &ReferenceTable) -> Result<Self, PrecursorError> {
        Self::with(list, name, |composition| {
            let formula = composition.reduced_formula();
            let lowest = table
                .with_formula(&formula)
                .min_by(|a, b| a.energy_per_atom.total_cmp(&b.energy_per_atom).then(a.id.cmp(b.id)));
            lowest.map(|row| (row.id.to_owned(), row.energy_per_atom))
        })
    }

    /// As [`new`](Self::new), with the id and energy per atom (eV) of each compound by `energy_of`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(
        list: &[Composition],
        name: &str,
        energy_of: impl Fn(&Composition) -> Option<(String, f64)>,
    ) -> Result<Self, PrecursorError> {
        let compound = |composition: &Composition| {
            let (id, energy_per_atom) = energy_of(composition)?;
            Some(Compound {
                formula: composition.to_string(),
                id,
                energy_per_atom,
                atoms: composition.atom_count(),
                fractions: fractions(composition),
            })
        };
        let [oxygen, ..] = &*GASES;
        let is_gas =
            |composition: &Composition| GASES.iter().any(|gas| gas.reduced() == composition.reduced());
        let (mut available, mut unknown) = (Vec::new(), Vec::new());
        let air = (!list.iter().any(|one| one.reduced() == oxygen.reduced())).then_some(oxygen);
        for composition in list {
            let leaves = composition.elements().all(|element| ["C", "H", "O"].contains(&element.symbol()));
            if leaves && composition.element_count() > 1 && !is_gas(composition) {
                return Err(PrecursorError::Volatile(composition.to_string()));
            }
            match compound(composition) {
                Some(compound) => available.push(compound),
                None => unknown.push(composition.to_string()),
            }
        }
        // Nobody named it, so that nobody misses its energy.
        available.extend(air.and_then(compound));
        if available.iter().all(|compound| compound.formula == oxygen.to_string()) {
            return Err(PrecursorError::NothingKnown);
        }
        let gases: Vec<Compound> = GASES.iter().filter_map(compound).collect();
        let mut hash = Sha256::new();
        for compound in available.iter().chain(&gases) {
            hash.update(compound.formula.as_bytes());
            hash.update(compound.energy_per_atom.to_le_bytes());
        }
        let digest = hexadecimal(hash.finalize());
        Ok(Self { name: name.to_owned(), available, gases, unknown, digest })
    }

    /// Compounds of the list that have no energy and take no part.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// What energies of reaction depend on beside the product's energy.
    pub fn protocol(&self) -> String {
        format!(
            "reactions of {} precursors ({}, sha256 {}), gases as their solids",
            self.available.len(),
            self.name,
            self.digest
        )
    }

    /// The reaction of the cheapest mixture of precursors to a composition with an energy (eV/atom, on the scale of
    /// the reference).
    ///
    /// # Errors
    /// When the composition or energy is not a proper one, or cannot be had from the precursors.
    pub fn reaction(
        &self,
        composition: &Composition,
        energy_per_atom: f64,
    ) -> Result<Reaction, PrecursorError> {
        check(composition, energy_per_atom)
            .map_err(|reason| PrecursorError::BadQuery { composition: composition.to_string(), reason })?;
        let target = fractions(composition);
        let oxygen = |&(element, _): &(Element, f64)| element.symbol() == "O";
        let mut gases: Vec<&Compound> = Vec::new();
        if target.iter().any(oxygen) {
            gases.extend(self.gases.iter().filter(|gas| gas.fractions.len() > 1));
        }
        let found = self.cheapest(&target, &gases);
        let (compounds, optimum) = match found {
            // Oxygen leaves only where there is no other way.
            Some((_, optimum)) if !optimum.missing.is_empty() && !gases.is_empty() => {
                gases.extend(self.gases.iter().filter(|gas| gas.fractions.len() == 1));
                self.cheapest(&target, &gases)
            }
            found => found,
        }
        .ok_or_else(|| PrecursorError::NotConverged { composition: composition.to_string() })?;
        if !optimum.missing.is_empty() {
            let composition = composition.reduced_formula();
            return Err(PrecursorError::Unreachable { composition, elements: optimum.missing });
        }

        let product = composition.reduced();
        let (mut reactants, mut leaving) = (Vec::new(), Vec::new());
        for &(i, amount) in &optimum.used {
            let (compound, sign) = compounds[i];
            let amount = amount * product.atom_count() / compound.atoms;
            let term = Term { formula: compound.formula.clone(), id: compound.id.clone(), amount };
            if sign > 0.0 { &mut reactants } else { &mut leaving }.push(term);
        }
        Ok(Reaction {
            energy: energy_per_atom - optimum.cost,
            product: product.to_string(),
            reactants,
            gases: leaving,
        })
    }

    /// The cheapest mixture for some atomic fractions while `gases` may leave, and the compounds that its indices count,
    /// each with the sign of what is taken.
    fn cheapest<'a>(
        &'a self,
        target: &[(Element, f64)],
        gases: &[&'a Compound],
    ) -> Option<(Vec<(&'a Compound, f64)>, Cheapest)> {
        let leaving = gases.iter().flat_map(|gas| &gas.fractions);
        let elements: BTreeSet<Element> = target.iter().chain(leaving).map(|&(element, _)| element).collect();
        let elements: Vec<Element> = elements.into_iter().collect();
        let place = |element: Element| elements.binary_search(&element).ok();
        let within = |one: &&Compound| one.fractions.iter().all(|&(element, _)| place(element).is_some());
        let taken = self.available.iter().filter(within).map(|one| (one, 1.0));
        let compounds: Vec<(&Compound, f64)> = taken.chain(gases.iter().map(|&gas| (gas, -1.0))).collect();

        // The first columns are elements that come from nowhere, the others the compounds.
        let m = elements.len();
        let n = m + compounds.len();
        let (mut rows, mut costs) = (vec![0.0; m * n], vec![ABSENT; m]);
        for j in 0..m {
            rows[j * n + j] = 1.0;
        }
        for (i, (compound, sign)) in compounds.iter().enumerate() {
            costs.push(sign * compound.energy_per_atom);
            for &(element, fraction) in &compound.fractions {
                rows[place(element)? * n + m + i] = sign * fraction;
            }
        }
        let mut wanted = vec![0.0; m];
        for &(element, fraction) in target {
            wanted[place(element)?] = fraction;
        }
        let start: Vec<usize> = (0..m).collect();
        let Optimum { cost, mut mixture } =
            Programme { rows: &rows, costs: &costs, target: &wanted }.solve(&start)?;
        mixture.retain(|&(_, amount)| amount > SMALLEST_AMOUNT);
        mixture.sort_unstable_by_key(|&(i, _)| i);
        let (missing, used): (Vec<_>, Vec<_>) = mixture.into_iter().partition(|&(i, _)| i < m);
        let missing = missing.into_iter().map(|(i, _)| elements[i]).collect();
        let used = used.into_iter().map(|(i, amount)| (i - m, amount)).collect();
        Some((compounds, Cheapest { cost, missing, used }))
    }
}

/// The cheapest mixture.
struct Cheapest {
    /// Its energy (eV per atom of the product).
    cost: f64,
    /// Elements that the precursors do not bring.
    missing: Vec<Element>,
    /// Compounds and their amounts (atoms per atom of the product), by index.
    used: Vec<(usize, f64)>,
}

#[cfg(test)]
mod tests;
