//! The verdict on one structure against one kind of sets.

use druse_representations::{Crystal, Element};
use rayon::prelude::*;

use super::Matchers;
use super::known::{Candidate, Known};
use super::thresholds::{
    EXACT_BY_INVARIANTS, ORDERING_GAP, SAME_BY_INVARIANTS, TYPE_BY_INVARIANTS, by_invariants, by_mapping,
    invariants_protocol,
};
use super::verdict::Verdict;
use super::words::{Case, Relative, words};
use crate::fingerprint::Pdd;
use crate::index::{Hit, Index};
use crate::matching::{Comparison, Matcher, Scope};

/// Known structures of the same anonymous formula, nearest first, whose structure type is compared.
const TYPES_TRIED: usize = 8;
/// Known crystals of the same elements, nearest first without regard to elements, that are looked at as
/// variants of one solid solution.
const VARIANTS_TRIED: usize = 16;
/// Of these so many are compared before it is asked whether one suffices.
const VARIANTS_AT_ONCE: usize = 4;
/// Variants are nearer than this by the same measure: of 289 pairs that the matcher joins (1,000
/// structures by DiffCSP, 99,209 of the Materials Project) the farthest were 0.19 apart.
const VARIANT_WITHIN: f32 = 0.25;
/// Known structures, nearest by invariants first, whose distance distributions are compared to find the
/// nearest.
const DISTANCES_TRIED: usize = 8;

/// What was found in one kind of sets.
pub(super) struct Finding {
    pub verdict: Verdict,
    /// The known structure that the verdict rests on, or the nearest one.
    pub known: Option<Known>,
    /// What the matcher found about it.
    pub comparison: Option<Comparison>,
    /// Distance to it in units of (V/N)^(1/3).
    pub distance: Option<f64>,
    /// What gave the verdict.
    pub matcher: String,
    /// Whether coordinates were compared.
    pub exact: bool,
    /// The evidence in words.
    pub words: String,
}

/// Sets that are asked together.
pub(super) struct Search<'a> {
    pub sets: &'a [&'a Index],
    pub matchers: &'a Matchers,
    pub candidate: &'a Candidate<'a>,
}

/// A known structure and the index it is in.
#[derive(Clone, Copy)]
struct Place<'a> {
    index: &'a Index,
    hit: Hit,
}

/// A known structure and what was found about it.
struct Match {
    verdict: Verdict,
    known: Known,
    /// Distance of invariants.
    near: f32,
    comparison: Option<Comparison>,
    matcher: String,
}

impl Place<'_> {
    fn known(&self) -> Option<Known> {
        self.index.entry(self.hit.entry).map(|entry| Known::of(&entry))
    }
}

