//! Which elements go together and which replace each other.

use druse_datasets::elements::charge::{ChargeRules, StateSet, is_metal};
use druse_datasets::elements::{electronegativity, oxidation_states, similarity_order};
use druse_representations::{Composition, Element};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};

use crate::crystals::space::DesignSpace;

/// Decay length of the probability to replace an element, in places on the modified Pettifor scale.
const SIMILARITY_LENGTH: f64 = 10.0;
/// Smallest relative probability of any replacement, so that nothing is impossible.
const SMALLEST_SIMILARITY: f64 = 0.01;

/// Draws elements and formulas for one design space.
#[derive(Clone, Debug)]
pub(crate) struct Chemistry {
    /// Rules of the space with Pauling's test: what is more electronegative is the anion. Only
    /// formulas that pass it are generated.
    rules: Option<ChargeRules>,
}

impl Chemistry {
    pub(crate) fn new(space: &DesignSpace) -> Self {
        Self { rules: space.charge.map(|rules| ChargeRules { pauling: true, ..rules }) }
    }

    /// Whether a composition is in the space and makes chemical sense.
    pub(crate) fn sensible(&self, space: &DesignSpace, composition: &Composition) -> bool {
        space.check_composition(composition).is_ok()
            && self.rules.is_none_or(|rules| rules.check(composition).passes())
    }

    /// An allowed element other than `element`, more probably a similar one (distance on the
    /// modified Pettifor scale of Glawe et al., New J. Phys. 18, 093011 (2016)).
    pub(crate) fn replacement<R: Rng + ?Sized>(
        &self,
        space: &DesignSpace,
        element: Element,
        rng: &mut R,
    ) -> Option<Element> {
        let others: Vec<Element> = space.elements.iter().copied().filter(|&e| e != element).collect();
        others.choose_weighted(rng, |&other| similarity(element, other)).ok().copied()
    }

    /// An allowed element for the place of `element`, perhaps itself.
    pub(crate) fn stand_in<R: Rng + ?Sized>(
        &self,
        space: &DesignSpace,
        element: Element,
        rng: &mut R,
    ) -> Option<Element> {
        space.elements.choose_weighted(rng, |&other| similarity(element, other)).ok().copied()
    }

    /// A formula of the space: elements and small whole amounts without common divisor.
    pub(crate) fn random_formula<R: Rng + ?Sized>(
        &self,
        space: &DesignSpace,
        rng: &mut R,
    ) -> Option<Vec<(Element, usize)>> {
        let most = space.element_count[1].min(space.elements.len()).min(space.atoms[1]);
        let count = rng.random_range(space.element_count[0].min(most)..=most).max(space.required.len());
        let mut elements = space.required.clone();
        let mut others: Vec<Element> =
            space.elements.iter().copied().filter(|e| !elements.contains(e)).collect();
        others.shuffle(rng);
        elements.extend(others.into_iter().take(count - elements.len()));
        space.check_elements(&elements).ok()?;
        let amounts = match &self.rules {
            Some(rules) if !(rules.metals_pass && elements.iter().all(|&e| is_metal(e))) => {
                if elements.len() == 1 && rules.metals_pass {
                    vec![1]
                } else {
                    neutral_amounts(&elements, rules.states, space.atoms[1], rng)?
                }
            }
            _ => elements.iter().map(|_| small_amount(rng)).collect(),
        };
        let divisor = amounts.iter().copied().fold(0, gcd).max(1);
        let formula: Vec<(Element, usize)> =
            elements.into_iter().zip(amounts.into_iter().map(|n| n / divisor)).collect();
        let atoms: usize = formula.iter().map(|(_, n)| n).sum();
        let composition: Composition = formula.iter().map(|&(e, n)| (e, n as f64)).collect();
        (atoms <= space.atoms[1] && self.sensible(space, &composition)).then_some(formula)
    }

    /// Atoms of each element in the cell of a random crystal: a [`Self::random_formula`] a whole number of times
    /// within the space.
    pub(crate) fn random_counts<R: Rng + ?Sized>(
        &self,
        space: &DesignSpace,
        rng: &mut R,
    ) -> Option<Vec<(Element, usize)>> {
        let formula = self.random_formula(space, rng)?;
        let unit: usize = formula.iter().map(|(_, n)| n).sum();
        let (fewest, most) = (space.atoms[0].div_ceil(unit), space.atoms[1] / unit);
        if fewest > most {
            return None;
        }
        // Few formula units are more likely, as in nature.
        let units = rng.random_range(fewest..=most).min(rng.random_range(fewest..=most));
        Some(formula.into_iter().map(|(element, n)| (element, n * units)).collect())
    }
}

