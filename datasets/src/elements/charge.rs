//! Charge neutrality: can the elements of a composition take oxidation states that add up to zero?
//!
//! The search is exact. Every element offers the charges that all its atoms together can have; a
//! table over partial sums, element by element, keeps the simplest way to each sum (common states
//! before rare ones, one state before two). With n atoms the table has at most 18 n + 1 sums, so a
//! check takes microseconds.

use std::collections::BTreeMap;
use std::fmt;

use druse_representations::{Composition, Element};
use serde::{Deserialize, Serialize};

use super::{electronegativity, oxidation_states};

/// Largest reduced formula that is examined (atoms).
const MOST_ATOMS: u64 = 2000;
/// Largest factor that is tried to make fractional amounts whole.
const LARGEST_FACTOR: u32 = 120;
/// Distance from a whole number that counts as whole after scaling.
const WHOLE: f64 = 1e-3;

/// Which oxidation states may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateSet {
    /// The common ones.
    #[default]
    Common,
    /// Rare ones too.
    All,
}

/// What counts as charge neutral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeRules {
    /// Allowed states.
    pub states: StateSet,
    /// Whether an element may take two states at once, as iron in Fe3O4.
    pub mixed_valence: bool,
    /// Whether compositions of metals alone (the list of [`is_metal`]) and elements pass without
    /// an assignment.
    pub metals_pass: bool,
    /// Whether every cation must be less electronegative than every anion (Pauling's test as in
    /// SMACT; equal values fail).
    pub pauling: bool,
}

impl Default for ChargeRules {
    /// Common states, mixed valence, metals pass, no Pauling test.
    fn default() -> Self {
        Self { states: StateSet::Common, mixed_valence: true, metals_pass: true, pauling: false }
    }
}

impl ChargeRules {
    /// Compositional validity of CDVAE (Xie et al., ICLR 2022), with this crate's oxidation states
    /// instead of SMACT's: name [`OXIDATION_STATES_VERSION`](super::OXIDATION_STATES_VERSION)
    /// beside the result.
    pub const CDVAE: Self =
        Self { states: StateSet::All, mixed_valence: false, metals_pass: true, pauling: true };
}

/// Atoms of one element in one oxidation state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ion {
    /// Element.
    pub element: Element,
    /// Oxidation state.
    pub state: i8,
    /// Atoms of the reduced formula in it.
    pub atoms: u64,
}

/// Outcome of [`ChargeRules::check`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChargeBalance {
    /// Neutral with this assignment, by atomic number and state.
    Neutral(Vec<Ion>),
    /// A single element; passes.
    Elemental,
    /// Metals alone; passes.
    Metallic,
    /// No assignment adds up to zero.
    Charged,
    /// No oxidation state is known for this element.
    NoStates(Element),
    /// Pauling's test was asked for and this element has no electronegativity.
    NoElectronegativity(Element),
    /// Amounts that are no small multiple of whole numbers, or more than 2000 atoms.
    NotCountable,
}

impl ChargeBalance {
    /// Whether the composition passes.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Neutral(_) | Self::Elemental | Self::Metallic)
    }
}

impl fmt::Display for ChargeBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Neutral(ions) => {
                let ions: Vec<String> =
                    ions.iter().map(|ion| format!("{} {}{:+}", ion.atoms, ion.element, ion.state)).collect();
                write!(f, "neutral: {}", ions.join(", "))
            }
            Self::Elemental => f.write_str("an element"),
            Self::Metallic => f.write_str("metals alone"),
            Self::Charged => f.write_str("no allowed oxidation states add up to zero"),
            Self::NoStates(element) => write!(f, "no oxidation states are known for {element}"),
            Self::NoElectronegativity(element) => write!(f, "the electronegativity of {element} is unknown"),
            Self::NotCountable => f.write_str("the amounts are not small whole numbers"),
        }
    }
}

