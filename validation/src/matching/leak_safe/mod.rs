//! The matcher `leak-safe`: graded, symmetric, and not fooled by the cell a crystal is written in.
//!
//! Two crystals are the same when the sites of one, strained and scaled, can be laid on those of the
//! other such that rms displacement (in units of (V/N)^(1/3)) and principal strain together stay
//! within the limits: (rms / [`Limits::rms`])^2 + (strain / [`Limits::strain`])^2 <= 1, and no site
//! moves by more than [`Limits::largest`] or [`Limits::outlier`] times the rms. The rms decides
//! because it averages over noise, where the largest displacement grows with the number of sites;
//! the bound on single sites tells noise from an exchange of two neighbours.
//!
//! Pairs of cells are tried until one fits: both reduced; both (or either) as given; both folded
//! along pseudo-translations, whatever noise they carry. Where one cell holds a whole-numbered
//! multiple of the other (up to [`MOST_COPIES`], or [`MOST_SITES`] sites), all supercells of the smaller
//! are searched. What folding averages away counts as displacement, so distances do not depend on
//! where a tolerance of the reduction happened to flip.
//!
//! The mapping refers to the pair of cells that fitted: in general the reduced ones, else those as
//! given or folded. Its distances are those between the sites of these cells.
//!
//! The limits were chosen on the development half of the labelled pairs (Materials Project, carbon
//! and perovskite sets with noise, strain, supercells and substitutions).

pub(in crate::matching) mod fold;
pub(in crate::matching) mod labels;
pub(in crate::matching) mod lattices;
pub(in crate::matching) mod motif;
pub(in crate::matching) mod overlay;

use std::cmp::Ordering;

use super::comparison::{Comparison, Mapping};
use super::pattern::compare_species;
use super::{Cell, Matcher, Pattern, Scope};
use fold::{Folded, fold};
use labels::{alike, common_labels};
use motif::Motif;
use overlay::{Lost, Overlays, Reach, overlays};

pub use overlay::Limits;

/// Ratio of cells up to which supercells are always searched.
pub const MOST_COPIES: usize = 8;

/// Sites up to which larger ratios are searched, too.
pub const MOST_SITES: usize = 200;

/// Folding of this size (rms, units of (V/N)^(1/3)) is that of a crystal without noise: its cells
/// before and after folding tell the same.
const CLEAN: f64 = 0.02;

/// Decides by rms displacement and strain, in any cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeakSafe {
    limits: Limits,
}

impl LeakSafe {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    fn laid(&self, first: &Pattern, second: &Pattern, graded: bool) -> Comparison {
        let labels = common_labels(&first.species, &second.species, alike);
        let laid = lay((first, &labels.0), (second, &labels.1), &self.limits, graded);
        laid.map_or_else(Comparison::default, |laid| laid.comparison)
    }
}

impl Matcher for LeakSafe {
    fn name(&self) -> &'static str {
        "leak-safe"
    }

    fn protocol(&self) -> String {
        format!("leak-safe v1 {} copies<={MOST_COPIES} or sites<={MOST_SITES}", self.limits)
    }

    fn scope(&self) -> Scope {
        Scope::Composition
    }

    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        in_order(first, second, |first, second| self.laid(first, second, true))
    }

    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        in_order(first, second, |first, second| self.laid(first, second, false)).same
    }

    fn is_symmetric(&self) -> bool {
        true
    }
}

/// What was found about two labelled crystals.
pub(in crate::matching) struct Laid {
    pub(in crate::matching) comparison: Comparison,
    /// The cells that the mapping is about.
    pub(in crate::matching) cells: (Which, Which),
    /// The limits for crystals of this density.
    pub(in crate::matching) limits: Limits,
    /// Rms and strain in units of the limits.
    pub(in crate::matching) deviation: f64,
}

/// A cell of a crystal with who sits on its sites.
pub(in crate::matching) struct Contents {
    pub(in crate::matching) cell: Cell,
    /// For each site the species of the sites that were averaged to it.
    pub(in crate::matching) kinds: Vec<Vec<u16>>,
}

