//! Ligands on the sites of a polyhedron.

use std::sync::Arc;

use druse_representations::Geometry;
use rand::Rng;
use rand::seq::SliceRandom;

use super::part::Part;

/// Largest difference (degrees) between the angle of two donors in a ligand and that of their sites.
const TOLERANCE: f64 = 35.0;
/// Steps of the search for free sites.
const STEPS: usize = 500;

/// Whether a ligand with these angles between its donors can take these sites.
pub(crate) fn spans(part: &Part, geometry: Geometry, sites: &[usize]) -> bool {
    (1..sites.len()).all(|last| fits(part, geometry, &sites[..=last]))
}

/// Whether the last of these sites goes with those before.
fn fits(part: &Part, geometry: Geometry, sites: &[usize]) -> bool {
    let (count, last) = (part.denticity(), sites.len() - 1);
    (0..last).all(|first| {
        let pair = first * (2 * count - first - 1) / 2 + (last - first - 1);
        let wanted = part.angles.get(pair).copied().flatten();
        wanted.is_none_or(|angle| (geometry.angle(sites[first], sites[last]) - angle).abs() <= TOLERANCE)
    })
}

/// A random arrangement of ligands on the free sites: the site of each donor of each of them; `None`
/// when none is found.
pub(crate) fn place<R: Rng + ?Sized>(
    geometry: Geometry,
    parts: &[Arc<Part>],
    free: &[usize],
    rng: &mut R,
) -> Option<Vec<Vec<usize>>> {
    if parts.iter().map(|part| part.denticity()).sum::<usize>() != free.len() {
        return None;
    }
    // Those that need most sites first; equal ones in random order.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.shuffle(rng);
    order.sort_by_key(|&i| std::cmp::Reverse(parts[i].denticity()));
    let mut search = Search { geometry, parts, order, free: free.to_vec(), steps: STEPS };
    let mut sites: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    search.descend(0, &mut sites, rng).then_some(sites)
}

struct Search<'a> {
    geometry: Geometry,
    parts: &'a [Arc<Part>],
    order: Vec<usize>,
    free: Vec<usize>,
    steps: usize,
}

impl Search<'_> {
    fn descend<R: Rng + ?Sized>(&mut self, rank: usize, sites: &mut [Vec<usize>], rng: &mut R) -> bool {
        let Some(&which) = self.order.get(rank) else { return true };
        let part = &self.parts[which];
        if sites[which].len() == part.denticity() {
            return self.descend(rank + 1, sites, rng);
        }
        let mut choices = self.free.clone();
        choices.shuffle(rng);
        for site in choices {
            if self.steps == 0 {
                return false;
            }
            self.steps -= 1;
            sites[which].push(site);
            if fits(part, self.geometry, &sites[which]) {
                self.free.retain(|&other| other != site);
                if self.descend(rank, sites, rng) {
                    return true;
                }
                self.free.push(site);
                self.free.sort_unstable();
            }
            sites[which].pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complexes::testing::ligand;
    use crate::stream::stream;

    #[test]
    fn chelates_take_neighbouring_sites() {
        let (bipy, ammonia) = (Arc::new(Part::new(ligand("bipy"))), Arc::new(Part::new(ligand("NH3"))));
        let parts = [ammonia.clone(), bipy.clone(), ammonia, bipy.clone()];
        for number in 0..50 {
            let sites =
                place(Geometry::Octahedral, &parts, &[0, 1, 2, 3, 4, 5], &mut stream(0, number)).unwrap();
            for chelate in [&sites[1], &sites[3]] {
                assert!((Geometry::Octahedral.angle(chelate[0], chelate[1]) - 90.0).abs() < 1e-9);
            }
            let mut all: Vec<usize> = sites.concat();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4, 5]);
        }
        assert!(place(Geometry::Linear, std::slice::from_ref(&bipy), &[0, 1], &mut stream(0, 0)).is_none());
        assert!(
            place(Geometry::Tetrahedral, &[bipy.clone(), bipy.clone()], &[0, 1, 2, 3], &mut stream(0, 0))
                .is_some()
        );
        assert!(place(Geometry::Linear, &[bipy.clone(), bipy.clone()], &[0, 1], &mut stream(0, 0)).is_none());
    }

    #[test]
    fn shapes_decide_between_fac_and_mer() {
        let mut part = Part::new(ligand("bipy"));
        part.ligand.donors = vec![vec![0], vec![1], vec![2]];
        part.angles = vec![Some(79.0), Some(160.0), Some(83.0)];
        let spans = |sites: &[usize]| spans(&part, Geometry::Octahedral, sites);
        assert!(spans(&[0, 1, 2]) && spans(&[4, 0, 5]));
        assert!(!spans(&[0, 2, 1]) && !spans(&[0, 1, 4]));
    }
}
