//! Periodic neighbour lists.
//!
//! A pair `(i, j, n)` stands for site `i` and the copy of site `j` that is moved by the lattice
//! vector `n`:
//!
//! ```text
//! d = (f_j + n - f_i) L        L: rows are vectors (Å), f: fractional coordinates as stored
//! ```
//!
//! Coordinates need not be wrapped. Copies of a site around itself (`i = j`, `n ≠ 0`) are pairs too.
//!
//! Search: the lattice is reduced first, so that a very skew cell costs no more than its compact
//! equivalent; sites are then sorted into bins of the reduced cell, and only bins that the cut-off
//! sphere can touch are visited. Cells much smaller than the cut-off are covered by the same loop,
//! since a bin index outside the cell is a bin inside it plus an image.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::Crystal;
use crate::lattice::Lattice;

/// Most pairs that a list may be expected to hold; more means a collapsed cell.
const MOST_PAIRS: f64 = 1e8;

/// All pairs of sites up to a cut-off, both directions, as flat arrays of equal length.
///
/// Sorted by `(first, second, image)`, so the list does not depend on how it was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// Index of the central site `i`.
    pub first: Vec<u32>,
    /// Index of the neighbour `j`.
    pub second: Vec<u32>,
    /// Lattice translation `n` of the neighbour.
    pub image: Vec<[i32; 3]>,
    /// Distance (Å). A pair and its reverse have bit-equal distances.
    pub distance: Vec<f64>,
}

/// Why a neighbour list cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighbourError {
    /// The lattice vectors span no volume or are not finite.
    #[error("lattice {0:?} spans no volume, so it has no periodic neighbours")]
    NoVolume([[f64; 3]; 3]),
    /// A coordinate that is not a number, or so large that images cannot be counted.
    #[error("site {site} has fractional coordinates {frac:?}; expected finite numbers below 1e6 in size")]
    BadCoordinates {
        /// Index of the site, from 0.
        site: usize,
        /// Its coordinates.
        frac: [f64; 3],
    },
    /// The cut-off is negative or not a number.
    #[error("cut-off {0} Å; expected a finite number that is not negative")]
    BadCutoff(f64),
    /// Far too many pairs: the cell has collapsed.
    #[error(
        "about {pairs:.1e} pairs within {cutoff} Å in a cell of {volume:.3e} Å^3: the cell has collapsed"
    )]
    Collapsed {
        /// Expected number of pairs.
        pairs: f64,
        /// Cut-off (Å).
        cutoff: f64,
        /// Volume of the cell (Å^3).
        volume: f64,
    },
}

impl Neighbours {
    /// All pairs of sites of `crystal` at most `cutoff` (Å) apart.
    ///
    /// # Errors
    /// See [`NeighbourError`].
    pub fn within(crystal: &Crystal, cutoff: f64) -> Result<Self, NeighbourError> {
        Self::of_points(&crystal.lattice, &crystal.fractional(), cutoff)
    }

    /// The same for bare fractional coordinates.
    ///
    /// # Errors
    /// See [`NeighbourError`].
    pub fn of_points(lattice: &Lattice, frac: &[Vector3<f64>], cutoff: f64) -> Result<Self, NeighbourError> {
        Self::around_points(lattice, frac, cutoff, 0..frac.len())
    }

    /// The same around some of the sites, which come in ascending order.
    ///
    /// # Errors
    /// See [`NeighbourError`].
    pub fn around_points(
        lattice: &Lattice,
        frac: &[Vector3<f64>],
        cutoff: f64,
        sites: impl IntoIterator<Item = usize>,
    ) -> Result<Self, NeighbourError> {
        let bins = Bins::new(lattice, frac, cutoff)?;
        let mut list = Self::default();
        let mut around: Vec<(u32, [i32; 3], f64)> = Vec::new();
        for i in sites {
            around.clear();
            bins.visit(i, |j, image, squared| around.push((j as u32, image, squared.sqrt())));
            around.sort_unstable_by_key(|&(j, image, _)| (j, image));
            list.first.resize(list.first.len() + around.len(), i as u32);
            list.second.extend(around.iter().map(|pair| pair.0));
            list.image.extend(around.iter().map(|pair| pair.1));
            list.distance.extend(around.iter().map(|pair| pair.2));
        }
        Ok(list)
    }

