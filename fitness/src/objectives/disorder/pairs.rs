//! Pairs of elements that could share a site, and what tells whether they do.

use druse_datasets::elements::charge::is_metal;
use druse_datasets::elements::{
    covalent_radius, electronegativity, ionic_radius, oxidation_states, similarity_order,
};
use druse_representations::{Composition, Element};

/// Number of features of a pair.
pub const FEATURES: usize = 4;

/// Names of the features, in order.
pub const FEATURE_NAMES: [&str; FEATURES] =
    ["radius difference", "charge difference", "electronegativity difference", "substitution score"];

/// Charge per atom (e) that may be left over: every element has one charge here (magnetite keeps 0.14), and
/// refined occupancies are not exact.
const LARGEST_REMAINDER: f64 = 0.25;
/// Assignments of charges that are tried at most.
const MOST_ASSIGNMENTS: usize = 200_000;
/// Electronegativity where the table has none: the lanthanoids among them lie between neighbours of 1.1 to
/// 1.3.
const UNKNOWN_ELECTRONEGATIVITY: f64 = 1.2;
/// Places on the modified Pettifor scale over which substitution becomes e times rarer, as in the
/// generators that replace elements.
const SIMILARITY_LENGTH: f64 = 10.0;

/// Two elements of a crystal with charges of one sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The elements, the one of smaller atomic number first.
    pub elements: [Element; 2],
    /// Differences as [`FEATURE_NAMES`] says: of Shannon's radii in sixfold coordination (Å; of covalent radii where
    /// one is unknown), of charges (e), of electronegativities (Pauling), `exp(-d / 10)` of the distance
    /// on the modified Pettifor scale, and 1 for anions, 0 for cations.
    pub features: [f64; FEATURES],
}

/// Why a composition has no pairs to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoPairs {
    /// Metals alone have no charges, and the model has not seen alloys.
    #[error("metals alone: the model has not seen alloys")]
    Metals,
    /// No charges that add up to about zero were found.
    #[error("no oxidation states found that add up to about zero")]
    Charged,
    /// A table is silent about an element.
    #[error("the tables of radii or of similarity have no value for {0}")]
    Unknown(Element),
}

/// All pairs of elements of one sign of charge, by atomic number.
///
/// Every element has one charge: of all assignments in which no nonmetal is an anion of a more electronegative cation, the one
/// whose sum is nearest to zero, of common oxidation states, or of any where these leave more than 0.25 e per atom.
/// Amounts need not be whole, so that disordered crystals and their orderings are told in the same way.
///
/// # Errors
/// For metals alone, when charges do not balance, and for elements beyond the tables.
pub fn like_pairs(composition: &Composition) -> Result<Vec<Pair>, NoPairs> {
    let elements: Vec<(Element, f64)> = composition.iter().filter(|&(_, amount)| amount > 0.0).collect();
    if elements.len() < 2 {
        return Ok(Vec::new());
    }
    if elements.iter().all(|&(element, _)| is_metal(element)) {
        return Err(NoPairs::Metals);
    }
    let charges = charges(&elements).ok_or(NoPairs::Charged)?;
    let mut pairs = Vec::new();
    for (index, &(first, p)) in charges.iter().enumerate() {
        for &(second, q) in &charges[index + 1..] {
            if (p < 0) == (q < 0) {
                pairs.push(pair([first, second], [p, q])?);
            }
        }
    }
    Ok(pairs)
}

fn pair(elements: [Element; 2], charges: [i8; 2]) -> Result<Pair, NoPairs> {
    let difference = |values: [Option<f64>; 2]| Some((values[0]? - values[1]?).abs());
    let ionic = [0, 1].map(|k| ionic_radius(elements[k], charges[k], 6));
    let radii = difference(ionic).or_else(|| difference(elements.map(covalent_radius)));
    let places = difference(elements.map(|element| similarity_order(element).map(f64::from)));
    let unknown = || {
        let silent =
            elements.into_iter().find(|&e| covalent_radius(e).is_none() || similarity_order(e).is_none());
        NoPairs::Unknown(silent.unwrap_or(elements[0]))
    };
    let electronegativities = elements.map(pauling);
    Ok(Pair {
        elements,
        features: [
            radii.ok_or_else(unknown)?,
            f64::from((charges[0] - charges[1]).abs()),
            (electronegativities[0] - electronegativities[1]).abs(),
            (-places.ok_or_else(unknown)? / SIMILARITY_LENGTH).exp(),
        ],
    })
}

fn pauling(element: Element) -> f64 {
    electronegativity(element).unwrap_or(UNKNOWN_ELECTRONEGATIVITY)
}

