//! Laying the sites of one motif on those of another.
//!
//! For every [map of the lattices](super::lattices) one site of the rarest label is pinned on each
//! of its partners; the other sites then go to their nearest partners, the mean displacement is
//! taken out, and this is repeated until the pairs no longer change. Where two sites want the same
//! partner, linear assignment decides. Displacements are measured in the mean of the two metrics.

use std::fmt;

use druse_representations::nalgebra::{Matrix3, Vector3};

use super::lattices::{LatticeMap, determinant, lattice_maps};
use super::motif::Motif;
use crate::matching::kernel::assignment::{Assignment, FORBIDDEN};

/// What counts as near; lengths in units of (V/N)^(1/3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Root mean square displacement that alone uses up the tolerance.
    pub rms: f64,
    /// The same in Å, where that is less: in loosely packed crystals.
    pub rms_angstrom: f64,
    /// Displacement that a single site may always have.
    pub largest: f64,
    /// Multiple of the rms that a single site may have, too: noise moves all sites, where an exchange of
    /// two atoms moves these two only.
    pub outlier: f64,
    /// Principal logarithmic strain (at equal volume) that alone uses up the tolerance.
    pub strain: f64,
}

impl Default for Limits {
    /// Chosen on the development half of the labelled pairs.
    fn default() -> Self {
        Self { rms: 0.17, rms_angstrom: 0.4, largest: 0.33, outlier: 2.5, strain: 0.11 }
    }
}

impl Limits {
    /// The limits where (V/N)^(1/3) is `unit` Å.
    pub(in crate::matching) fn at(&self, unit: f64) -> Self {
        Self { rms: self.rms.min(self.rms_angstrom / unit), ..*self }
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "(rms/{} or {} A)^2+(strain/{})^2<=1, largest<={} or <={}*rms",
            self.rms, self.rms_angstrom, self.strain, self.largest, self.outlier
        )
    }
}

/// Displacements that folding averaged away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::matching) struct Lost {
    /// Mean square, units of (V/N)^(2/3).
    pub(in crate::matching) square: f64,
    /// Largest, units of (V/N)^(1/3).
    pub(in crate::matching) largest: f64,
}

impl std::ops::Add for Lost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { square: self.square + other.square, largest: self.largest + other.largest }
    }
}

/// How far overlays are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::matching) enum Reach {
    /// Within the limits.
    Limits,
    /// Beyond: strain up to [`LOOSE_STRAIN`], rms up to [`LOOSE_RMS`].
    Loose,
}

const LOOSE_STRAIN: f64 = 0.16;
const LOOSE_RMS: f64 = 0.35;

/// Rounds of pairing and centring.
const ROUNDS: usize = 4;

/// Displacements of single sites are followed up to here while the origin is only nearly right.
const REACH: f64 = 0.9;

/// Distances of sites computed for one pair of motifs within the limits, and beyond them; then the
/// best found so far stands. Of the labelled pairs none needs a tenth of it within the limits.
const MOST_WORK: u64 = 20_000_000;
const MOST_LOOSE_WORK: u64 = 1_000_000;

/// Two motifs laid on one another.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::matching) struct Overlay {
    pub(in crate::matching) map: LatticeMap,
    /// Root mean square distance, with what folding took out.
    pub(in crate::matching) rms: f64,
    pub(in crate::matching) largest: f64,
    /// For each site of the larger motif its partner in the smaller (places in the motifs).
    pub(in crate::matching) partners: Vec<usize>,
    /// Distance of each of these pairs.
    pub(in crate::matching) distances: Vec<f64>,
    /// Shift of the larger motif, fractional in its own basis.
    pub(in crate::matching) shift: Vector3<f64>,
    /// Rms and strain together in units of the limits: up to 1 counts as the same.
    pub(in crate::matching) deviation: f64,
    pub(in crate::matching) accepted: bool,
}