/// A crystal whose species carry labels; alike are sites of equal label.
pub(in crate::matching) type Labelled<'a> = (&'a Pattern, &'a [u16]);

/// Lays two crystals on one another. The caller sees to it that their order is [fixed](in_order);
/// nothing when no mapping was found. Only when `graded`, mappings beyond the limits are looked for.
pub(in crate::matching) fn lay(
    first: Labelled<'_>,
    second: Labelled<'_>,
    limits: &Limits,
    graded: bool,
) -> Option<Laid> {
    if !same_content(first, second) {
        return None;
    }
    let (first, second) = (Side::new(first), Side::new(second));
    let limits = limits.at((first.reduced.unit * second.reduced.unit).sqrt());
    let mut trials = Trials { first, second, limits, best: None };
    trials.search(graded);
    trials.laid()
}

/// Who sits where in one of the cells of a crystal.
pub(in crate::matching) fn contents(crystal: Labelled<'_>, which: Which, limits: &Limits) -> Contents {
    let pattern = crystal.0;
    let single = |cell: &Cell| Contents {
        cell: cell.clone(),
        kinds: cell.kinds.iter().map(|&kind| vec![kind]).collect(),
    };
    match which {
        Which::Reduced => single(pattern.reduced()),
        Which::Given => single(&pattern.given),
        Which::Folded => {
            let folded = Side::new(crystal).fold(limits);
            let mut kinds = vec![Vec::new(); folded.cell.kinds.len()];
            for (&site, &kind) in folded.sites.iter().zip(&pattern.given.kinds) {
                kinds[site].push(kind);
            }
            Contents { cell: folded.cell, kinds }
        }
    }
}

/// Compares in one fixed order, so that the answer cannot depend on the order of the arguments.
pub(in crate::matching) fn in_order(
    first: &Pattern,
    second: &Pattern,
    compare: impl Fn(&Pattern, &Pattern) -> Comparison,
) -> Comparison {
    if order(first, second).is_gt() { compare(second, first).swapped() } else { compare(first, second) }
}

