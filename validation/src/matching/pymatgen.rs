//! Decisions of pymatgen's `StructureMatcher` (version 2026.10.24), the yardstick of most published
//! numbers, computed by our own code.

use std::ops::ControlFlow;

use super::kernel::{Alignment, Allowed, Search, Supercell, Tolerances, any_within, search};
use super::pattern::{AMOUNT_TOLERANCE, Cell, Pattern, same_species};
use super::{Comparison, Mapping, Matcher, Scope};

/// What the verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// `fit`: same composition, and a mapping whose largest distance is within the site tolerance.
    Fit,
    /// `get_rms_dist` finds a mapping: its root mean square distance is within the site tolerance. The
    /// composition is not looked at beyond the kinds of sites.
    Rms,
}

/// Switches of `StructureMatcher`, with its names in brackets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Tolerances of lengths (`ltol`), sites (`stol`) and angles (`angle_tol`).
    pub tolerances: Tolerances,
    /// Whether cells are folded at 0.25 Å first (`primitive_cell`).
    pub primitive: bool,
    /// Whether volumes are made equal (`scale`).
    pub scale: bool,
    /// Whether the smaller cell is repeated to the size of the larger (`attempt_supercell`).
    pub supercell: bool,
    /// Whether one crystal may hold sites that the other has not (`allow_subset`).
    pub subset: bool,
    /// What the verdict rests on.
    pub decision: Decision,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tolerances: Tolerances { length: 0.2, site: 0.3, angle: 5.0 },
            primitive: true,
            scale: true,
            supercell: false,
            subset: false,
            decision: Decision::Fit,
        }
    }
}

impl Options {
    /// The settings of the reconstruction metric of CDVAE and its successors.
    pub fn cdvae() -> Self {
        Self {
            tolerances: Tolerances { length: 0.3, site: 0.5, angle: 10.0 },
            decision: Decision::Rms,
            ..Self::default()
        }
    }

    /// The settings of MatterGen's distance of structures before and after relaxation.
    pub fn rmsd() -> Self {
        Self {
            tolerances: Tolerances { length: 0.5, site: 0.5, angle: 10.0 },
            scale: false,
            supercell: true,
            decision: Decision::Rms,
            ..Self::default()
        }
    }
}

/// Compares crystals as `StructureMatcher` does, species by species. Not symmetric: lattice points are
/// searched in the first crystal only.
///
/// The search is exhaustive but bounded: after [`super::kernel::EFFORT`] steps (some ten seconds, needed
/// only by pairs with several hundred like sites or extremely long cells) what was found so far counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pymatgen {
    name: &'static str,
    options: Options,
}

impl Default for Pymatgen {
    fn default() -> Self {
        Self::new("pymatgen", Options::default())
    }
}

impl Pymatgen {
    /// A matcher under the name `name`.
    pub fn new(name: &'static str, options: Options) -> Self {
        Self { name, options }
    }

    /// The settings.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The verdict of `fit`.
    pub fn fit(&self, first: &Pattern, second: &Pattern) -> bool {
        if !self.options.subset && !same_composition(first, second) {
            return false;
        }
        let (x, y) = (self.cell(first), self.cell(second));
        let limit = self.options.tolerances.site;
        any_within(x, y, &species_allowed(first, second), &self.search(x, y), limit)
    }

    /// `get_rms_dist`: the mapping with the least root mean square distance, when that is within the
    /// site tolerance.
    pub fn rms(&self, first: &Pattern, second: &Pattern) -> Option<Alignment> {
        self.both(first, second).1
    }

    /// Whether a mapping has its largest distance within the tolerance, and the best by root mean
    /// square distance.
    fn both(&self, first: &Pattern, second: &Pattern) -> (bool, Option<Alignment>) {
        let (x, y) = (self.cell(first), self.cell(second));
        both(x, y, &species_allowed(first, second), &self.search(x, y))
    }

    pub(super) fn cell<'a>(&self, pattern: &'a Pattern) -> &'a Cell {
        if self.options.primitive { pattern.reduced() } else { &pattern.given }
    }

    fn search(&self, first: &Cell, second: &Cell) -> Search {
        Search {
            supercell: if self.options.supercell { supercell(first, second) } else { Supercell::First(1) },
            scale: self.options.scale,
            subset: self.options.subset,
            ..Search::new(self.options.tolerances)
        }
    }
}

