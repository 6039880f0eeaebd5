//! The matcher `prototype`: the same structure type, whatever the elements.

use druse_datasets::elements::electronegativity;
use druse_representations::Element;

use super::leak_safe::labels::{alike, common_labels};
use super::leak_safe::{Laid, Limits, in_order, lay};
use super::{Comparison, Matcher, Pattern, Scope, Species};

/// Renamings of elements that are tried for one pair of crystals: all there are for six elements in
/// equal amounts.
pub const MOST_RENAMINGS: usize = 720;

/// Shares of elements that differ by no more are equal.
const SHARE_TOLERANCE: f64 = 1e-4;

/// A mapping this much better (in units of the limits) replaces one with likelier elements.
const BETTER: f64 = 1e-3;

/// Elements of the first crystal with those of the second that stand for them.
type Renaming = Vec<(Element, Element)>;

/// Renames the elements of one crystal in all ways that the amounts allow, and compares as
/// [`LeakSafe`](super::LeakSafe) does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prototype {
    limits: Limits,
}

impl Prototype {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// The best renaming that fits; when none does and `graded`, the likeliest one that comes near.
    fn best(&self, first: &Pattern, second: &Pattern, graded: bool) -> Comparison {
        let renamings = renamings(&first.fractions(), &second.fractions());
        let lay = |elements: &Renaming, graded| {
            let renamed: Vec<Species> =
                first.species.iter().map(|species| rename(species, elements)).collect();
            let labels = common_labels(&renamed, &second.species, alike);
            lay((first, &labels.0), (second, &labels.1), &self.limits, graded)
        };
        let answer =
            |elements: &Renaming, laid: Laid| Comparison { elements: elements.clone(), ..laid.comparison };
        let mut best: Option<(f64, Comparison)> = None;
        for elements in &renamings {
            let Some(laid) = lay(elements, false).filter(|laid| laid.comparison.same) else { continue };
            let deviation = laid.deviation;
            if best.as_ref().is_none_or(|(known, _)| deviation < known - BETTER) {
                best = Some((deviation, answer(elements, laid)));
            }
            if deviation < BETTER {
                break;
            }
        }
        let near = || renamings.iter().find_map(|elements| Some(answer(elements, lay(elements, true)?)));
        match best {
            Some((_, comparison)) => comparison,
            None if graded => near().unwrap_or_default(),
            None => Comparison::default(),
        }
    }
}

impl Matcher for Prototype {
    fn name(&self) -> &'static str {
        "prototype"
    }

    fn protocol(&self) -> String {
        format!("prototype v1 {} renamings<={MOST_RENAMINGS}", self.limits)
    }

    fn scope(&self) -> Scope {
        Scope::AnonymousFormula
    }

    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        in_order(first, second, |first, second| self.best(first, second, true))
    }

    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        in_order(first, second, |first, second| self.best(first, second, false)).same
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}

/// One-to-one mappings of the elements of the first on those of the second that keep the shares, the
/// chemically nearest (by electronegativity) first.
fn renamings(first: &[(Element, f64)], second: &[(Element, f64)]) -> Vec<Renaming> {
    if first.len() != second.len() {
        return Vec::new();
    }
    let mut found: Vec<Renaming> = vec![Vec::new()];
    for &(element, share) in first {
        let mut longer = Vec::new();
        for renaming in &found {
            for &(other, wanted) in second {
                let is_free = renaming.iter().all(|&(_, taken)| taken != other);
                if is_free && (share - wanted).abs() <= SHARE_TOLERANCE {
                    longer.push(renaming.iter().copied().chain([(element, other)]).collect());
                }
            }
        }
        longer.truncate(MOST_RENAMINGS);
        found = longer;
    }
    let unlikeness = |renaming: &Renaming| -> f64 {
        let negativity = |element: Element| electronegativity(element).unwrap_or(0.0);
        renaming.iter().map(|&(x, y)| (negativity(x) - negativity(y)).abs()).sum()
    };
    found.sort_by(|x, y| unlikeness(x).total_cmp(&unlikeness(y)).then_with(|| x.cmp(y)));
    found
}

fn rename(species: &Species, elements: &Renaming) -> Species {
    let mut renamed = species.clone();
    for occupant in &mut renamed {
        if let Some(&(_, other)) = elements.iter().find(|(element, _)| *element == occupant.element) {
            occupant.element = other;
        }
    }
    renamed.sort_by_key(|occupant| occupant.element);
    renamed
}