impl Overlay {
    fn is_better_than(&self, other: &Self) -> bool {
        match (self.accepted, other.accepted) {
            (true, false) => true,
            (false, true) => false,
            _ => self.deviation < other.deviation,
        }
    }
}

/// The best overlays that keep and that reverse the hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::matching) struct Overlays {
    pub(in crate::matching) proper: Option<Overlay>,
    /// Looked for only as far as it is better than `proper`.
    pub(in crate::matching) improper: Option<Overlay>,
}

impl Overlays {
    /// The better one.
    pub(in crate::matching) fn best(&self) -> Option<&Overlay> {
        match (&self.proper, &self.improper) {
            (Some(proper), Some(improper)) if improper.is_better_than(proper) => Some(improper),
            (Some(proper), _) => Some(proper),
            (None, improper) => improper.as_ref(),
        }
    }

    pub(in crate::matching) fn into_best(self) -> Option<Overlay> {
        match (self.proper, self.improper) {
            (Some(proper), Some(improper)) if improper.is_better_than(&proper) => Some(improper),
            (Some(proper), _) => Some(proper),
            (None, improper) => improper,
        }
    }

    /// Whether the mirror image fits and the crystal itself does not, or not nearly as well.
    pub(in crate::matching) fn mirror_image_only(&self) -> bool {
        match (&self.proper, &self.improper) {
            (Some(proper), Some(improper)) => proper.deviation > 1.5 * improper.deviation + 0.1,
            (proper, improper) => proper.is_none() && improper.is_some(),
        }
    }
}

/// Lays `larger`, which holds `ratio` times the content of `smaller`, on it.
///
/// `lost` is what the motifs lost together when they were folded.
pub(in crate::matching) fn overlays(
    smaller: &Motif,
    larger: &Motif,
    ratio: usize,
    limits: &Limits,
    lost: Lost,
    reach: Reach,
) -> Overlays {
    let (strain, rms, start, most_work) = match reach {
        Reach::Limits => (limits.strain, limits.rms, 1.0, MOST_WORK),
        Reach::Loose => (LOOSE_STRAIN, LOOSE_RMS, f64::INFINITY, MOST_LOOSE_WORK),
    };
    let maps = lattice_maps(&smaller.lattice, &larger.lattice, ratio, strain);
    let mut found = Overlays::default();
    if maps.is_empty() {
        return found;
    }
    let mut search = Search::new(smaller, larger, *limits, lost, rms * rms);
    for proper in [true, false] {
        // A reversed overlay counts only when it is better than the best that keeps the hand.
        let mut best = None;
        let mut bound = found.proper.as_ref().map_or(start, |overlay| search.bound(overlay).min(start));
        for map in maps.iter().filter(|map| map.proper == proper) {
            if search.work + search.assignment.steps > most_work {
                break;
            }
            search.try_map(map, &mut best, &mut bound);
        }
        if proper {
            found.proper = best;
        } else {
            found.improper = best;
        }
        if bound < 1e-6 {
            break;
        }
    }
    found
}

struct Search<'a> {
    smaller: &'a Motif,
    larger: &'a Motif,
    limits: Limits,
    lost: Lost,
    /// Mean square that is looked at.
    most: f64,
    /// Sites of the rarest label in either motif, the first one.
    pin: (usize, std::ops::Range<usize>),
    assignment: Assignment,
    partners: Vec<usize>,
    former: Vec<usize>,
    shifts: Vec<[i32; 3]>,
    ways: Vec<Vector3<f64>>,
    work: u64,
}

/// One lattice map, with the larger motif in the basis of the smaller.
struct Frame<'a> {
    map: &'a LatticeMap,
    places: Vec<Vector3<f64>>,
    /// Upper triangular: turns coordinates into lengths in the mean metric.
    root: Matrix3<f64>,
    /// Half of the narrowest spacing of planes, squared: below this rounding finds the nearest image.
    sure: f64,
    /// The superlattice: coordinates in it, their lengths, and what is sure there.
    to_superlattice: Matrix3<f64>,
    superlattice: Matrix3<f64>,
    sure_super: f64,
    /// Rows of det * M^-1: integer vectors equal modulo the superlattice have equal products with it.
    adjugate: [[i64; 3]; 3],
    ratio: i64,
}