impl Matcher for Pymatgen {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> String {
        let Options { tolerances: t, primitive, scale, supercell, subset, decision } = &self.options;
        let decision = match decision {
            Decision::Fit => "fit",
            Decision::Rms => "get_rms_dist",
        };
        format!(
            "{} (as pymatgen 2026.10.24 StructureMatcher.{decision}): ltol {}, stol {}, angle_tol {}, \
             primitive_cell {primitive}, scale {scale}, attempt_supercell {supercell}, allow_subset {subset}",
            self.name, t.length, t.site, t.angle
        )
    }

    fn scope(&self) -> Scope {
        if self.options.subset { Scope::ChemicalSystem } else { Scope::Composition }
    }

    fn compare(&self, first: &Pattern, second: &Pattern) -> Comparison {
        let (within, best) = self.both(first, second);
        let same = match self.options.decision {
            Decision::Fit => within && (self.options.subset || same_composition(first, second)),
            Decision::Rms => best.is_some(),
        };
        comparison(same, best, self.cell(first), self.cell(second))
    }

    fn same(&self, first: &Pattern, second: &Pattern) -> bool {
        match self.options.decision {
            Decision::Fit => self.fit(first, second),
            Decision::Rms => self.rms(first, second).is_some(),
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }
}

/// One pass over all mappings for both decisions: whether one has its largest distance within the site
/// tolerance, and the best by root mean square distance if that is within it.
pub(super) fn both(x: &Cell, y: &Cell, allowed: &Allowed, what: &Search) -> (bool, Option<Alignment>) {
    let limit = what.tolerances.site;
    let mut within = false;
    let mut best: Option<Alignment> = None;
    search(x, y, allowed, what, |trial| {
        within |= trial.largest() < limit;
        let rms = trial.rms();
        if rms < best.as_ref().map_or(limit, |best| best.rms) {
            best = Some(trial.alignment());
            if rms < PERFECT {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    (within, best)
}

/// Below this root mean square distance pymatgen looks no further.
const PERFECT: f64 = 1e-5;

/// The comparison that a mapping (if there is one) stands for.
pub(super) fn comparison(same: bool, best: Option<Alignment>, x: &Cell, y: &Cell) -> Comparison {
    let ratio = y.volume_per_site() / x.volume_per_site();
    let Some(best) = best else {
        return Comparison { same, volume_ratio: Some(ratio), ..Comparison::default() };
    };
    Comparison {
        same,
        rms: Some(best.rms),
        max_dist: Some(best.largest),
        volume_ratio: Some(ratio),
        strain: Some(best.strain),
        mapping: Some(Mapping::from(best)),
        ..Comparison::default()
    }
}

impl From<Alignment> for Mapping {
    fn from(found: Alignment) -> Self {
        let Alignment { lattice, of_first, sites, distances, translation, .. } = found;
        Self { lattice, of_first, sites, distances, translation }
    }
}

/// Which cell is repeated how often so that the numbers of sites come near each other.
pub(super) fn supercell(first: &Cell, second: &Cell) -> Supercell {
    let ratio = second.len() as f64 / first.len() as f64;
    if ratio < 2.0 / 3.0 {
        Supercell::Second((1.0 / ratio).round_ties_even() as usize)
    } else {
        Supercell::First(ratio.round_ties_even() as usize)
    }
}

/// Sites stand for each other when they hold the same elements with the same occupancies.
fn species_allowed(first: &Pattern, second: &Pattern) -> Allowed {
    Allowed::new(first.species.len(), second.species.len(), |x, y| {
        same_species(&first.species[x], &second.species[y])
    })
}

/// Equal shares of all elements.
pub(super) fn same_composition(first: &Pattern, second: &Pattern) -> bool {
    let (x, y) = (first.fractions(), second.fractions());
    x.len() == y.len() && x.iter().zip(&y).all(|((e, a), (f, b))| e == f && (a - b).abs() <= AMOUNT_TOLERANCE)
}
