//! Ligands on sites up to the symmetry of the polyhedron.

use std::cmp::Ordering;

use super::ComplexError;
use super::Geometry;

/// A ligand on its sites, reduced to what the arrangement depends on.
#[derive(Clone, Debug)]
pub(super) struct Guest<'a, K> {
    /// Equal exactly for equal ligands.
    pub key: K,
    /// The orders in which its donors may be listed: each is a permutation of the donors, and all
    /// of them look the same from the metal.
    pub orders: &'a [Vec<usize>],
    /// Site of each donor.
    pub sites: &'a [usize],
}

/// A ligand in the canonical arrangement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seat<K> {
    /// Key of the ligand.
    pub key: K,
    /// Sites in the order of the donors that was chosen.
    pub sites: Vec<usize>,
    /// Index of that order.
    pub order: usize,
    /// Index of the guest.
    pub guest: usize,
}

/// What an arrangement looks like: which ligand holds which sites.
pub(super) type Face<K> = Vec<(K, Vec<usize>)>;

/// The smallest face and all that looks like it.
#[derive(Clone, Debug)]
pub(super) struct Arrangement<K> {
    /// The face.
    pub face: Face<K>,
    /// For each symmetry that gives this face, the seats in its order.
    pub seats: Vec<Vec<Seat<K>>>,
}

/// The smallest list of (key, sites) over all `symmetries` of the polyhedron, all orders of the
/// ligands and all equivalent orders of their donors.
pub(super) fn canonical<K: Ord + Clone>(symmetries: &[Vec<usize>], guests: &[Guest<K>]) -> Arrangement<K> {
    let mut best = Arrangement { face: Face::new(), seats: Vec::new() };
    for symmetry in symmetries {
        let seat = |(guest, item): (usize, &Guest<K>)| {
            let sites = |order: &Vec<usize>| order.iter().map(|&donor| symmetry[item.sites[donor]]).collect();
            let listed = item.orders.iter().enumerate().map(|(index, order)| (sites(order), index));
            let (sites, order): (Vec<usize>, usize) = listed.min().unwrap_or_default();
            Seat { key: item.key.clone(), sites, order, guest }
        };
        let mut seats: Vec<Seat<K>> = guests.iter().enumerate().map(seat).collect();
        seats.sort();
        let face: Face<K> = seats.iter().map(|seat| (seat.key.clone(), seat.sites.clone())).collect();
        match face.cmp(&best.face) {
            Ordering::Greater if !best.seats.is_empty() => (),
            Ordering::Equal => best.seats.push(seats),
            _ => best = Arrangement { face, seats: vec![seats] },
        }
    }
    best
}

/// All ways to put ligands (key, equivalent donor orders) on the sites that no rotation makes
/// equal, as the sites of each donor of each ligand, in a fixed order.
///
/// `allowed(ligand, sites)` says whether a ligand can span these sites.
pub(super) fn enumerate<K: Ord + Clone>(
    geometry: Geometry,
    ligands: &[(K, &[Vec<usize>])],
    allowed: &dyn Fn(usize, &[usize]) -> bool,
) -> Result<Vec<Vec<Vec<usize>>>, ComplexError> {
    let sites = geometry.site_count();
    let donors: usize = ligands.iter().map(|(_, orders)| orders.first().map_or(0, Vec::len)).sum();
    if donors != sites {
        return Err(ComplexError::CoordinationNumber { donors, sites, geometry });
    }
    let mut search =
        Search { geometry, ligands, allowed, placed: Vec::new(), free: vec![true; sites], found: Vec::new() };
    search.place_next();
    Ok(search.found.into_iter().map(|(_, sites)| sites).collect())
}

struct Search<'a, K> {
    geometry: Geometry,
    ligands: &'a [(K, &'a [Vec<usize>])],
    allowed: &'a dyn Fn(usize, &[usize]) -> bool,
    placed: Vec<Vec<usize>>,
    free: Vec<bool>,
    found: Vec<(Face<K>, Vec<Vec<usize>>)>,
}

impl<K: Ord + Clone> Search<'_, K> {
    fn place_next(&mut self) {
        let index = self.placed.len();
        let Some((key, orders)) = self.ligands.get(index) else {
            self.keep();
            return;
        };
        let Some(first) = orders.first() else { return };
        let listed = |order: &[usize], sites: &[usize]| -> Vec<usize> {
            order.iter().map(|&donor| sites[donor]).collect()
        };
        // Equal ligands take their sites in ascending order, as exchanging them gives nothing new.
        let before = (0..index).rev().find(|&other| self.ligands[other].0 == *key);
        let least = before.map(|other| listed(&self.ligands[other].1[0], &self.placed[other]));
        for choice in choices(&self.free, first.len()) {
            let mut sites = vec![0; choice.len()];
            first.iter().zip(&choice).for_each(|(&donor, &site)| sites[donor] = site);
            let repeats = orders.iter().any(|order| listed(order, &sites) < choice);
            if repeats
                || least.as_ref().is_some_and(|least| choice < *least)
                || !(self.allowed)(index, &sites)
            {
                continue;
            }
            choice.iter().for_each(|&site| self.free[site] = false);
            self.placed.push(sites);
            self.place_next();
            self.placed.pop();
            choice.iter().for_each(|&site| self.free[site] = true);
        }
    }

    fn keep(&mut self) {
        let guests: Vec<Guest<K>> = self
            .ligands
            .iter()
            .zip(&self.placed)
            .map(|((key, orders), sites)| Guest { key: key.clone(), orders, sites })
            .collect();
        let face = canonical(self.geometry.rotations(), &guests).face;
        if let Err(place) = self.found.binary_search_by(|(known, _)| known.cmp(&face)) {
            self.found.insert(place, (face, self.placed.clone()));
        }
    }
}