impl<'a> Search<'a> {
    fn new(smaller: &'a Motif, larger: &'a Motif, limits: Limits, lost: Lost, most: f64) -> Self {
        let rarest = (0..smaller.groups.len()).min_by_key(|&group| smaller.groups[group].len()).unwrap_or(0);
        let n = larger.len();
        Self {
            smaller,
            larger,
            limits,
            lost,
            most,
            pin: (larger.groups[rarest].start, smaller.groups[rarest].clone()),
            assignment: Assignment::default(),
            partners: vec![0; n],
            former: vec![0; n],
            shifts: vec![[0; 3]; n],
            ways: vec![Vector3::zeros(); n],
            work: 0,
        }
    }

    /// Deviation that another overlay has to stay below to be better.
    fn bound(&self, best: &Overlay) -> f64 {
        if best.accepted { best.deviation } else { best.deviation.max(1.0) }
    }

    fn try_map(&mut self, map: &LatticeMap, best: &mut Option<Overlay>, bound: &mut f64) {
        let strained = (map.strain / self.limits.strain).powi(2);
        // The rms that a better overlay may have at most.
        let (limit, lost, most) = (self.limits.rms * self.limits.rms, self.lost.square, self.most);
        let room = |bound: f64| {
            let rms = (bound * bound - strained).max(0.0) * limit - lost;
            rms.min(most)
        };
        if room(*bound) <= 0.0 {
            return;
        }
        let Some(frame) = self.frame(map) else { return };
        let (pinned, targets) = self.pin.clone();
        for target in targets {
            let most = room(*bound);
            if most <= 0.0 {
                return;
            }
            let shift = self.smaller.frac[target] - frame.places[pinned];
            let Some(overlay) = self.try_shift(&frame, shift, most) else { continue };
            if best.as_ref().is_none_or(|known| overlay.is_better_than(known)) {
                *bound = bound.min(self.bound(&overlay));
                *best = Some(overlay);
            }
        }
    }

