//! Distances to the k nearest neighbours in an infinite set of points.
//!
//! All copies of the sources that can be within a radius of any target are laid out once, ordered by
//! their height over the face of the cell with the largest spacing; each target then sees only the
//! slice of heights in reach. The radius is that of a sphere that holds k points on average and a
//! bit; it grows for the targets that turn out to have fewer. The bits of a positive number are in the
//! order of the numbers: counting squared distances by their leading bits, in thin shells, nearly
//! sorts them in one pass.

use std::cell::Cell;
use std::ops::Range;

use druse_representations::nalgebra::Vector3;

use super::error::FingerprintError;
use super::points::Points;

/// The first radius holds this many times k points on average.
const MARGIN: f64 = 1.15;
/// Factor of the radius when it was too small.
const GROWTH: f64 = 1.25;
/// More points than this are not searched.
const MOST_POINTS: f64 = 2e6;
/// More points than this many times those that are needed are not all sorted.
const CROWD: usize = 4;
/// Shells for sorting. Their number and the bits of a squared distance that do not count make 128 of
/// them an octave.
const SHELLS: usize = 256;
const SHELL_BITS: u32 = 16;

/// Points that are looked for, with the share of each that counts.
pub(super) struct Sources {
    /// Sites in ascending height.
    sites: Vec<u32>,
    /// Shares in the order of `sites`; empty when all are 1.
    shares: Vec<f64>,
}

/// Distances from some sites to their nearest sources.
pub(super) struct Search<'a> {
    points: &'a Points,
    targets: &'a [u32],
    /// Direction of the heights.
    axis: usize,
    /// Smallest and largest fractional coordinates of the targets.
    low: [f64; 3],
    high: [f64; 3],
    room: Room,
}

/// Memory that is used again for the next crystal of a thread.
#[derive(Default)]
struct Room {
    cloud: Cloud,
    /// Of each source the images that are in reach, along the axis and the other two vectors.
    copies: Vec<[Range<i32>; 3]>,
    keys: Vec<u32>,
    inside: Vec<u32>,
    sorted: Vec<u32>,
}

thread_local!(static ROOM: Cell<Room> = Cell::default());

impl Drop for Search<'_> {
    fn drop(&mut self) {
        // What a monster needed is given back.
        if self.room.cloud.x.capacity() < 1 << 16 {
            ROOM.set(std::mem::take(&mut self.room));
        }
    }
}

/// Copies of the sources within reach of any target.
#[derive(Default)]
struct Cloud {
    height: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    /// Place in [`Sources::sites`]; only filled when shares are asked for.
    source: Vec<u32>,
}

impl Cloud {
    /// Empties the cloud and makes room for as many points.
    fn clear(&mut self, room: usize) {
        for coordinates in [&mut self.height, &mut self.x, &mut self.y, &mut self.z] {
            coordinates.clear();
            coordinates.reserve(room);
        }
        self.source.clear();
    }
}

impl<'a> Search<'a> {
    pub fn new(points: &'a Points, targets: &'a [u32]) -> Self {
        let spacings = points.spacings;
        let axis = (0..3).fold(0, |best, k| if spacings[k] > spacings[best] { k } else { best });
        let extreme = |start: f64, pick: fn(f64, f64) -> f64| {
            std::array::from_fn(|k| {
                targets.iter().map(|&site| points.frac[site as usize][k]).fold(start, pick)
            })
        };
        Self {
            points,
            targets,
            axis,
            low: extreme(f64::INFINITY, f64::min),
            high: extreme(f64::NEG_INFINITY, f64::max),
            room: ROOM.take(),
        }
    }