/// All ordered choices of `count` free sites, in lexical order.
fn choices(free: &[bool], count: usize) -> Vec<Vec<usize>> {
    let mut partial = vec![Vec::new()];
    for _ in 0..count {
        let extend = |choice: &Vec<usize>| {
            let open =
                (0..free.len()).filter(|site| free[*site] && !choice.contains(site)).collect::<Vec<_>>();
            let with = |site: usize| choice.iter().copied().chain([site]).collect::<Vec<usize>>();
            open.into_iter().map(with).collect::<Vec<_>>()
        };
        partial = partial.iter().flat_map(extend).collect();
    }
    partial
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Isomers of one letter per monodentate ligand, and of symmetric (`=`) or unsymmetric (`-`)
    /// chelates given as letter pairs, for instance `A=A B-C D`. Chelates need neighbouring sites.
    fn count(geometry: Geometry, formula: &str) -> usize {
        let (one, two) = (vec![vec![0]], vec![vec![0, 1]]);
        let both = vec![vec![0, 1], vec![1, 0]];
        let orders = |word: &str| match (word.len(), word.contains('=')) {
            (1, _) => one.as_slice(),
            (_, true) => both.as_slice(),
            _ => two.as_slice(),
        };
        let ligands: Vec<(&str, &[Vec<usize>])> =
            formula.split(' ').map(|word| (word, orders(word))).collect();
        let near = |_: usize, sites: &[usize]| sites.len() < 2 || geometry.angle(sites[0], sites[1]) < 100.0;
        enumerate(geometry, &ligands, &near).unwrap().len()
    }

    /// Counts of stereoisomers, enantiomers counted as two: J. C. Bailar, J. Chem. Educ. 34, 334
    /// (1957) and B. A. Kennedy, D. A. McQuarrie, C. H. Brubaker, Inorg. Chem. 3, 265 (1964).
    #[test]
    fn textbook_counts() {
        use Geometry::{Octahedral, PentagonalBipyramidal, SquarePlanar, Tetrahedral, TrigonalBipyramidal};
        let table = [
            (Octahedral, "A A A A B B", 2),
            (Octahedral, "A A A B B B", 2),
            (Octahedral, "A A B B C C", 6),
            (Octahedral, "A A A B B C", 3),
            (Octahedral, "A A A B C D", 5),
            (Octahedral, "A A B B C D", 8),
            (Octahedral, "A A B C D E", 15),
            (Octahedral, "A B C D E F", 30),
            (Octahedral, "A=A A=A A=A", 2),
            (Octahedral, "A-B A-B A-B", 4),
            (Octahedral, "A=A A=A B B", 3),
            (Octahedral, "A=A A=A B C", 3),
            (Octahedral, "A=A B B C C", 4),
            (SquarePlanar, "A A B B", 2),
            (SquarePlanar, "A B C D", 3),
            (SquarePlanar, "A-B A-B", 2),
            (Tetrahedral, "A B C D", 2),
            (Tetrahedral, "A A B C", 1),
            (TrigonalBipyramidal, "A A A A B", 2),
            (TrigonalBipyramidal, "A A A B B", 3),
            (TrigonalBipyramidal, "A B C D E", 20),
            (PentagonalBipyramidal, "A A A A A A B", 2),
        ];
        for (geometry, formula, expected) in table {
            assert_eq!(count(geometry, formula), expected, "{geometry} {formula}");
        }
    }

    #[test]
    fn equal_ligands_may_number_their_donors_differently() {
        let (one, other) = (vec![vec![0, 1]], vec![vec![1, 0]]);
        let ligands = [("A-B", one.as_slice()), ("A-B", other.as_slice())];
        let near = |_: usize, sites: &[usize]| Geometry::SquarePlanar.angle(sites[0], sites[1]) < 100.0;
        assert_eq!(enumerate(Geometry::SquarePlanar, &ligands, &near).unwrap().len(), 2);
    }

    #[test]
    fn too_few_donors_are_refused() {
        let orders = vec![vec![0]];
        let error = enumerate(Geometry::Linear, &[("A", orders.as_slice())], &|_, _| true).unwrap_err();
        assert!(error.to_string().contains("1 donors; expected 2"), "{error}");
    }
}