fn similarity(a: Element, b: Element) -> f64 {
    let (Some(x), Some(y)) = (similarity_order(a), similarity_order(b)) else {
        return SMALLEST_SIMILARITY;
    };
    let distance = f64::from(x.abs_diff(y));
    (-distance / SIMILARITY_LENGTH).exp().max(SMALLEST_SIMILARITY)
}

/// 1 to 5, small numbers more often.
fn small_amount<R: Rng + ?Sized>(rng: &mut R) -> usize {
    const AMOUNTS: [usize; 10] = [1, 1, 1, 1, 2, 2, 2, 3, 3, 5];
    AMOUNTS[rng.random_range(0..AMOUNTS.len())]
}

/// Amounts of the elements that balance their charges, at most `most` atoms in all.
fn neutral_amounts<R: Rng + ?Sized>(
    elements: &[Element],
    set: StateSet,
    most: usize,
    rng: &mut R,
) -> Option<Vec<usize>> {
    const TRIALS: usize = 24;
    for _ in 0..TRIALS {
        let mut states = Vec::with_capacity(elements.len());
        for &element in elements {
            let known = oxidation_states(element);
            let known = if set == StateSet::Common { known.common() } else { known.all() };
            states.push(i64::from(*known.choose(rng)?));
        }
        let edge = |positive: bool| {
            elements
                .iter()
                .zip(&states)
                .filter(move |(_, state)| (**state > 0) == positive)
                .filter_map(|(&e, _)| electronegativity(e))
        };
        let cations = edge(true).fold(f64::NEG_INFINITY, f64::max);
        let anions = edge(false).fold(f64::INFINITY, f64::min);
        if cations >= anions || states.contains(&0) {
            continue;
        }
        // All amounts but that of the last anion are drawn; that one follows.
        let Some(last) = states.iter().rposition(|&state| state < 0) else { continue };
        let mut amounts: Vec<usize> = elements.iter().map(|_| small_amount(rng)).collect();
        let rest: i64 = (0..states.len()).filter(|&i| i != last).map(|i| amounts[i] as i64 * states[i]).sum();
        if rest <= 0 {
            continue;
        }
        // The smallest multiple of the drawn amounts that the anion can balance.
        let factor = -states[last] / gcd(rest as usize, (-states[last]) as usize) as i64;
        for (i, amount) in amounts.iter_mut().enumerate() {
            *amount =
                if i == last { (rest * factor / -states[last]) as usize } else { *amount * factor as usize };
        }
        let divisor = amounts.iter().copied().fold(0, gcd).max(1);
        if amounts.iter().sum::<usize>() / divisor <= most {
            return Some(amounts);
        }
    }
    None
}

pub(crate) fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    fn space() -> DesignSpace {
        let symbols = "Li Na Mg Ca Ti Fe Al Si N O S F Cl";
        DesignSpace {
            element_count: [2, 4],
            atoms: [2, 14],
            ..DesignSpace::new(symbols.split(' ').map(|s| s.parse().unwrap()))
        }
    }

    #[test]
    fn formulas_are_neutral_and_varied() {
        let space = space();
        let chemistry = Chemistry::new(&space);
        let mut formulas = std::collections::BTreeSet::new();
        let mut drawn = 0;
        for number in 0..2000 {
            let Some(formula) = chemistry.random_formula(&space, &mut stream(3, number)) else { continue };
            drawn += 1;
            let composition: Composition = formula.iter().map(|&(e, n)| (e, n as f64)).collect();
            assert_eq!(space.check_composition(&composition), Ok(()));
            formulas.insert(composition.reduced_formula());
        }
        assert!(drawn > 500 && formulas.len() > 300, "{drawn} drawn, {} different", formulas.len());
    }

    #[test]
    fn similar_elements_replace_each_other() {
        let space = space();
        let chemistry = Chemistry::new(&space);
        let (na, li, cl): (Element, Element, Element) =
            ("Na".parse().unwrap(), "Li".parse().unwrap(), "Cl".parse().unwrap());
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..1000 {
            let element = chemistry.replacement(&space, na, &mut stream(1, number)).unwrap();
            *counts.entry(element).or_insert(0) += 1;
        }
        assert_eq!(counts.get(&na), None);
        assert!(counts[&li] > 10 * counts.get(&cl).copied().unwrap_or(0));
    }
}
