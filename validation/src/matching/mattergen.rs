//! Decisions of the disordered structure matcher of MatterGen's evaluation code (as of 2026, commit
//! ac9ddd4; C. Zeni et al., Nature 639, 624-632 (2025)), computed by our own code.
//!
//! Two ordered crystals of one formula that do not match are compared once more after the elements of
//! the first that may replace each other were mixed; a site then stands for another when the elements
//! of one are among the elements of the other. The rule is one-sided, so the verdict may change when
//! the crystals are swapped, and the ratio of elements that mix must agree.

use std::borrow::Cow;

use druse_datasets::elements;
use druse_representations::{Element, Occupant};

use super::kernel::{Allowed, Search, any_within};
use super::pattern::{Cell, Pattern, Species};
use super::pymatgen::{Pymatgen, both, comparison, same_composition, supercell};
use super::{Comparison, Matcher, Scope};

/// Largest difference of the atomic radii of elements that mix, relative to their mean.
const RADIUS_LIMIT: f64 = 0.3;
/// Largest difference of the electronegativities of elements that mix.
const ELECTRONEGATIVITY_LIMIT: f64 = 1.0;
/// Shares of an element in two disordered crystals may differ by this much ...
const SHARE_TOLERANCE: f64 = 0.01;
/// ... and this times their mean.
const RELATIVE_SHARE_TOLERANCE: f64 = 0.1;

/// Electronegativities where the revision of Pauling's scale that the reproduced code uses (A. L.
/// Allred, J. Inorg. Nucl. Chem. 17, 215-221 (1961), and later additions, as in pymatgen) differs from
/// the one in our table of elements.
const REVISED_ELECTRONEGATIVITY: [(&str, f64); 16] = [
    ("Tc", 1.9),
    ("Pm", 1.13),
    ("Tb", 1.1),
    ("Lu", 1.27),
    ("W", 2.36),
    ("Pt", 2.28),
    ("Au", 2.54),
    ("Hg", 2.0),
    ("Tl", 1.62),
    ("Pb", 2.33),
    ("Bi", 2.02),
    ("Rn", 2.2),
    ("U", 1.38),
    ("Np", 1.36),
    ("Pu", 1.28),
    ("Lr", 1.3),
];

/// Whether two elements may share sites by the modified rule of Hume-Rothery that MatterGen uses; no
/// element of unknown radius (Slater 1964) or electronegativity mixes.
pub fn may_mix(first: Element, second: Element) -> bool {
    let near = || {
        let (r, s) = (elements::atomic_radius(first)?, elements::atomic_radius(second)?);
        let (x, y) = (electronegativity(first)?, electronegativity(second)?);
        let radii = (r - s).abs() / ((r + s) / 2.0) <= RADIUS_LIMIT;
        Some(radii && (x - y).abs() <= ELECTRONEGATIVITY_LIMIT)
    };
    near().unwrap_or(false)
}

/// Whether the electronegativities of two elements allow them to share sites, whatever their radii.
pub(super) fn are_of_like_charge(first: Element, second: Element) -> bool {
    let values = electronegativity(first).zip(electronegativity(second));
    values.is_some_and(|(x, y)| (x - y).abs() <= ELECTRONEGATIVITY_LIMIT)
}

fn electronegativity(element: Element) -> Option<f64> {
    let revised = REVISED_ELECTRONEGATIVITY.iter().find(|(symbol, _)| *symbol == element.symbol());
    revised.map(|(_, value)| *value).or_else(|| elements::electronegativity(element))
}

/// The matcher `mattergen-disordered`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MatterGen {
    ordered: Pymatgen,
}

impl MatterGen {
    /// Compares with the settings of `ordered`; the second comparison takes its tolerances, primitive
    /// cells and scaling, and repeats cells and leaves sites out.
    pub fn new(ordered: Pymatgen) -> Self {
        Self { ordered }
    }

    /// The first crystal as it is compared by elements that mix, once the ordered comparison did not
    /// succeed; `None` when the two differ in any case.
    fn loosened<'a>(&self, first: &'a Pattern, second: &Pattern) -> Option<Cow<'a, Pattern>> {
        if are_ordered(first, second) {
            return if same_composition(first, second) { mixed(first).map(Cow::Owned) } else { None };
        }
        shares_agree(first, second).then_some(Cow::Borrowed(first))
    }

    fn search(&self, first: &Cell, second: &Cell) -> Search {
        let options = self.ordered.options();
        Search {
            supercell: supercell(first, second),
            scale: options.scale,
            subset: true,
            ..Search::new(options.tolerances)
        }
    }
}