    /// Number of directed pairs.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The pairs `(i, j, n, distance)` in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize, [i32; 3], f64)> + '_ {
        (0..self.len())
            .map(|e| (self.first[e] as usize, self.second[e] as usize, self.image[e], self.distance[e]))
    }

    /// The part of the list around site `i`: a range into the arrays.
    pub fn around(&self, i: usize) -> std::ops::Range<usize> {
        let place = |i: usize| self.first.partition_point(|&first| (first as usize) < i);
        place(i)..place(i + 1)
    }
}

/// Smallest distance between two sites (Å), copies of the same site included; `None` for a crystal
/// without sites.
///
/// No packing of points is denser than the close packing of spheres (Hales, Ann. Math. 162, 1065
/// (2005)), so the smallest distance is at most `(√2 V/N)^(1/3)`, and a search up to there suffices.
///
/// # Errors
/// See [`NeighbourError`].
pub fn min_distance(crystal: &Crystal) -> Result<Option<f64>, NeighbourError> {
    let frac = crystal.fractional();
    if frac.is_empty() {
        return Ok(None);
    }
    let bound = (std::f64::consts::SQRT_2 * crystal.lattice.volume() / frac.len() as f64).cbrt();
    let bins = Bins::new(&crystal.lattice, &frac, bound * (1.0 + 1e-6))?;
    let mut smallest = f64::INFINITY;
    for i in 0..frac.len() {
        bins.visit(i, |_, _, squared| smallest = smallest.min(squared));
    }
    Ok(Some(smallest.sqrt()))
}

/// Sites sorted into bins of the reduced cell.
struct Bins {
    /// Rows are the reduced lattice vectors (Å).
    reduced: Matrix3<f64>,
    /// Image in the reduced lattice -> image in the given one (row vectors).
    to_given: [[i64; 3]; 3],
    /// Coordinates in the reduced cell, in [0, 1).
    wrapped: Vec<Vector3<f64>>,
    /// What wrapping took away, in the given lattice.
    shift: Vec<[i64; 3]>,
    /// Bins along each reduced vector.
    count: [i64; 3],
    /// Bins to visit to either side.
    reach: [i64; 3],
    /// Sites of bin `b`: `members[start[b]..start[b + 1]]`.
    start: Vec<usize>,
    members: Vec<usize>,
    cutoff_squared: f64,
}

impl Bins {
    fn new(lattice: &Lattice, frac: &[Vector3<f64>], cutoff: f64) -> Result<Self, NeighbourError> {
        if !cutoff.is_finite() || cutoff < 0.0 {
            return Err(NeighbourError::BadCutoff(cutoff));
        }
        let volume = lattice.volume();
        let no_volume = || NeighbourError::NoVolume(lattice.rows());
        if !volume.is_finite() || volume <= 0.0 {
            return Err(no_volume());
        }
        for (site, f) in frac.iter().enumerate() {
            if !f.iter().all(|x| x.abs() < 1e6) {
                return Err(NeighbourError::BadCoordinates { site, frac: [f.x, f.y, f.z] });
            }
        }
        let sites = frac.len().max(1) as f64;
        let pairs = sites * sites * 4.19 * cutoff.powi(3) / volume;
        if pairs > MOST_PAIRS {
            return Err(NeighbourError::Collapsed { pairs, cutoff, volume });
        }

        let (reduced, to_given, from_given) = compact_basis(lattice.matrix()).ok_or_else(no_volume)?;
        // About one site a bin; bins much smaller than the cut-off only cost loop overhead.
        let target = (cutoff / 3.0).max((volume / sites).cbrt());
        let spacings = Lattice::from_matrix(reduced).plane_spacings();
        let count = spacings.map(|spacing| ((spacing / target) as i64).max(1));
        let reach: [i64; 3] =
            std::array::from_fn(|k| (cutoff * (1.0 + 1e-9) * count[k] as f64 / spacings[k]) as i64 + 1);

        let mut wrapped = Vec::with_capacity(frac.len());
        let mut shift = Vec::with_capacity(frac.len());
        for f in frac {
            let inside: Vector3<f64> =
                Vector3::from_fn(|k, _| (0..3).map(|m| f[m] * from_given[m][k] as f64).sum());
            let floor = inside.map(f64::floor);
            wrapped.push((inside - floor).map(|x| x.clamp(0.0, 1.0)));
            shift.push(transform([floor.x as i64, floor.y as i64, floor.z as i64], &to_given));
        }
        let bin_of: Vec<usize> = wrapped
            .iter()
            .map(|w| {
                let [x, y, z] = place_in_bins(w, count);
                ((x * count[1] + y) * count[2] + z) as usize
            })
            .collect();
        let mut start = vec![0; (count[0] * count[1] * count[2]) as usize + 1];
        for &bin in &bin_of {
            start[bin + 1] += 1;
        }
        for bin in 1..start.len() {
            start[bin] += start[bin - 1];
        }
        let mut next = start.clone();
        let mut members = vec![0; frac.len()];
        for (site, &bin) in bin_of.iter().enumerate() {
            members[next[bin]] = site;
            next[bin] += 1;
        }
        let cutoff_squared = cutoff * cutoff;
        Ok(Self { reduced, to_given, wrapped, shift, count, reach, start, members, cutoff_squared })
    }