/// A charge of every element, by atomic number.
fn charges(elements: &[(Element, f64)]) -> Option<Vec<(Element, i8)>> {
    let atoms: f64 = elements.iter().map(|(_, amount)| amount).sum();
    let mut rising: Vec<(Element, f64)> = elements.iter().map(|&(e, amount)| (e, amount / atoms)).collect();
    rising.sort_by(|x, y| {
        let by_value = pauling(x.0).total_cmp(&pauling(y.0));
        (!is_metal(x.0)).cmp(&!is_metal(y.0)).then(by_value).then(x.0.cmp(&y.0))
    });
    let found = nearest_to_neutral(&rising, |element| oxidation_states(element).common())
        .or_else(|| nearest_to_neutral(&rising, |element| oxidation_states(element).all()))?;
    let mut charges: Vec<(Element, i8)> = rising.iter().map(|&(element, _)| element).zip(found).collect();
    charges.sort_unstable();
    Some(charges)
}

/// The states with the sum nearest to zero, of several the first ones, unless too much is left over. Metals come
/// first, then nonmetals with rising electronegativity: behind the first anion all are anions.
fn nearest_to_neutral(
    rising: &[(Element, f64)],
    states: impl Fn(Element) -> &'static [i8],
) -> Option<Vec<i8>> {
    let mut partial: Vec<(f64, Vec<i8>)> = vec![(0.0, Vec::new())];
    for &(element, share) in rising {
        let mut longer = Vec::new();
        for (sum, chosen) in &partial {
            let behind_anion = chosen.last().is_some_and(|&charge| charge < 0);
            for &state in states(element).iter().filter(|&&state| state < 0 || !behind_anion) {
                longer.push((sum + share * f64::from(state), [&chosen[..], &[state]].concat()));
            }
        }
        if longer.len() > MOST_ASSIGNMENTS {
            return None;
        }
        partial = longer;
    }
    let mut best: Option<(f64, Vec<i8>)> = None;
    for (sum, chosen) in partial {
        // Rounding does not decide between equal ones.
        if best.as_ref().is_none_or(|(smallest, _)| sum.abs() < smallest - 1e-9) {
            best = Some((sum.abs(), chosen));
        }
    }
    best.filter(|(remainder, _)| *remainder <= LARGEST_REMAINDER).map(|(_, chosen)| chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charges_of(formula: &str) -> String {
        let composition: Composition = formula.parse().unwrap();
        let elements: Vec<(Element, f64)> = composition.iter().collect();
        let charges = charges(&elements).unwrap_or_default();
        charges.iter().map(|(element, charge)| format!("{element}{charge:+}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn charges_are_those_of_textbooks() {
        assert_eq!(charges_of("LiTi2P3O12"), "Li+1 O-2 P+5 Ti+4");
        assert_eq!(charges_of("Li6PS5Cl"), "Li+1 P+5 S-2 Cl-1");
        assert_eq!(charges_of("TaCr2O6"), "O-2 Cr+3 Ta+5"); // 0.11 e per atom are left
        assert_eq!(charges_of("Fe3O4"), "O-2 Fe+3"); // one charge for each element
        assert_eq!(charges_of("MoTe2"), "Mo+4 Te-2"); // Mo is the more electronegative one
        assert_eq!(charges_of("Li1.3Al0.3Ti1.7P3O12"), "Li+1 O-2 Al+3 P+5 Ti+4");
        assert_eq!(charges_of("NaCl9"), "");
    }

    #[test]
    fn features_are_differences_of_the_tables() {
        // Shannon 1976: Ti4+ 0.605, Zr4+ 0.72 Å; Pauling 1.54, 1.33 (CRC).
        let pairs = like_pairs(&"Pb2TiZrO6".parse().unwrap()).unwrap();
        let pair = pairs.iter().find(|p| p.elements.map(|e| e.symbol()) == ["Ti", "Zr"]).unwrap();
        let [radius, charge, electronegativity, substitution] = pair.features;
        assert!((radius - 0.115).abs() < 1e-9 && charge == 0.0, "{pair:?}");
        assert!((electronegativity - 0.21).abs() < 1e-9, "{pair:?}");
        assert!((0.0..=1.0).contains(&substitution), "{pair:?}");
        assert_eq!(pairs.len(), 3); // O is alone
    }

    #[test]
    fn what_has_no_pairs_says_why() {
        assert_eq!(like_pairs(&"NaCl".parse().unwrap()), Ok(Vec::new()));
        assert_eq!(like_pairs(&"Si".parse().unwrap()), Ok(Vec::new()));
        assert_eq!(like_pairs(&"Cu3Au".parse().unwrap()), Err(NoPairs::Metals));
        assert_eq!(like_pairs(&"NaCl9".parse().unwrap()), Err(NoPairs::Charged));
    }
}