/// Whether an element counts as a metal: all but H, B, C, Si, N, P, As, the chalcogens to Te, the
/// halogens and the rare gases. Ge and Sb count as metals, as in SMACT.
pub fn is_metal(element: Element) -> bool {
    let no_metal = [1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 33, 34, 35, 36, 52, 53, 54, 85, 86];
    !no_metal.contains(&element.atomic_number()) && element.atomic_number() <= 103
}

/// One way for all atoms of an element: `(state, atoms)` and, for mixed valence, a second pair.
#[derive(Clone, Copy, Debug)]
struct Choice {
    /// Smaller is simpler.
    cost: u32,
    parts: [(i8, u64); 2],
}

impl ChargeRules {
    /// Looks for an assignment of oxidation states that makes the composition neutral.
    pub fn check(&self, composition: &Composition) -> ChargeBalance {
        let Some(amounts) = whole_amounts(composition) else { return ChargeBalance::NotCountable };
        if self.metals_pass {
            if amounts.len() == 1 {
                return ChargeBalance::Elemental;
            }
            if amounts.iter().all(|&(element, _)| is_metal(element)) {
                return ChargeBalance::Metallic;
            }
        }
        for &(element, _) in &amounts {
            if self.states_of(element).is_empty() {
                return ChargeBalance::NoStates(element);
            }
            if self.pauling && electronegativity(element).is_none() {
                return ChargeBalance::NoElectronegativity(element);
            }
        }
        let best = if self.pauling {
            let mut values: Vec<f64> = amounts.iter().filter_map(|&(e, _)| electronegativity(e)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            // Elements up to the boundary are cations, those beyond are anions.
            let tries = values.iter().filter_map(|&boundary| {
                self.lightest(&amounts, |element, state| {
                    let cation = electronegativity(element).is_some_and(|value| value <= boundary);
                    cation == (state > 0)
                })
            });
            tries.min_by_key(|&(cost, _)| cost)
        } else {
            self.lightest(&amounts, |_, _| true)
        };
        best.map_or(ChargeBalance::Charged, |(_, ions)| ChargeBalance::Neutral(ions))
    }

    fn states_of(&self, element: Element) -> &'static [i8] {
        match self.states {
            StateSet::Common => oxidation_states(element).common(),
            StateSet::All => oxidation_states(element).all(),
        }
    }

    /// The simplest neutral assignment with states that `allowed` accepts, and its cost.
    fn lightest(
        &self,
        amounts: &[(Element, u64)],
        allowed: impl Fn(Element, i8) -> bool,
    ) -> Option<(u32, Vec<Ion>)> {
        // One layer per element: sum so far -> (cost so far, charge and choice of this element).
        let mut layers: Vec<BTreeMap<i64, (u32, i64, Choice)>> = Vec::with_capacity(amounts.len());
        let mut sums = BTreeMap::from([(0i64, 0u32)]);
        for &(element, atoms) in amounts {
            let states: Vec<i8> =
                self.states_of(element).iter().copied().filter(|&state| allowed(element, state)).collect();
            let choices = self.choices(element, atoms, &states);
            let mut layer: BTreeMap<i64, (u32, i64, Choice)> = BTreeMap::new();
            for (&sum, &cost) in &sums {
                for (&charge, choice) in &choices {
                    let total = cost + choice.cost;
                    if layer.get(&(sum + charge)).is_none_or(|&(known, ..)| total < known) {
                        layer.insert(sum + charge, (total, charge, *choice));
                    }
                }
            }
            sums = layer.iter().map(|(&sum, &(cost, ..))| (sum, cost)).collect();
            layers.push(layer);
        }
        let cost = *sums.get(&0)?;
        let mut ions = Vec::new();
        let mut sum = 0;
        for (layer, &(element, _)) in layers.iter().zip(amounts).rev() {
            let &(_, charge, choice) = layer.get(&sum)?;
            let parts = choice.parts.into_iter().rev().filter(|&(_, atoms)| atoms > 0);
            ions.extend(parts.map(|(state, atoms)| Ion { element, state, atoms }));
            sum -= charge;
        }
        ions.reverse();
        Some((cost, ions))
    }