impl Search<'_> {
    /// The verdict: of all that hold the one that leaves the least novelty.
    pub fn judge(&self) -> Finding {
        let of_composition = self.near(Scope::Composition, usize::MAX);
        if let Some(found) = self.duplicate(&of_composition).or_else(|| self.variant()) {
            return self.finding(found);
        }
        let of_type = self.near(Scope::AnonymousFormula, TYPES_TRIED);
        let prototype = self.prototype(&of_type);
        if !of_composition.is_empty() {
            return self.without_match(Verdict::KnownComposition, &of_composition, prototype);
        }
        match prototype {
            Some(found) => self.finding(found),
            None if of_type.is_empty() => {
                let mut related = self.near(Scope::ChemicalSystem, DISTANCES_TRIED);
                if related.is_empty() {
                    related = self.anything();
                }
                self.without_match(Verdict::New, &related, None)
            }
            None => self.without_match(Verdict::New, &of_type, None),
        }
    }

    /// At most `most` known structures of each index, nearest first.
    fn near(&self, scope: Scope, most: usize) -> Vec<Place<'_>> {
        let mut places: Vec<Place> = Vec::new();
        for &index in self.sets {
            let hits = index.nearest_of(&self.candidate.query, scope, most);
            places.extend(hits.into_iter().map(|hit| Place { index, hit }));
        }
        // Stable: of equally near ones those of the first index come first.
        places.sort_by(|x, y| x.hit.distance.total_cmp(&y.hit.distance));
        places
    }

    /// The nearest of all known structures without regard to elements, for a structure that nothing is
    /// related to.
    fn anything(&self) -> Vec<Place<'_>> {
        let own = &self.candidate.query.invariants;
        let mut places: Vec<Place> = Vec::new();
        for &index in self.sets {
            places.extend(index.entries().map(|entry| {
                let distance = own.blind_distance(&entry.invariants());
                Place { index, hit: Hit { entry: entry.number(), distance } }
            }));
            places.sort_by(|x, y| x.hit.distance.total_cmp(&y.hit.distance));
            places.truncate(DISTANCES_TRIED);
        }
        places
    }

    /// Asks a matcher about a known structure whose coordinates are there.
    fn compare(&self, place: &Place, known: Known, matcher: &dyn Matcher) -> Option<Match> {
        let comparison = matcher.compare(&self.candidate.query.pattern, known.pattern.as_ref()?);
        comparison.same.then(|| Match {
            verdict: by_mapping(self.candidate, &known, &comparison),
            known,
            near: place.hit.distance,
            comparison: Some(comparison),
            matcher: matcher.protocol(),
        })
    }

    /// The nearest known structure that the chosen matcher calls the same.
    fn duplicate(&self, of_composition: &[Place]) -> Option<Match> {
        let matcher = self.matchers.duplicates.as_ref();
        let scope = matcher.scope();
        let wider = if scope == Scope::Composition { Vec::new() } else { self.near(scope, usize::MAX) };
        let places = if scope == Scope::Composition { of_composition } else { &wider };
        let is_same = |place: &Place| {
            let known = place.known()?;
            if known.pattern.is_some() {
                return self.compare(place, known, matcher);
            }
            let same = scope == Scope::Composition && place.hit.distance <= SAME_BY_INVARIANTS;
            let verdict = by_invariants(self.candidate, &known, place.hit.distance);
            same.then(|| self.without_coordinates(verdict, place, known))
        };
        let mut places = places.iter();
        let first = places.find_map(is_same)?;
        // Of equally near ones (invariants are rounded) the one that is most the same.
        let near = first.near + EXACT_BY_INVARIANTS;
        let tied = places.take_while(|place| place.hit.distance <= near);
        let rank = |found: &Match| {
            let rms = found.comparison.as_ref().and_then(|comparison| comparison.rms);
            (found.verdict, rms.unwrap_or(f64::INFINITY))
        };
        Some(tied.filter_map(is_same).fold(
            first,
            |best, found| {
                if rank(&found) < rank(&best) { found } else { best }
            },
        ))
    }

    /// The variant of one solid solution whose shares are nearest.
    fn variant(&self) -> Option<Match> {
        let matcher = self.matchers.disorder.as_ref();
        let mut best: Option<(f64, Match)> = None;
        let places = self.near(matcher.scope(), VARIANTS_TRIED);
        let near = places.partition_point(|place| place.hit.distance <= VARIANT_WITHIN);
        // Some pairs take a hundred times as long as others: those of one structure are shared, too.
        for places in places[..near].chunks(VARIANTS_AT_ONCE) {
            let found: Vec<Option<Match>> = places
                .par_iter()
                .map(|place| place.known().and_then(|known| self.compare(place, known, matcher)))
                .collect();
            for found in found.into_iter().flatten() {
                let family = found.comparison.as_ref().and_then(|comparison| comparison.family.as_ref());
                let gap = family.map_or(0.0, |family| family.ratio_gap);
                if best.as_ref().is_none_or(|(least, _)| gap < *least) {
                    best = Some((gap, found));
                }
            }
            if best.as_ref().is_some_and(|(gap, _)| *gap <= ORDERING_GAP) {
                break;
            }
        }
        best.map(|(_, found)| found)
    }

    /// The nearest known structure of the same type.
    fn prototype(&self, of_type: &[Place]) -> Option<Match> {
        let matcher = self.matchers.prototype.as_ref();
        of_type.iter().find_map(|place| {
            let known = place.known()?;
            if known.pattern.is_some() {
                let found = self.compare(place, known, matcher)?;
                return Some(Match { verdict: Verdict::KnownPrototype, ..found });
            }
            let same = place.hit.distance <= TYPE_BY_INVARIANTS;
            same.then(|| self.without_coordinates(Verdict::KnownPrototype, place, known))
        })
    }

    fn without_coordinates(&self, verdict: Verdict, place: &Place, known: Known) -> Match {
        let near = place.hit.distance;
        Match { verdict, known, near, comparison: None, matcher: invariants_protocol() }
    }

    fn finding(&self, found: Match) -> Finding {
        let mixing = found.comparison.as_ref().and_then(|comparison| comparison.family.as_ref());
        let mixing = mixing.map_or(&[][..], |family| &family.mixing);
        let distance = self.distance(&found.known, mixing).unwrap_or(f64::from(found.near));
        let case = Case {
            verdict: found.verdict,
            sites: [self.candidate.sites(), found.known.sites],
            comparison: found.comparison.as_ref(),
            distance: Some(distance),
            prototype: None,
            of_composition: 0,
            exact: found.comparison.is_some(),
        };
        let words = words(&case);
        Finding {
            verdict: found.verdict,
            exact: found.comparison.is_some(),
            known: Some(found.known),
            comparison: found.comparison,
            distance: Some(distance),
            matcher: found.matcher,
            words,
        }
    }

    /// No known structure matches: names the nearest of `places`.
    fn without_match(&self, verdict: Verdict, places: &[Place], prototype: Option<Match>) -> Finding {
        let mut nearest: Option<(Known, f64)> = None;
        for place in places.iter().take(DISTANCES_TRIED) {
            let Some(known) = place.known() else { continue };
            let distance = self.distance(&known, &[]).unwrap_or(f64::from(place.hit.distance));
            if nearest.as_ref().is_none_or(|(_, least)| distance < *least) {
                nearest = Some((known, distance));
            }
        }
        let exact = nearest.as_ref().is_none_or(|(known, _)| known.pattern.is_some());
        let distance = nearest.as_ref().map(|(_, distance)| *distance);
        let case = Case {
            verdict,
            sites: [self.candidate.sites(), 0],
            comparison: None,
            distance,
            prototype: prototype.as_ref().map(|found| Relative {
                id: &found.known.id,
                elements: found.comparison.as_ref().map_or(&[], |comparison| &comparison.elements),
            }),
            of_composition: places.len(),
            exact,
        };
        let words = words(&case);
        let matcher = if exact { self.matchers.duplicates.protocol() } else { invariants_protocol() };
        let known = nearest.map(|(known, _)| known);
        Finding { verdict, known, comparison: None, distance, matcher, exact, words }
    }

    /// Distance of distributions to a known structure whose coordinates are there. Elements that share
    /// sites (`mixing`) count as one, and all elements are forgotten where they differ.
    fn distance(&self, known: &Known, mixing: &[Vec<Element>]) -> Option<f64> {
        let crystal = known.crystal()?;
        if !mixing.is_empty() {
            let grouped = |crystal: &Crystal| Pdd::grouped(crystal, mixing).ok();
            return grouped(self.candidate.crystal)?.distance(&grouped(&crystal)?);
        }
        let (own, other) = (&self.candidate.pdd, Pdd::of(&crystal).ok()?);
        Some(own.distance(&other).unwrap_or_else(|| own.blind_distance(&other)))
    }
}
