//! Sites that are equivalent by symmetry see the same distances: one row serves an orbit.
//!
//! Isometries of the lattice are integer matrices W with W G W^T = G (G: metric tensor). Combined with every
//! translation that carries one site of the rarest kind onto another, f -> f W + t, they are kept
//! when they carry every site onto a site of its kind. What is missed (a search that grows too long is
//! given up) only costs time.

use druse_representations::nalgebra::Vector3;

use super::points::{Occupancy, Points};

/// Sites this far (Å) from the image of another are its image: rows then differ by at most twice that,
/// well below what merges rows.
const TOLERANCE: f64 = 2e-5;
/// Relative tolerance of the metric: at 10 Å as much as [`TOLERANCE`].
const METRIC_TOLERANCE: f64 = 4e-6;
/// Comparisons per site after which the search is given up; a row costs as much as some hundreds.
const PATIENCE: usize = 100;

/// The orbits of the sites.
pub(super) struct Orbits {
    /// One site of each orbit.
    pub representatives: Vec<u32>,
    /// Number of the orbit of each site.
    pub of: Vec<u32>,
}

impl Orbits {
    pub fn new(points: &Points, occupancies: &[Occupancy]) -> Self {
        let mut search = Isometries::new(points, kinds(points.len(), occupancies));
        search.run();
        let mut representatives = Vec::new();
        let mut number = vec![u32::MAX; points.len()];
        let mut of = Vec::with_capacity(points.len());
        for site in 0..points.len() {
            let root = search.root(site);
            if number[root] == u32::MAX {
                number[root] = representatives.len() as u32;
                representatives.push(site as u32);
            }
            of.push(number[root]);
        }
        Self { representatives, of }
    }

    /// Sum of the shares of some occupants in each orbit.
    pub fn weights<'a>(&self, occupancies: impl IntoIterator<Item = &'a Occupancy>) -> Vec<f64> {
        let mut weights = vec![0.0; self.representatives.len()];
        for occupancy in occupancies {
            weights[self.of[occupancy.site] as usize] += occupancy.share;
        }
        weights
    }
}

/// Number of the kind of each site: who sits there, with equal shares.
fn kinds(sites: usize, occupancies: &[Occupancy]) -> Vec<u32> {
    let mut known: Vec<&[Occupancy]> = Vec::new();
    let mut kinds = Vec::with_capacity(sites);
    for on_site in occupancies.chunk_by(|x, y| x.site == y.site) {
        let same = |other: &&[Occupancy]| {
            let mut pairs = other.iter().zip(on_site);
            other.len() == on_site.len() && pairs.all(|(x, y)| x.element == y.element && x.share == y.share)
        };
        let kind = known.iter().position(same).unwrap_or_else(|| {
            known.push(on_site);
            known.len() - 1
        });
        kinds.push(kind as u32);
    }
    kinds
}

struct Isometries<'a> {
    points: &'a Points,
    kind: Vec<u32>,
    /// Sites of each kind.
    members: Vec<Vec<u32>>,
    /// All sites, those of rare kinds first: they tell soonest that an isometry does not fit.
    order: Vec<u32>,
    /// Largest differences of fractional coordinates.
    window: [f64; 3],
    /// Parents of a forest whose trees are the orbits.
    parent: Vec<u32>,
    orbits: usize,
    /// Image of each site under the isometry that is looked at.
    image: Vec<u32>,
    patience: usize,
}

impl<'a> Isometries<'a> {
    fn new(points: &'a Points, kind: Vec<u32>) -> Self {
        let mut members: Vec<Vec<u32>> = Vec::new();
        for (site, &kind) in kind.iter().enumerate() {
            if kind as usize == members.len() {
                members.push(Vec::new());
            }
            members[kind as usize].push(site as u32);
        }
        let mut by_number: Vec<&Vec<u32>> = members.iter().collect();
        by_number.sort_by_key(|members| members.len());
        let order = by_number.into_iter().flatten().copied().collect();
        Self {
            points,
            kind,
            members,
            order,
            window: points.spacings.map(|spacing| TOLERANCE / spacing),
            parent: (0..points.len() as u32).collect(),
            orbits: points.len(),
            image: vec![0; points.len()],
            patience: PATIENCE * points.len(),
        }
    }

    /// Joins the orbits until there is one of each kind.
    fn run(&mut self) {
        if self.orbits == self.members.len() {
            return;
        }
        let Some(&first) = self.order.first() else { return };
        let rarest = self.members[self.kind[first as usize] as usize].clone();
        let start = self.points.frac[first as usize];
        for isometry in isometries(&self.points.lattice) {
            let turned = turn(&start, &isometry);
            for &to in &rarest {
                let there = self.points.frac[to as usize];
                let shift = std::array::from_fn(|k| there[k] - turned[k]);
                if self.maps(&isometry, &shift) {
                    for site in 0..self.image.len() {
                        self.join(site, self.image[site] as usize);
                    }
                }
                if self.orbits == self.members.len() || self.patience == 0 {
                    return;
                }
            }
        }
    }

