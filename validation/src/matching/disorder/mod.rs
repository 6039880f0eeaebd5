//! The matcher `disorder`: ordered, disordered and solid-solution variants of one parent are one
//! family, at any ratio.
//!
//! The elements of both crystals are divided into sets in which every pair may mix: by the rule of
//! [`may_mix`](super::may_mix), or because one of the crystals shows them on one site and their
//! electronegativities differ by at most 1 (F and Cl, whose radii the rule keeps apart). Sites count as alike when their elements lie in one set, and the
//! crystals are then compared as [`LeakSafe`](super::LeakSafe) does. Of the possible divisions those
//! with the least mixing are tried first, and the best of those with equally many sets wins. A site
//! whose own elements may not mix is only like sites with the same occupants.
//!
//! Two crystals whose sites fit are of one family when
//! - of every mixing set both hold the same elements, at any ratio; or one lacks some of them (an end
//!   member), the other is disordered there, and the largest gap is at most [`END_MEMBER_GAP`]: NaCl
//!   is the end member of (Na0.7K0.3)Cl, KCl is not. Beside an ordered partner, and with all of one
//!   element replaced, it is another compound (see [`Prototype`](super::Prototype));
//! - they do not merely exchange the elements of two sublattices (a gap of more than
//!   [`EXCHANGE_LIMIT`] that is not there in the overall ratio): these are two compounds, as normal
//!   and inverse spinels are;
//! - the shares of vacancies differ by at most [`VACANCY_LIMIT`] on every sublattice.
//!
//! The largest difference of shares on any sublattice is always told ([`Family::ratio_gap`]): up to
//! [`SAME_RATIO`] the two are orderings of one phase, above members of one solid solution at
//! different ratios. Sublattices are the sites of the parent that its symmetry makes equivalent.
//! Crystals that would be a family but for the last two points, or for the gap of an end member,
//! are not the same, but the family is told.

mod groups;
mod sublattices;

use druse_representations::Element;

use super::comparison::Family;
use super::leak_safe::labels::{alike, common_labels};
use super::leak_safe::{Labelled, Laid, Limits, in_order, lay};
use super::mattergen::{are_of_like_charge, may_mix};
use super::pattern::is_ordered;
use super::{Comparison, Matcher, Pattern, Scope, Species};
use groups::{Partition, partitions};
use sublattices::{ratio_gaps, sublattices, vacancy_gap};

/// Largest gap of shares of an element that two crystals of one ratio have.
pub const SAME_RATIO: f64 = 0.02;

/// Largest gap between a solid solution and an end member that counts as of its family.
pub const END_MEMBER_GAP: f64 = 0.5;

/// Largest gap that comes from another distribution over the sublattices at equal overall ratio.
pub const EXCHANGE_LIMIT: f64 = 0.75;

/// Largest difference of the shares of vacancies on a sublattice.
pub const VACANCY_LIMIT: f64 = 0.05;

/// Elements beyond which no mixing is looked for.
const MOST_ELEMENTS: usize = 12;

/// Slack for sums of occupancies.
const GRAIN: f64 = 1e-6;

/// Decides with elements that may mix taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disorder {
    limits: Limits,
}

impl Disorder {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// The best division that makes the crystals members of one family; when there is none and
    /// `graded`, what the first one gives that can be laid on one another at all.
    fn best(&self, first: &Pattern, second: &Pattern, graded: bool) -> Comparison {
        let elements = elements_of(first, second);
        let mut divisions = match elements.len() {
            ..=MOST_ELEMENTS => {
                partitions(&elements, |x, y| may_mix(x, y) || are_seen_mixed(first, second, x, y))
            }
            _ => vec![elements.iter().map(|&element| vec![element]).collect()],
        };
        divisions.retain(|partition| sets_are_met(first, second, partition));
        let mut rejected: Option<(f64, Comparison)> = None;
        for alternatives in divisions.chunk_by(|x, y| x.len() == y.len()) {
            let mut best: Option<(f64, Comparison)> = None;
            for partition in alternatives {
                let Some((deviation, comparison)) = self.with_partition(first, second, partition, false)
                else {
                    continue;
                };
                let place = if comparison.same { &mut best } else { &mut rejected };
                if place.as_ref().is_none_or(|(known, _)| deviation < *known) {
                    *place = Some((deviation, comparison));
                }
            }
            if let Some((_, comparison)) = best {
                return comparison;
            }
        }
        if let Some((_, comparison)) = rejected {
            return comparison;
        }
        let mut near =
            divisions.iter().filter_map(|partition| self.with_partition(first, second, partition, true));
        if graded {
            near.next().map_or_else(Comparison::default, |(_, comparison)| comparison)
        } else {
            Comparison::default()
        }
    }