impl Matcher for MatterGen {
    fn name(&self) -> &'static str {
        "mattergen-disordered"
    }

    fn protocol(&self) -> String {
        let options = self.ordered.options();
        let t = &options.tolerances;
        format!(
            "mattergen-disordered (as MatterGen ac9ddd4 DisorderedStructureMatcher.fit): ltol {}, stol {}, \
             angle_tol {}, primitive_cell {}, scale {}, relative_radius_difference_threshold {RADIUS_LIMIT}, \
             electronegativity_difference_threshold {ELECTRONEGATIVITY_LIMIT}, \
             reduced_formula_atol {SHARE_TOLERANCE}, reduced_formula_rtol {RELATIVE_SHARE_TOLERANCE}",
            t.length, t.site, t.angle, options.primitive, options.scale
        )
    }

    fn scope(&self) -> Scope {
        Scope::ChemicalSystem
    }

    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        let ordered = are_ordered(first, second).then(|| self.ordered.compare(first, second));
        if let Some(found) = ordered.as_ref().filter(|found| found.same) {
            return found.clone();
        }
        let Some(loosened) = self.loosened(first, second) else {
            return ordered.unwrap_or_else(|| self.ordered.compare(first, second));
        };
        let (x, y) = (self.ordered.cell(&loosened), self.ordered.cell(second));
        let (within, best) = both(x, y, &overlapping(&loosened, second), &self.search(x, y));
        comparison(within, best, x, y)
    }

    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        if are_ordered(first, second) && self.ordered.fit(first, second) {
            return true;
        }
        self.loosened(first, second).is_some_and(|loosened| {
            let (x, y) = (self.ordered.cell(&loosened), self.ordered.cell(second));
            let limit = self.ordered.options().tolerances.site;
            any_within(x, y, &overlapping(&loosened, second), &self.search(x, y), limit)
        })
    }

    fn is_symmetric(&self) -> bool {
        false
    }
}

fn are_ordered(first: &Pattern, second: &Pattern) -> bool {
    first.is_ordered() && second.is_ordered()
}

/// The crystal with elements that may replace each other spread evenly over their sites; `None` when
/// there are none.
fn mixed(pattern: &Pattern) -> Option<Pattern> {
    let shares = pattern.fractions();
    let groups = groups(&shares);
    if groups.iter().all(|group| group.len() == 1) {
        return None;
    }
    let spread = |species: &Species| -> Species {
        let group = groups.iter().find(|group| species.iter().any(|o| group.contains(&o.element)));
        let of_group = |share: &&(Element, f64)| group.is_some_and(|group| group.contains(&share.0));
        let total: f64 = shares.iter().filter(of_group).map(|(_, share)| share).sum();
        shares
            .iter()
            .filter(of_group)
            .map(|&(element, share)| Occupant { element, occupancy: share / total })
            .collect()
    };
    pattern.with_species(spread).ok()
}

/// Elements that mix, directly or through others (single linkage).
fn groups(shares: &[(Element, f64)]) -> Vec<Vec<Element>> {
    let mut groups: Vec<Vec<Element>> = Vec::new();
    for &(element, _) in shares {
        let (linked, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(|&other| may_mix(element, other)));
        groups = apart;
        groups.push(linked.into_iter().flatten().chain([element]).collect());
    }
    groups
}

/// Sites stand for each other when the elements of one are among those of the other.
fn overlapping(first: &Pattern, second: &Pattern) -> Allowed {
    let among = |x: &Species, y: &Species| x.iter().all(|o| y.iter().any(|other| other.element == o.element));
    Allowed::new(first.species.len(), second.species.len(), |x, y| {
        let (x, y) = (&first.species[x], &second.species[y]);
        among(x, y) || among(y, x)
    })
}

/// Whether the shares of all elements agree within the tolerances.
fn shares_agree(first: &Pattern, second: &Pattern) -> bool {
    let (x, y) = (first.fractions(), second.fractions());
    let share =
        |of: &[(Element, f64)], element| of.iter().find(|(e, _)| *e == element).map_or(0.0, |(_, s)| *s);
    x.iter().chain(&y).all(|&(element, _)| {
        let (a, b) = (share(&x, element), share(&y, element));
        (a - b).abs() <= SHARE_TOLERANCE + RELATIVE_SHARE_TOLERANCE * (a + b) / 2.0
    })
}