    fn frame<'m>(&self, map: &'m LatticeMap) -> Option<Frame<'m>> {
        let m = Matrix3::from_fn(|i, j| f64::from(map.matrix[i][j]));
        let back = m.try_inverse()?;
        let (small, large) = (&self.smaller.lattice, &self.larger.lattice);
        let pulled = back * large;
        let metric = (small * small.transpose() + pulled * pulled.transpose()) / 2.0;
        let root = metric.cholesky()?.l().transpose();
        let spacing = |root: &Matrix3<f64>| {
            let inverse = root.try_inverse()?;
            // Rows of the inverse of the columns-are-vectors matrix are the reciprocal vectors.
            Some((0..3).map(|i| 1.0 / inverse.row(i).norm()).fold(f64::INFINITY, f64::min))
        };
        let turned = m.transpose();
        let det = determinant(&map.matrix);
        let scaled = back * det as f64;
        Some(Frame {
            map,
            places: self.larger.frac.iter().map(|x| turned * x).collect(),
            sure: (spacing(&root)? / 2.0).powi(2),
            sure_super: (spacing(&(root * turned))? / 2.0).powi(2),
            superlattice: root * turned,
            to_superlattice: back.transpose(),
            root,
            adjugate: std::array::from_fn(|i| std::array::from_fn(|j| scaled[(i, j)].round() as i64)),
            ratio: det.abs(),
        })
    }

    /// The overlay that starts with this shift of the larger motif, if its mean square stays below
    /// `most`.
    fn try_shift(&mut self, frame: &Frame<'_>, mut shift: Vector3<f64>, most: f64) -> Option<Overlay> {
        let n = self.larger.len();
        for round in 0..ROUNDS {
            // At first the pinned site has a displacement of its own.
            let slack = if round == 0 { 4.0 } else { 1.0 };
            let mean = self.pair_nearest(frame, &shift, most * slack)?;
            shift -= mean;
            if round > 0 && self.partners == self.former {
                break;
            }
            self.former.copy_from_slice(&self.partners);
        }
        if !self.is_one_to_one(frame) {
            for _ in 0..2 {
                self.pair_by_assignment(frame, &shift)?;
                let mean = self.ways.iter().sum::<Vector3<f64>>() / n as f64;
                shift -= mean;
            }
        }
        let mean = self.ways.iter().sum::<Vector3<f64>>() / n as f64;
        let distances: Vec<f64> = self.ways.iter().map(|way| (frame.root * (way - mean)).norm()).collect();
        let square = distances.iter().map(|d| d * d).sum::<f64>() / n as f64;
        if square >= most {
            return None;
        }
        let rms = (square + self.lost.square).sqrt();
        // Displacements of single sites may point the same way.
        let largest = distances.iter().copied().fold(0.0, f64::max) + self.lost.largest;
        let deviation = (rms / self.limits.rms).hypot(frame.map.strain / self.limits.strain);
        Some(Overlay {
            map: *frame.map,
            rms,
            largest,
            partners: self.partners.clone(),
            distances,
            shift: (frame.to_superlattice * (shift - mean)).map(|x| x - x.round()),
            deviation,
            accepted: deviation <= 1.0 && largest <= self.limits.largest.max(self.limits.outlier * rms),
        })
    }

    /// Sends every site to its nearest partner. The mean way; `None` as soon as the spread of the
    /// ways alone exceeds the mean square `most`.
    fn pair_nearest(&mut self, frame: &Frame<'_>, shift: &Vector3<f64>, most: f64) -> Option<Vector3<f64>> {
        let n = self.larger.len();
        let most = most * n as f64;
        let (mut mean, mut spread) = (Vector3::zeros(), 0.0);
        let mut mean_frac = Vector3::zeros();
        let mut done = 0.0;
        for (group, partners) in self.larger.groups.iter().zip(&self.smaller.groups) {
            for site in group.clone() {
                let place = frame.places[site] + shift;
                let mut least = f64::INFINITY;
                let mut chosen = (0, Vector3::zeros(), Vector3::zeros());
                for partner in partners.clone() {
                    let way = place - self.smaller.frac[partner];
                    let image = way.map(f64::round);
                    let way = way - image;
                    let squared = (frame.root * way).norm_squared();
                    if squared < least {
                        least = squared;
                        chosen = (partner, way, image);
                    }
                }
                self.work += partners.len() as u64;
                if least > frame.sure {
                    for partner in partners.clone() {
                        let way = place - self.smaller.frac[partner];
                        let image = way.map(f64::round);
                        for step in images() {
                            let near = way - image - step;
                            let squared = (frame.root * near).norm_squared();
                            if squared < least - 1e-12 {
                                least = squared;
                                chosen = (partner, near, image + step);
                            }
                        }
                    }
                    self.work += 27 * partners.len() as u64;
                }
                if least > REACH * REACH {
                    return None;
                }
                let (partner, way, image) = chosen;
                self.partners[site] = partner;
                self.shifts[site] = [image[0] as i32, image[1] as i32, image[2] as i32];
                self.ways[site] = way;
                mean_frac += way;
                // Welford's running sum of squares about the mean only grows.
                done += 1.0;
                let real = frame.root * way;
                let step: Vector3<f64> = real - mean;
                mean += step / done;
                spread += step.dot(&(real - mean));
                if spread > most {
                    return None;
                }
            }
        }
        Some(mean_frac / n as f64)
    }

    /// Whether every partner was taken once (in a supercell: once in each of its copies).
    fn is_one_to_one(&self, frame: &Frame<'_>) -> bool {
        let mut taken: Vec<(usize, [i64; 3])> = self
            .partners
            .iter()
            .zip(&self.shifts)
            .map(|(&partner, shift)| (partner, frame.residue(shift)))
            .collect();
        taken.sort_unstable();
        taken.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// Pairs sites one to one at the least sum of squares.
    fn pair_by_assignment(&mut self, frame: &Frame<'_>, shift: &Vector3<f64>) -> Option<()> {
        let copies = frame.copies();
        for (group, partners) in self.larger.groups.iter().zip(&self.smaller.groups) {
            let n = group.len();
            let slots: Vec<(usize, Vector3<f64>)> = partners
                .clone()
                .flat_map(|partner| copies.iter().map(move |copy| (partner, *copy)))
                .map(|(partner, copy)| (partner, self.smaller.frac[partner] + copy))
                .collect();
            let mut costs = Vec::with_capacity(n * n);
            for site in group.clone() {
                let place = frame.places[site] + shift;
                for (_, slot) in &slots {
                    let squared = (frame.root * frame.nearest(&(place - slot))).norm_squared();
                    costs.push(if squared > REACH * REACH { FORBIDDEN } else { squared });
                }
            }
            self.work += costs.len() as u64;
            if !self.assignment.solve(&costs, n, n) {
                return None;
            }
            for (site, &slot) in group.clone().zip(&self.assignment.columns) {
                let (partner, place) = &slots[slot];
                self.partners[site] = *partner;
                self.ways[site] = frame.nearest(&(frame.places[site] + shift - place));
            }
        }
        Some(())
    }
}