    /// Whether an isometry carries every site onto one of its kind, and the first site of some orbit
    /// onto one of another orbit; fills in the images.
    fn maps(&mut self, isometry: &Isometry, shift: &[f64; 3]) -> bool {
        let mut useful = false;
        for first in [true, false] {
            for place in 0..self.order.len() {
                let site = self.order[place] as usize;
                if (self.parent[site] as usize == site) != first {
                    continue;
                }
                let turned = turn(&self.points.frac[site], isometry);
                let place: [f64; 3] = std::array::from_fn(|k| turned[k] + shift[k]);
                let members = &self.members[self.kind[site] as usize];
                let found = members.iter().position(|&other| self.near(&place, other));
                self.patience = self.patience.saturating_sub(found.unwrap_or(members.len()) + 1);
                let Some(found) = found else { return false };
                self.image[site] = members[found];
                useful |= first && self.root(self.image[site] as usize) != site;
            }
            if !useful {
                return false;
            }
        }
        true
    }

    fn near(&self, place: &[f64; 3], site: u32) -> bool {
        let there = &self.points.frac[site as usize];
        let mut d = [0.0; 3];
        for k in 0..3 {
            d[k] = place[k] - there[k];
            d[k] -= nearest_whole(d[k]);
            if d[k].abs() > self.window[k] {
                return false;
            }
        }
        let lattice = &self.points.lattice;
        (lattice[0] * d[0] + lattice[1] * d[1] + lattice[2] * d[2]).norm_squared() <= TOLERANCE * TOLERANCE
    }

    fn root(&self, mut site: usize) -> usize {
        while self.parent[site] as usize != site {
            site = self.parent[site] as usize;
        }
        site
    }

    fn join(&mut self, x: usize, y: usize) {
        let (x, y) = (self.root(x), self.root(y));
        if x != y {
            self.parent[x.max(y)] = x.min(y) as u32;
            self.orbits -= 1;
        }
    }
}

/// Rows: images of the lattice vectors in the lattice vectors.
type Isometry = [[f64; 3]; 3];

fn turn(frac: &[f64; 3], isometry: &Isometry) -> [f64; 3] {
    std::array::from_fn(|k| frac[0] * isometry[0][k] + frac[1] * isometry[1][k] + frac[2] * isometry[2][k])
}

/// The whole number next to a number of moderate size.
fn nearest_whole(x: f64) -> f64 {
    // 1.5 * 2^52: doubles of this size have no fraction.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    (x + SHIFT) - SHIFT
}

/// Matrices of numbers -1, 0 and 1 that leave the metric as it is: all of them for a lattice whose
/// vectors are the shortest. The identity is the first.
fn isometries(lattice: &[Vector3<f64>; 3]) -> Vec<Isometry> {
    let square = lattice.map(|vector| vector.norm_squared());
    let length = square.map(f64::sqrt);
    // Vectors as long as each of the lattice vectors.
    let mut images: [Vec<([f64; 3], Vector3<f64>)>; 3] = std::array::from_fn(|_| Vec::with_capacity(8));
    const DIGITS: [f64; 3] = [1.0, 0.0, -1.0];
    for x in DIGITS {
        for y in DIGITS {
            let plane = lattice[0] * x + lattice[1] * y;
            for z in DIGITS {
                let vector = plane + lattice[2] * z;
                let norm = vector.norm_squared();
                for i in 0..3 {
                    if (norm - square[i]).abs() <= METRIC_TOLERANCE * square[i] {
                        images[i].push(([x, y, z], vector));
                    }
                }
            }
        }
    }
    let fits = |x: &Vector3<f64>, y: &Vector3<f64>, i: usize, j: usize| {
        (x.dot(y) - lattice[i].dot(&lattice[j])).abs() <= METRIC_TOLERANCE * length[i] * length[j]
    };
    let mut found = Vec::with_capacity(48);
    found.push([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    for (a, first) in &images[0] {
        for (b, second) in images[1].iter().filter(|(_, second)| fits(first, second, 0, 1)) {
            for (c, third) in &images[2] {
                let isometry = [*a, *b, *c];
                if fits(first, third, 0, 2) && fits(second, third, 1, 2) && isometry != found[0] {
                    found.push(isometry);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::points::occupancies;
    use crate::fingerprint::testing::{any_crystal, any_setting};
    use druse_datasets::prototypes::prototypes;
    use druse_representations::{Crystal, Representation, SymmetryRepresentation};
    use proptest::prelude::*;

    fn orbits(crystal: &Crystal) -> Orbits {
        let points = Points::of(crystal).unwrap();
        Orbits::new(&points, &occupancies(crystal, |element| element).unwrap())
    }

    /// The occupied positions of a structure type are its orbits, if its space group is all of its
    /// symmetry.
    #[test]
    fn orbits_of_structure_types() {
        let symmetry = SymmetryRepresentation::default();
        let (mut all, mut found) = (0, 0);
        for prototype in prototypes() {
            let crystal = symmetry.decode(&prototype.code()).unwrap();
            let orbits = orbits(&crystal).representatives.len();
            all += 1;
            found += usize::from(orbits <= prototype.orbits.len());
        }
        println!("{found} of {all}");
        assert!(found * 10 >= all * 9, "{found} of {all}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A doubled cell has no more orbits.
        #[test]
        fn copies_are_one_orbit(crystal in any_crystal(), setting in any_setting()) {
            let doubled = orbits(&setting.of(&crystal));
            prop_assert!(doubled.representatives.len() <= crystal.sites.len());
            prop_assert!(doubled.of.iter().all(|&orbit| (orbit as usize) < doubled.representatives.len()));
        }
    }
}