    /// Sources from sites with their shares, each site once.
    pub fn sources(&self, members: impl IntoIterator<Item = (usize, f64)>) -> Sources {
        let mut members: Vec<(usize, f64)> = members.into_iter().collect();
        let height = |site: usize| self.points.frac[site][self.axis];
        members.sort_by(|x, y| height(x.0).total_cmp(&height(y.0)).then(x.0.cmp(&y.0)));
        let whole = members.iter().all(|member| member.1 == 1.0);
        let shares = if whole { Vec::new() } else { members.iter().map(|member| member.1).collect() };
        Sources { sites: members.iter().map(|member| member.0 as u32).collect(), shares }
    }

    /// Distances (Å) from every target to its `k` nearest sources other than itself, ascending; those of
    /// the n-th target are written to `out[n * stride..][..k]`.
    ///
    /// With shares below 1 the i-th number is the mean distance of the i-th whole that the shares of
    /// the sources, taken in order of distance, add up to.
    pub fn nearest(
        &mut self,
        sources: &Sources,
        k: usize,
        out: &mut [f32],
        stride: usize,
    ) -> Result<(), FingerprintError> {
        if k == 0 {
            return Ok(());
        }
        let whole: f64 =
            if sources.shares.is_empty() { sources.sites.len() as f64 } else { sources.shares.iter().sum() };
        let mean_volume = self.points.volume / whole;
        let mut radius = (MARGIN * (k + 1) as f64 * mean_volume * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
        let mut left: Vec<(usize, u32)> = self.targets.iter().copied().enumerate().collect();
        while !left.is_empty() {
            self.fill(sources, radius, k)?;
            left.retain(|&(n, site)| {
                let row = &mut out[n * stride..][..k];
                if sources.shares.is_empty() {
                    !self.whole(sources, site, radius, row)
                } else {
                    !self.partial(sources, site, radius, row)
                }
            });
            radius *= GROWTH;
        }
        Ok(())
    }

    /// Lays out the copies of the sources within `radius` of any target.
    fn fill(&mut self, sources: &Sources, radius: f64, k: usize) -> Result<(), FingerprintError> {
        // The last index runs fastest: along the vector with the most copies.
        let p = self.axis;
        let [mut q, mut r] = [(p + 1) % 3, (p + 2) % 3];
        if self.points.spacings[r] > self.points.spacings[q] {
            (q, r) = (r, q);
        }
        let reach = self.points.spacings.map(|spacing| radius / spacing * (1.0 + 1e-12) + 1e-9);
        let number: f64 = (0..3).map(|i| self.high[i] - self.low[i] + 2.0 * reach[i] + 1.0).product::<f64>()
            * sources.sites.len() as f64;
        if number.is_nan() || number > MOST_POINTS {
            return Err(FingerprintError::TooStretched { points: number, k });
        }
        let from = |i: usize, f: f64| (self.low[i] - reach[i] - f).ceil() as i32;
        let to = |i: usize, f: f64| (self.high[i] + reach[i] - f).floor() as i32;
        self.room.copies.clear();
        self.room.copies.extend(sources.sites.iter().map(|&site| {
            let f = &self.points.frac[site as usize];
            [p, q, r].map(|i| from(i, f[i])..to(i, f[i]) + 1)
        }));
        let spacing = self.points.spacings[p];
        let vectors = &self.points.lattice;
        self.room.cloud.clear(number as usize);
        for np in from(p, 1.0)..=to(p, 0.0) {
            for ((place, &site), copies) in sources.sites.iter().enumerate().zip(&self.room.copies) {
                if !copies[0].contains(&np) {
                    continue;
                }
                let height = (self.points.frac[site as usize][p] + f64::from(np)) * spacing;
                let start = self.points.cartesian[site as usize] + vectors[p] * f64::from(np);
                for nq in copies[1].clone() {
                    let start = start + vectors[q] * f64::from(nq);
                    let line = copies[2].clone();
                    self.room.cloud.x.extend(line.clone().map(|nr| start.x + vectors[r].x * f64::from(nr)));
                    self.room.cloud.y.extend(line.clone().map(|nr| start.y + vectors[r].y * f64::from(nr)));
                    self.room.cloud.z.extend(line.map(|nr| start.z + vectors[r].z * f64::from(nr)));
                }
                self.room.cloud.height.resize(self.room.cloud.x.len(), height);
                if !sources.shares.is_empty() {
                    self.room.cloud.source.resize(self.room.cloud.x.len(), place as u32);
                }
            }
        }
        Ok(())
    }

    /// The slice of the cloud that can be within `radius` of a site.
    fn slice(&self, site: u32, radius: f64) -> Range<usize> {
        let height = self.points.frac[site as usize][self.axis] * self.points.spacings[self.axis];
        let reach = radius * (1.0 + 1e-12) + 1e-9;
        let start = self.room.cloud.height.partition_point(|&h| h < height - reach);
        start..self.room.cloud.height.partition_point(|&h| h <= height + reach)
    }

    /// The row of a site among whole sources; false when fewer than k are within the radius.
    fn whole(&mut self, sources: &Sources, site: u32, radius: f64, row: &mut [f32]) -> bool {
        let at = self.points.cartesian[site as usize];
        let slice = self.slice(site, radius);
        let (x, y, z) =
            (&self.room.cloud.x[slice.clone()], &self.room.cloud.y[slice.clone()], &self.room.cloud.z[slice]);
        self.room.keys.clear();
        self.room.keys.extend(x.iter().zip(y).zip(z).map(|((x, y), z)| {
            let (dx, dy, dz) = (x - at.x, y - at.y, z - at.z);
            ((dx * dx + dy * dy + dz * dz) as f32).to_bits()
        }));
        self.room.inside.resize(self.room.inside.len().max(self.room.keys.len() + 1), 0);
        let inside = &mut self.room.inside[..self.room.keys.len() + 1];
        let limit = ((radius * radius) as f32).to_bits();
        let mut count = 0;
        for &key in &self.room.keys {
            inside[count] = key;
            count += usize::from(key <= limit);
        }
        // The site itself, at distance 0, is the first of the sorted distances.
        let itself = usize::from(sources.sites.contains(&site));
        if count < row.len() + itself {
            return false;
        }
        let mut inside = &mut inside[..count];
        let needed = itself + row.len();
        let mut limit = limit;
        if count > CROWD * needed {
            // Chains and layers in wide cells: far more than a sphere holds on average.
            limit = *inside.select_nth_unstable(needed - 1).1;
            inside = &mut inside[..needed];
        }
        self.room.sorted.resize(self.room.sorted.len().max(inside.len()), 0);
        let sorted = &mut self.room.sorted[..inside.len()];
        sort_in_shells(inside, limit, sorted, needed);
        for (distance, &key) in row.iter_mut().zip(&sorted[itself..]) {
            *distance = f32::from_bits(key).sqrt();
        }
        true
    }

    /// The row of a site among sources with shares; false when they add up to less than k within the
    /// radius.
    fn partial(&mut self, sources: &Sources, site: u32, radius: f64, row: &mut [f32]) -> bool {
        let at = self.points.cartesian[site as usize];
        let mut inside: Vec<(f64, f64)> = Vec::new();
        for place in self.slice(site, radius) {
            let source = self.room.cloud.source[place] as usize;
            let there =
                Vector3::new(self.room.cloud.x[place], self.room.cloud.y[place], self.room.cloud.z[place]);
            let distance = (there - at).norm();
            if distance <= radius && (distance > 0.0 || sources.sites[source] != site) {
                inside.push((distance, sources.shares[source]));
            }
        }
        inside.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
        let (mut filled, mut sum, mut column) = (0.0, 0.0, 0);
        for (distance, mut share) in inside {
            while filled + share >= 1.0 - 1e-9 {
                let part = 1.0 - filled;
                row[column] = (sum + part * distance) as f32;
                share = (share - part).max(0.0);
                (filled, sum) = (0.0, 0.0);
                column += 1;
                if column == row.len() {
                    return true;
                }
            }
            filled += share;
            sum += share * distance;
        }
        false
    }
}

/// Sorts the bits of positive numbers up to `limit`, at least the first `needed` (> 0) of them: counted in
/// shells first, then by insertion.
fn sort_in_shells(keys: &[u32], limit: u32, sorted: &mut [u32], needed: usize) {
    // All below the second octave from the top are one shell.
    let lowest = (limit >> SHELL_BITS).saturating_sub(SHELLS as u32 - 1);
    let shell = |key: u32| (key >> SHELL_BITS).saturating_sub(lowest) as usize % SHELLS;
    let mut end = [0_u32; SHELLS];
    for &key in keys {
        end[shell(key)] += 1;
    }
    let mut start = 0;
    for shell in &mut end {
        start += std::mem::replace(shell, start);
    }
    for &key in keys {
        let place = &mut end[shell(key)];
        sorted[*place as usize] = key;
        *place += 1;
    }
    let last = shell(sorted[needed - 1]);
    let sorted = &mut sorted[..end[last] as usize];
    for i in 1..sorted.len() {
        let key = sorted[i];
        if sorted[i - 1] > key {
            let mut j = i;
            while j > 0 && sorted[j - 1] > key {
                sorted[j] = sorted[j - 1];
                j -= 1;
            }
            sorted[j] = key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::testing::{any_crystal, neighbours_by_force};
    use druse_representations::{Crystal, Lattice};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Against the sorted distances to all copies in a box that surely holds k of them.
        #[test]
        fn nearest_of_some_sites(crystal in any_crystal(), k in 1_usize..40, every in 1_usize..3) {
            let points = Points::of(&crystal).unwrap();
            let sites: Vec<u32> = (0..points.len() as u32).collect();
            let mut search = Search::new(&points, &sites);
            let members: Vec<usize> = (0..points.len()).step_by(every).collect();
            let sources = search.sources(members.iter().map(|&site| (site, 1.0)));
            let mut found = vec![0.0; points.len() * k];
            search.nearest(&sources, k, &mut found, k).unwrap();
            for (site, row) in found.chunks_exact(k).enumerate() {
                let expected = neighbours_by_force(&crystal, site, &members, k);
                for (x, y) in row.iter().zip(&expected) {
                    prop_assert!((f64::from(*x) - y).abs() < 1e-5 * (1.0 + y), "{row:?} {expected:?}");
                }
            }
        }

        /// Two halves on every site are as good as a whole, and what is left of the first half fills up.
        #[test]
        fn shares_add_up(crystal in any_crystal(), k in 1_usize..20) {
            let points = Points::of(&crystal).unwrap();
            let sites: Vec<u32> = (0..points.len() as u32).collect();
            let mut search = Search::new(&points, &sites);
            let mut rows = [1.0, 0.5].map(|share| {
                let sources = search.sources((0..points.len()).map(|site| (site, share)));
                let columns = if share == 1.0 { 2 * k } else { k };
                let mut found = vec![0.0; points.len() * columns];
                search.nearest(&sources, columns, &mut found, columns).unwrap();
                found
            });
            let halves = rows[1].drain(..).collect::<Vec<f32>>();
            for (pair, half) in rows[0].chunks_exact(2).zip(halves) {
                prop_assert!(((pair[0] + pair[1]) / 2.0 - half).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn stretched_cells_are_refused() {
        let lattice = Lattice::from_rows([[1e-5, 0.0, 0.0], [0.0, 1e4, 0.0], [0.0, 0.0, 1e4]]);
        let crystal = Crystal::ordered(lattice, [("H".parse().unwrap(), [0.0; 3])]);
        let points = Points::of(&crystal).unwrap();
        let mut search = Search::new(&points, &[0]);
        let sources = search.sources([(0, 1.0)]);
        let result = search.nearest(&sources, 100, &mut [0.0; 100], 100);
        assert!(matches!(result, Err(FingerprintError::TooStretched { k: 100, .. })), "{result:?}");
    }
}