impl Frame<'_> {
    /// Which copy of the smaller cell this lattice vector leads to.
    fn residue(&self, vector: &[i32; 3]) -> [i64; 3] {
        if self.ratio == 1 {
            return [0; 3];
        }
        std::array::from_fn(|j| {
            (0..3).map(|i| i64::from(vector[i]) * self.adjugate[i][j]).sum::<i64>().rem_euclid(self.ratio)
        })
    }

    /// One lattice vector of the smaller for each of its copies in the larger cell.
    fn copies(&self) -> Vec<Vector3<f64>> {
        let mut copies = vec![[0; 3]];
        for axis in 0..3 {
            let known: Vec<[i64; 3]> = copies.iter().map(|copy| self.residue(copy)).collect();
            let smaller = copies.clone();
            // Multiples of the next vector until one falls into the group found so far.
            for multiple in 1..=self.ratio as i32 {
                let mut step = [0; 3];
                step[axis] = multiple;
                if known.contains(&self.residue(&step)) {
                    break;
                }
                copies.extend(smaller.iter().map(|copy| std::array::from_fn(|k| copy[k] + step[k])));
            }
        }
        copies.into_iter().map(|copy: [i32; 3]| Vector3::from(copy.map(f64::from))).collect()
    }

    /// The shortest of the ways that are equal modulo the superlattice.
    fn nearest(&self, way: &Vector3<f64>) -> Vector3<f64> {
        let place = self.to_superlattice * way;
        let place = place - place.map(f64::round);
        let mut least = (self.superlattice * place).norm_squared();
        let mut nearest = place;
        if least > self.sure_super {
            for step in images() {
                let other = place - step;
                let squared = (self.superlattice * other).norm_squared();
                if squared < least - 1e-12 {
                    (least, nearest) = (squared, other);
                }
            }
        }
        Matrix3::from_fn(|i, j| f64::from(self.map.matrix[j][i])) * nearest
    }
}

/// The 26 neighbours of a cell.
fn images() -> impl Iterator<Item = Vector3<f64>> {
    (0..27)
        .filter(|&n| n != 13)
        .map(|n| Vector3::new(f64::from(n / 9 - 1), f64::from(n / 3 % 3 - 1), f64::from(n % 3 - 1)))
}