    /// Charges that `atoms` atoms of an element can have together, each with the simplest way.
    fn choices(&self, element: Element, atoms: u64, states: &[i8]) -> BTreeMap<i64, Choice> {
        let rare = |state: i8| u32::from(!oxidation_states(element).common().contains(&state));
        let mut choices: BTreeMap<i64, Choice> = BTreeMap::new();
        let mut offer = |parts: [(i8, u64); 2], cost: u32| {
            let charge = parts.iter().map(|&(state, n)| i64::from(state) * n as i64).sum();
            if choices.get(&charge).is_none_or(|known| cost < known.cost) {
                choices.insert(charge, Choice { cost, parts });
            }
        };
        for (index, &state) in states.iter().enumerate() {
            offer([(state, atoms), (0, 0)], 4 * rare(state));
            if self.mixed_valence {
                for &other in &states[index + 1..] {
                    // Opposite signs in one element are a last resort.
                    let cost =
                        1 + 4 * (rare(state) + rare(other)) + 4 * u32::from((state < 0) != (other < 0));
                    for n in 1..atoms {
                        offer([(state, n), (other, atoms - n)], cost);
                    }
                }
            }
        }
        choices
    }
}

/// Whole amounts of the reduced formula; fractional ones are scaled when a factor up to 120 makes
/// all of them whole.
fn whole_amounts(composition: &Composition) -> Option<Vec<(Element, u64)>> {
    let occurring = composition.iter().filter(|&(_, amount)| amount != 0.0);
    let amounts: Vec<(Element, f64)> = occurring.collect();
    if amounts.is_empty() || amounts.iter().any(|&(_, amount)| !amount.is_finite() || amount < 0.0) {
        return None;
    }
    let whole = (1..=LARGEST_FACTOR).map(f64::from).find_map(|factor| {
        let scaled = amounts.iter().map(|&(element, amount)| {
            let x = amount * factor;
            ((x - x.round()).abs() < WHOLE && x.round() >= 1.0).then_some((element, x.round()))
        });
        scaled.collect::<Option<Vec<(Element, f64)>>>()
    })?;
    let reduced = whole.into_iter().collect::<Composition>().reduced().integer_amounts()?;
    (reduced.values().sum::<u64>() <= MOST_ATOMS).then(|| reduced.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(rules: ChargeRules, formula: &str) -> ChargeBalance {
        rules.check(&formula.parse().unwrap())
    }

    fn text(rules: ChargeRules, formula: &str) -> String {
        check(rules, formula).to_string()
    }

    const STRICT: ChargeRules =
        ChargeRules { states: StateSet::Common, mixed_valence: false, metals_pass: false, pauling: false };

    #[test]
    fn textbook_assignments() {
        let rules = ChargeRules::default();
        assert_eq!(text(rules, "LiFePO4"), "neutral: 1 Li+1, 4 O-2, 1 P+5, 1 Fe+2");
        assert_eq!(text(rules, "Fe3O4"), "neutral: 4 O-2, 1 Fe+2, 2 Fe+3");
        assert_eq!(text(rules, "LiCoO2"), "neutral: 1 Li+1, 2 O-2, 1 Co+3");
        assert_eq!(text(STRICT, "Fe3O4"), "no allowed oxidation states add up to zero");
        assert_eq!(text(rules, "NaCl2"), "no allowed oxidation states add up to zero");
        assert_eq!(text(rules, "Li0.5CoO2"), "no allowed oxidation states add up to zero");
        let all = ChargeRules { states: StateSet::All, ..rules };
        assert_eq!(text(all, "Li0.5CoO2"), "neutral: 1 Li+1, 4 O-2, 1 Co+3, 1 Co+4");
        assert_eq!(text(all, "Na2O2"), "neutral: 1 O-1, 1 Na+1");
    }

    #[test]
    fn metals_and_elements() {
        assert_eq!(check(ChargeRules::default(), "Ni3Al"), ChargeBalance::Metallic);
        assert_eq!(check(ChargeRules::default(), "Si"), ChargeBalance::Elemental);
        assert_eq!(check(STRICT, "Ni3Al"), ChargeBalance::Charged);
        assert!(!check(STRICT, "Si").passes());
        let smact_metals = Element::all().filter(|&e| is_metal(e)).count();
        assert_eq!(smact_metals, 79 + 2); // SMACT 4.0.2 lists 79, without Pm and Lr
    }

    #[test]
    fn pauling_test_orders_the_ions() {
        let pauling = ChargeRules { pauling: true, ..STRICT };
        assert!(check(pauling, "NaCl").passes());
        // H-1 with C+4 is neutral, but carbon is the more electronegative one; H+1 with C-4 is fine.
        assert_eq!(text(pauling, "CH4"), "neutral: 4 H+1, 1 C-4");
        // Without the test chlorine may be an anion of oxygen's cation: OCl2 has O 3.44 > Cl 3.16.
        let all = ChargeRules { states: StateSet::All, ..STRICT };
        assert_eq!(text(all, "Cl2O"), "neutral: 1 O-2, 2 Cl+1");
        assert_eq!(check(ChargeRules { pauling: true, ..STRICT }, "Cl2O"), ChargeBalance::Charged);
        let pm: Element = "Pm".parse().unwrap();
        assert_eq!(check(pauling, "Pm2O3"), ChargeBalance::NoElectronegativity(pm));
        let he: Element = "He".parse().unwrap();
        assert_eq!(check(STRICT, "HeO"), ChargeBalance::NoStates(he));
    }

    #[test]
    fn amounts_that_cannot_be_counted() {
        let odd: Composition = [("Na".parse().unwrap(), 0.618_033_99), ("Cl".parse().unwrap(), 0.381_966_01)]
            .into_iter()
            .collect();
        assert_eq!(STRICT.check(&odd), ChargeBalance::NotCountable);
        assert_eq!(check(STRICT, "Na5000Cl5001"), ChargeBalance::NotCountable);
        assert_eq!(STRICT.check(&Composition::new()), ChargeBalance::NotCountable);
    }

    /// Every assignment of one state per element, by brute force.
    fn neutral_by_force(rules: ChargeRules, amounts: &[(Element, u64)], sum: i64) -> bool {
        match amounts.split_first() {
            None => sum == 0,
            Some((&(element, atoms), rest)) => rules
                .states_of(element)
                .iter()
                .any(|&state| neutral_by_force(rules, rest, sum + i64::from(state) * atoms as i64)),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_brute_force(parts in prop::collection::btree_map(1u8..=96, 1u64..9, 1..5)) {
            let amounts: Vec<(Element, u64)> =
                parts.iter().map(|(&z, &n)| (Element::from_atomic_number(z).unwrap(), n)).collect();
            let composition: Composition = amounts.iter().map(|&(e, n)| (e, n as f64)).collect();
            let rules = ChargeRules { states: StateSet::All, ..STRICT };
            let verdict = rules.check(&composition);
            prop_assert_eq!(verdict.passes(), neutral_by_force(rules, &amounts, 0));
            if let ChargeBalance::Neutral(ions) = verdict {
                prop_assert_eq!(ions.iter().map(|ion| i64::from(ion.state) * ion.atoms as i64).sum::<i64>(), 0);
                let mixed = ChargeRules { mixed_valence: true, ..rules };
                prop_assert!(mixed.check(&composition).passes());
            }
        }

        #[test]
        fn pauling_assignments_keep_the_order(parts in prop::collection::btree_map(1u8..=96, 1u64..6, 2..5)) {
            let composition: Composition =
                parts.iter().map(|(&z, &n)| (Element::from_atomic_number(z).unwrap(), n as f64)).collect();
            let rules = ChargeRules { pauling: true, mixed_valence: true, states: StateSet::All, ..STRICT };
            if let ChargeBalance::Neutral(ions) = rules.check(&composition) {
                for cation in ions.iter().filter(|ion| ion.state > 0) {
                    for anion in ions.iter().filter(|ion| ion.state < 0) {
                        prop_assert!(electronegativity(cation.element) < electronegativity(anion.element));
                    }
                }
            }
        }
    }
}