    /// Calls `found(j, image, squared distance)` for every neighbour of site `i`.
    fn visit(&self, i: usize, mut found: impl FnMut(usize, [i32; 3], f64)) {
        let home = place_in_bins(&self.wrapped[i], self.count);
        let [nx, ny, nz] = self.count;
        for x in home[0] - self.reach[0]..=home[0] + self.reach[0] {
            let (bx, ix) = (x.rem_euclid(nx), x.div_euclid(nx));
            for y in home[1] - self.reach[1]..=home[1] + self.reach[1] {
                let (by, iy) = (y.rem_euclid(ny), y.div_euclid(ny));
                for z in home[2] - self.reach[2]..=home[2] + self.reach[2] {
                    let (bz, iz) = (z.rem_euclid(nz), z.div_euclid(nz));
                    let bin = ((bx * ny + by) * nz + bz) as usize;
                    let translation = Vector3::new(ix as f64, iy as f64, iz as f64);
                    for &j in &self.members[self.start[bin]..self.start[bin + 1]] {
                        // Bit-equal, up to the sign, to what the reverse pair computes.
                        let d = self.reduced.tr_mul(&((self.wrapped[j] - self.wrapped[i]) + translation));
                        let squared = d.norm_squared();
                        if squared > self.cutoff_squared || (i == j && ix == 0 && iy == 0 && iz == 0) {
                            continue;
                        }
                        let n = transform([ix, iy, iz], &self.to_given);
                        let image =
                            std::array::from_fn(|k| (n[k] - self.shift[j][k] + self.shift[i][k]) as i32);
                        found(j, image, squared);
                    }
                }
            }
        }
    }
}

/// Bin of wrapped coordinates along each vector.
fn place_in_bins(wrapped: &Vector3<f64>, count: [i64; 3]) -> [i64; 3] {
    std::array::from_fn(|k| ((wrapped[k] * count[k] as f64) as i64).min(count[k] - 1))
}

/// Row vector times integer matrix.
fn transform(n: [i64; 3], matrix: &[[i64; 3]; 3]) -> [i64; 3] {
    std::array::from_fn(|k| (0..3).map(|m| n[m] * matrix[m][k]).sum())
}

/// Integer matrix that counts lattice vectors.
pub type Integers = [[i64; 3]; 3];