/// A fixed order of patterns.
fn order(x: &Pattern, y: &Pattern) -> Ordering {
    let lists = |p: &Pattern| (p.given.kinds.len(), p.species.len());
    let species = x.species.iter().zip(&y.species).map(|(x, y)| compare_species(x, y));
    let numbers = |p: &Pattern| -> Vec<f64> {
        let frac = p.given.frac.iter().flat_map(|x| [x[0], x[1], x[2]]);
        p.given.lattice.matrix().iter().copied().chain(frac).collect()
    };
    lists(x)
        .cmp(&lists(y))
        .then_with(|| species.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        .then_with(|| x.given.kinds.cmp(&y.given.kinds))
        .then_with(|| {
            let (x, y) = (numbers(x), numbers(y));
            x.iter()
                .zip(&y)
                .map(|(x, y)| x.total_cmp(y))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
}

/// One crystal with its cells, smaller ones made when they are needed.
struct Side<'a> {
    pattern: &'a Pattern,
    labels: &'a [u16],
    reduced: Motif,
    /// What `reduced` has lost.
    lost: Lost,
}

impl<'a> Side<'a> {
    fn new((pattern, labels): Labelled<'a>) -> Self {
        let reduced = Motif::of(pattern.reduced(), labels);
        let lost = pattern
            .primitive
            .as_ref()
            .map_or(Lost::default(), |small| lost_by_folding(&pattern.given, small, labels));
        Self { pattern, labels, reduced, lost }
    }

    fn reduced(&self) -> Chosen {
        Chosen { motif: self.reduced.clone(), which: Which::Reduced, lost: self.lost }
    }

    /// The cell as given, unless the reduced one tells the same: it is the same, or it was folded
    /// without loss.
    fn given(&self) -> Option<Chosen> {
        let tells_more = self.pattern.primitive.is_some() && self.lost.square > CLEAN * CLEAN;
        let given = || Motif::of(&self.pattern.given, self.labels);
        tells_more.then(|| Chosen { motif: given(), which: Which::Given, lost: Lost::default() })
    }

    /// The cell folded over noise, as far as the limits allow.
    fn fold(&self, limits: &Limits) -> Folded {
        let unit = self.reduced.unit;
        fold(&self.pattern.given, self.labels, limits.rms * unit, limits.largest * unit)
    }

    /// The folded cell, when it is smaller than the reduced one.
    fn folded(&self, limits: &Limits) -> Option<Chosen> {
        let unit = self.reduced.unit;
        let folded = self.fold(limits);
        (folded.cell.kinds.len() < self.reduced.len()).then(|| {
            let lost = Lost { square: folded.square / (unit * unit), largest: folded.largest / unit };
            Chosen { motif: Motif::of(&folded.cell, self.labels), which: Which::Folded, lost }
        })
    }
}

/// One of the cells of a crystal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::matching) enum Which {
    Reduced,
    Given,
    Folded,
}

/// Displacements of the sites of a cell from those of the smaller cell it was folded into.
fn lost_by_folding(given: &Cell, small: &Cell, labels: &[u16]) -> Lost {
    let (mut sum, mut largest) = (0.0, 0.0_f64);
    let Some(back) = small.lattice.matrix().try_inverse() else { return Lost::default() };
    let turn = (given.lattice.matrix() * back).transpose();
    for (kind, frac) in given.kinds.iter().zip(&given.frac) {
        let label = labels[usize::from(*kind)];
        let place = turn * frac;
        let squared = |at: usize| {
            let way = place - small.frac[at];
            small.lattice.to_cartesian(&(way - way.map(f64::round))).norm_squared()
        };
        let partners = (0..small.kinds.len()).filter(|&at| labels[usize::from(small.kinds[at])] == label);
        let least = partners.map(squared).fold(f64::INFINITY, f64::min);
        sum += least;
        largest = largest.max(least);
    }
    let n = given.kinds.len() as f64;
    let unit = (given.lattice.volume() / n).cbrt();
    Lost { square: sum / n / (unit * unit), largest: largest.sqrt() / unit }
}

/// A cell that takes part in a trial.
struct Chosen {
    motif: Motif,
    which: Which,
    lost: Lost,
}

/// Which cells of two crystals are laid on one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trial {
    Reduced,
    Given,
    FirstGiven,
    SecondGiven,
    Folded,
}

/// In this order, until one fits.
const TRIALS: [Trial; 5] =
    [Trial::Reduced, Trial::Given, Trial::FirstGiven, Trial::SecondGiven, Trial::Folded];

/// The pairs of cells of two crystals.
struct Trials<'a> {
    first: Side<'a>,
    second: Side<'a>,
    limits: Limits,
    best: Option<Found>,
}

/// The best overlay of one pair of cells.
struct Found {
    overlays: Overlays,
    /// Whether the first crystal's cell is the larger one.
    first_is_larger: bool,
    /// Whether they fit within the limits.
    accepted: bool,
    cells: (Which, Which),
    origin: (Vec<usize>, Vec<usize>),
}