    /// The comparison with these sets of elements taken together.
    fn with_partition(
        &self,
        first: &Pattern,
        second: &Pattern,
        partition: &Partition,
        graded: bool,
    ) -> Option<(f64, Comparison)> {
        let set_of = |species: &Species| {
            let set = partition.iter().position(|set| set.contains(&species[0].element))?;
            species.iter().all(|occupant| partition[set].contains(&occupant.element)).then_some(set)
        };
        let linked =
            |x: &Species, y: &Species| alike(x, y) || set_of(x).zip(set_of(y)).is_some_and(|(x, y)| x == y);
        let labels = common_labels(&first.species, &second.species, linked);
        let (x, y) = ((first, labels.0.as_slice()), (second, labels.1.as_slice()));
        let laid = lay(x, y, &self.limits, graded)?;
        let deviation = laid.deviation;
        Some((deviation, self.judged(x, y, laid, partition)))
    }

    /// Adds the family to an overlay of labelled crystals, and takes the verdict back where they are
    /// none.
    fn judged(
        &self,
        first: Labelled<'_>,
        second: Labelled<'_>,
        laid: Laid,
        partition: &Partition,
    ) -> Comparison {
        let mut mixing: Vec<Vec<Element>> = partition.iter().filter(|set| set.len() > 1).cloned().collect();
        for species in first.0.species.iter().chain(&second.0.species).filter(|species| species.len() > 1) {
            let elements: Vec<Element> = species.iter().map(|occupant| occupant.element).collect();
            let is_new = |set: &Vec<Element>| elements.iter().any(|element| !set.contains(element));
            if mixing.iter().all(is_new) {
                mixing.push(elements);
            }
        }
        let is_full = |pattern: &Pattern| pattern.species.iter().all(is_ordered);
        let is_plain = mixing.is_empty() && is_full(first.0) && is_full(second.0);
        if !laid.comparison.same || is_plain {
            return laid.comparison;
        }
        let Some(sublattices) = sublattices(first, second, &laid) else {
            return laid.comparison;
        };
        let (ratio_gap, overall) = ratio_gaps(&sublattices, &mixing);
        let is_end_member = partition.iter().any(|set| held(first.0, set) != held(second.0, set));
        let same = vacancy_gap(&sublattices) <= VACANCY_LIMIT + GRAIN
            && (!is_end_member || ratio_gap <= END_MEMBER_GAP + GRAIN)
            && ratio_gap - overall <= EXCHANGE_LIMIT + GRAIN;
        let family = Family { mixing, ratio_gap, sublattices };
        Comparison { same, family: Some(family), ..laid.comparison }
    }
}

impl Matcher for Disorder {
    fn name(&self) -> &'static str {
        "disorder"
    }

    fn protocol(&self) -> String {
        format!(
            "disorder v1 {} mixing by radii and electronegativities, or as seen on one site, \
             end members<={END_MEMBER_GAP} exchange<={EXCHANGE_LIMIT} vacancies<={VACANCY_LIMIT}",
            self.limits
        )
    }

    fn scope(&self) -> Scope {
        Scope::ChemicalSystem
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

/// Whether one of the crystals has both elements on one site, and their electronegativities allow it.
fn are_seen_mixed(first: &Pattern, second: &Pattern, x: Element, y: Element) -> bool {
    let holds = |species: &Species, element| species.iter().any(|occupant| occupant.element == element);
    let mut all = first.species.iter().chain(&second.species);
    are_of_like_charge(x, y) && all.any(|species| holds(species, x) && holds(species, y))
}

/// The elements of both, ordered.
fn elements_of(first: &Pattern, second: &Pattern) -> Vec<Element> {
    let occupants = first.species.iter().chain(&second.species).flatten();
    let mut elements: Vec<Element> = occupants.map(|occupant| occupant.element).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}

/// Elements of the set that the crystal holds.
fn held(pattern: &Pattern, set: &[Element]) -> Vec<Element> {
    let holds = |element: Element| pattern.species.iter().flatten().any(|o| o.element == element);
    set.iter().copied().filter(|&element| holds(element)).collect()
}

/// Whether both crystals may be members of one family as far as their elements go: of every set they
/// hold the same, or one holds some of what the other mixes on its sites.
fn sets_are_met(first: &Pattern, second: &Pattern, partition: &Partition) -> bool {
    partition.iter().all(|set| {
        let (x, y) = (held(first, set), held(second, set));
        let lacks = |less: &[Element], more: &[Element], of_more: &Pattern| {
            let missing = more.iter().filter(|element| !less.contains(element));
            let is_mixed = |element: &Element| {
                of_more
                    .species
                    .iter()
                    .filter(|species| species.iter().any(|o| o.element == *element))
                    .all(|species| species.iter().any(|o| o.element != *element && less.contains(&o.element)))
            };
            !less.is_empty()
                && less.iter().all(|element| more.contains(element))
                && missing.into_iter().all(is_mixed)
        };
        x == y || lacks(&x, &y, second) || lacks(&y, &x, first)
    })
}