/// A compact basis `R = T L` of the same lattice, `T` and its inverse; `None` when the entries of
/// `T` grow beyond what images can count.
///
/// Vectors are shortened by the others until nothing changes (Semaev's three-dimensional reduction
/// without its last refinement: the search is correct in any basis, this only keeps it short).
pub fn compact_basis(lattice: &Matrix3<f64>) -> Option<(Matrix3<f64>, Integers, Integers)> {
    let mut rows: [Vector3<f64>; 3] = std::array::from_fn(|i| lattice.row(i).transpose());
    let mut t: Integers = std::array::from_fn(|i| std::array::from_fn(|j| i64::from(i == j)));
    let mut inverse = t;
    for _ in 0..200 {
        let mut changed = false;
        for target in 0..3 {
            for by in 0..3 {
                if target == by {
                    continue;
                }
                let steps = (rows[target].dot(&rows[by]) / rows[by].norm_squared()).round();
                let shorter = rows[target] - rows[by] * steps;
                // The margin keeps rounding noise from moving vectors to and fro for ever.
                if steps == 0.0 || shorter.norm_squared() >= rows[target].norm_squared() * (1.0 - 1e-10) {
                    continue;
                }
                if steps.is_nan() || steps.abs() >= 1e6 {
                    return None;
                }
                rows[target] = shorter;
                let steps = steps as i64;
                for k in 0..3 {
                    t[target][k] -= steps * t[by][k];
                    inverse[k][by] += steps * inverse[k][target];
                }
                changed = true;
            }
        }
        if t.iter().chain(&inverse).flatten().any(|entry| entry.abs() > 1_000_000) {
            return None;
        }
        if !changed {
            break;
        }
    }
    // From the integers, so that the rows carry no error of many small steps.
    let exact = Matrix3::from_fn(|i, j| (0..3).map(|m| t[i][m] as f64 * lattice[(m, j)]).sum());
    Some((exact, t, inverse))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Element;
    use proptest::prelude::*;

    fn crystal(rows: [[f64; 3]; 3], sites: &[[f64; 3]]) -> Crystal {
        let copper = Element::from_symbol("Cu").unwrap();
        Crystal::ordered(Lattice::from_rows(rows), sites.iter().map(|&x| (copper, x)))
    }

    /// Every image that can be in reach, from the plane spacings of the given cell.
    fn brute_force(crystal: &Crystal, cutoff: f64) -> Vec<(usize, usize, [i32; 3], f64)> {
        let frac = crystal.fractional();
        let spacings = crystal.lattice.plane_spacings();
        let mut pairs = Vec::new();
        for i in 0..frac.len() {
            for j in 0..frac.len() {
                let d = frac[j] - frac[i];
                let range = |k: usize| {
                    let reach = cutoff / spacings[k] + 1e-6;
                    (-d[k] - reach).floor() as i32..=(-d[k] + reach).ceil() as i32
                };
                for x in range(0) {
                    for y in range(1) {
                        for z in range(2) {
                            let n = Vector3::new(f64::from(x), f64::from(y), f64::from(z));
                            let distance = crystal.lattice.to_cartesian(&(d + n)).norm();
                            if distance <= cutoff && (i != j || [x, y, z] != [0, 0, 0]) {
                                pairs.push((i, j, [x, y, z], distance));
                            }
                        }
                    }
                }
            }
        }
        pairs
    }

    fn compare(crystal: &Crystal, cutoff: f64) {
        let list = Neighbours::within(crystal, cutoff).unwrap();
        let got: Vec<_> = list.iter().collect();
        let want = brute_force(crystal, cutoff);
        // Pairs within rounding of the cut-off may fall on either side.
        let safe = |pairs: &[(usize, usize, [i32; 3], f64)]| -> Vec<(usize, usize, [i32; 3])> {
            pairs.iter().filter(|p| p.3 < cutoff - 1e-7).map(|p| (p.0, p.1, p.2)).collect()
        };
        assert_eq!(safe(&got), safe(&want));
        for (i, j, n, distance) in got {
            let d = crystal.sites[j].frac - crystal.sites[i].frac + Vector3::from(n.map(f64::from));
            assert!((crystal.lattice.to_cartesian(&d).norm() - distance).abs() < 1e-7);
        }
    }

    #[test]
    fn coordination_of_fcc() {
        let a = 3.6;
        let fcc =
            crystal([[0.0, a / 2.0, a / 2.0], [a / 2.0, 0.0, a / 2.0], [a / 2.0, a / 2.0, 0.0]], &[[0.0; 3]]);
        let list = Neighbours::within(&fcc, a * 1.01).unwrap();
        assert_eq!(list.len(), 12 + 6);
        assert_eq!(list.around(0), 0..18);
        assert!((min_distance(&fcc).unwrap().unwrap() - a / 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn tiny_cell_and_large_cutoff() {
        compare(
            &crystal(
                [[1.0, 0.0, 0.0], [0.0, 1.2, 0.0], [0.0, 0.0, 0.9]],
                &[[0.2, 0.1, 0.9], [3.7, -8.4, 0.5]],
            ),
            6.0,
        );
    }

    #[test]
    fn every_pair_has_its_bit_equal_reverse() {
        let skew = crystal(
            [[3.0, 0.0, 0.0], [29.0, 4.0, 0.0], [-17.0, 11.0, 2.5]],
            &[[0.13, 0.27, 0.91], [-0.4, 5.3, 0.55], [0.77, 0.1, -2.0]],
        );
        let list = Neighbours::within(&skew, 6.0).unwrap();
        let mut reversed: Vec<_> =
            list.iter().map(|(i, j, n, d)| (j, i, n.map(|x| -x), d.to_bits())).collect();
        reversed.sort_unstable();
        assert_eq!(reversed, list.iter().map(|(i, j, n, d)| (i, j, n, d.to_bits())).collect::<Vec<_>>());
    }

    #[test]
    fn bad_input_is_named() {
        let flat = crystal([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]], &[[0.0; 3]]);
        assert!(matches!(Neighbours::within(&flat, 3.0), Err(NeighbourError::NoVolume(_))));
        let cubic =
            |x: f64| crystal([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], &[[0.0; 3], [x, 0.0, 0.0]]);
        assert!(matches!(
            Neighbours::within(&cubic(f64::NAN), 3.0),
            Err(NeighbourError::BadCoordinates { site: 1, .. })
        ));
        assert!(matches!(Neighbours::within(&cubic(0.5), -1.0), Err(NeighbourError::BadCutoff(_))));
        let collapsed = crystal([[1e-3, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 1e-3]], &[[0.0; 3]]);
        assert!(matches!(Neighbours::within(&collapsed, 6.0), Err(NeighbourError::Collapsed { .. })));
        assert_eq!(
            min_distance(&crystal([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], &[])),
            Ok(None)
        );
    }

    #[test]
    fn coincident_sites_are_neighbours_at_zero() {
        let twins = crystal([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], &[[0.1; 3], [0.1; 3]]);
        assert_eq!(min_distance(&twins), Ok(Some(0.0)));
    }

    prop_compose! {
        /// Cells from compact to very skew: a compact cell times a unimodular matrix.
        fn any_crystal()(
            lengths in prop::array::uniform3(2.0..9.0f64),
            off in prop::array::uniform3(-1.0..1.0f64),
            shear in prop::array::uniform6(-4i32..=4),
            sites in prop::collection::vec(prop::array::uniform3(-2.0..2.0f64), 1..6),
        ) -> Crystal {
            let compact = Matrix3::new(lengths[0], 0.0, 0.0, off[0], lengths[1], 0.0, off[1], off[2], lengths[2]);
            let lower = Matrix3::new(1, 0, 0, shear[0], 1, 0, shear[1], shear[2], 1).map(f64::from);
            let upper = Matrix3::new(1, shear[3], shear[4], 0, 1, shear[5], 0, 0, 1).map(f64::from);
            let lattice = Lattice::from_matrix(lower * upper * compact);
            crystal(lattice.rows(), &sites)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn equals_brute_force(crystal in any_crystal(), cutoff in 0.5..5.0f64) {
            compare(&crystal, cutoff);
        }

        #[test]
        fn min_distance_is_the_first_neighbour(crystal in any_crystal()) {
            let smallest = min_distance(&crystal).unwrap().unwrap();
            let list = Neighbours::within(&crystal, smallest * 1.5).unwrap();
            let first = list.distance.iter().copied().fold(f64::INFINITY, f64::min);
            prop_assert!((first - smallest).abs() < 1e-9);
        }
    }
}