impl Trials<'_> {
    fn laid(self) -> Option<Laid> {
        let ratio = (self.second.reduced.unit / self.first.reduced.unit).powi(3);
        let found = self.best?;
        let mirror = found.overlays.mirror_image_only();
        let best = found.overlays.into_best()?;
        let pairs = best.partners.iter().enumerate().map(|(larger, &smaller)| {
            if found.first_is_larger {
                (found.origin.0[larger], found.origin.1[smaller])
            } else {
                (found.origin.0[smaller], found.origin.1[larger])
            }
        });
        let shift = if found.first_is_larger { -best.shift } else { best.shift };
        let comparison = Comparison {
            same: found.accepted,
            rms: Some(best.rms),
            max_dist: Some(best.largest),
            volume_ratio: Some(ratio),
            strain: Some(best.map.strain),
            mirror_image_only: Some(mirror),
            mapping: Some(Mapping {
                lattice: best.map.matrix,
                of_first: !found.first_is_larger,
                sites: pairs.collect(),
                distances: best.distances,
                translation: shift.into(),
            }),
            ..Comparison::default()
        };
        Some(Laid { comparison, cells: found.cells, limits: self.limits, deviation: best.deviation })
    }

    /// Looks for an overlay within the limits; `graded` also for the nearest one beyond.
    fn search(&mut self, graded: bool) {
        for trial in TRIALS {
            let Some((x, y)) = self.cells(trial) else { continue };
            if self.try_cells(&x, &y, Reach::Limits) {
                return;
            }
        }
        if !graded {
            return;
        }
        for trial in TRIALS {
            if self.best.is_some() {
                return;
            }
            if let Some((x, y)) = self.cells(trial) {
                self.try_cells(&x, &y, Reach::Loose);
            }
        }
    }

    /// The cells of one trial, unless they tell nothing new.
    fn cells(&self, trial: Trial) -> Option<(Chosen, Chosen)> {
        let (first, second) = (&self.first, &self.second);
        match trial {
            Trial::Reduced => Some((first.reduced(), second.reduced())),
            Trial::Given => Some((first.given()?, second.given()?)),
            Trial::FirstGiven => Some((first.given()?, second.reduced())),
            Trial::SecondGiven => Some((first.reduced(), second.given()?)),
            Trial::Folded => match (first.folded(&self.limits), second.folded(&self.limits)) {
                (None, None) => None,
                (x, y) => Some((x.unwrap_or_else(|| first.reduced()), y.unwrap_or_else(|| second.reduced()))),
            },
        }
    }

    /// Lays two cells on one another; whether they fit. What was found before stands unless this is
    /// better.
    fn try_cells(&mut self, x: &Chosen, y: &Chosen, reach: Reach) -> bool {
        let (first, second) = (&x.motif, &y.motif);
        let first_is_larger = first.len() > second.len();
        let (smaller, larger) = if first_is_larger { (second, first) } else { (first, second) };
        let Some(ratio) = larger.ratio_to(smaller) else { return false };
        if ratio > MOST_COPIES && larger.len() > MOST_SITES {
            return false;
        }
        let overlays = overlays(smaller, larger, ratio, &self.limits, x.lost + y.lost, reach);
        let Some(best) = overlays.best() else { return false };
        let accepted = best.accepted && reach == Reach::Limits;
        let is_better = self
            .best
            .as_ref()
            .and_then(|found| found.overlays.best())
            .is_none_or(|known| (!best.accepted, best.deviation) < (!known.accepted, known.deviation));
        if is_better {
            let origin = (first.origin.clone(), second.origin.clone());
            self.best =
                Some(Found { overlays, first_is_larger, accepted, cells: (x.which, y.which), origin });
        }
        accepted
    }
}

/// Whether both hold the same labels in the same proportions.
fn same_content(first: Labelled<'_>, second: Labelled<'_>) -> bool {
    let counts = |(pattern, labels): Labelled<'_>| {
        let mut counts: Vec<(u16, usize)> = Vec::new();
        for label in pattern.given.kinds.iter().map(|&kind| labels[usize::from(kind)]) {
            match counts.iter_mut().find(|(known, _)| *known == label) {
                Some((_, count)) => *count += 1,
                None => counts.push((label, 1)),
            }
        }
        counts.sort_unstable();
        counts
    };
    let (x, y) = (counts(first), counts(second));
    let (n, m) = (first.0.given.len(), second.0.given.len());
    x.len() == y.len() && x.iter().zip(&y).all(|(x, y)| x.0 == y.0 && x.1 * m == y.1 * n)
}

impl Comparison {
    /// The comparison with the roles of the crystals exchanged.
    pub(in crate::matching) fn swapped(mut self) -> Self {
        self.volume_ratio = self.volume_ratio.map(|ratio| 1.0 / ratio);
        self.elements.iter_mut().for_each(|pair| *pair = (pair.1, pair.0));
        if let Some(mapping) = &mut self.mapping {
            mapping.of_first = !mapping.of_first;
            mapping.sites.iter_mut().for_each(|pair| *pair = (pair.1, pair.0));
            mapping.translation.iter_mut().for_each(|x| *x = -*x);
        }
        if let Some(family) = &mut self.family {
            family.sublattices.iter_mut().for_each(|s| std::mem::swap(&mut s.first, &mut s.second));
        }
        self
    }
}
