//! Selection of PL-MOGA (Strandgaard et al., 2024).

use druse_fitness::pareto::{Standing, dominates};
use rand::Rng;
use rand::seq::IndexedRandom;

/// The `count` candidates that are dominated by the fewest others, best first; the first of equals
/// comes first. Crowding does not matter.
pub(super) fn survivors(costs: &[Vec<f64>], violations: &[f64], count: usize) -> Vec<usize> {
    let beats = |a: usize, b: usize| {
        let (x, y) = (violations[a], violations[b]);
        if x == y { dominates(&costs[a], &costs[b]) } else { x < y }
    };
    let dominators = |b: usize| (0..costs.len()).filter(|&a| beats(a, b)).count();
    let mut order: Vec<(usize, usize)> = (0..costs.len()).map(|i| (dominators(i), i)).collect();
    order.sort_unstable();
    order.into_iter().take(count).map(|(_, i)| i).collect()
}

/// Position in `standings` of a parent: the wheel gives everybody a share of the number of the last
/// front + 1 - the number of its own.
pub(super) fn roulette<R: Rng + ?Sized>(standings: &[Standing], rng: &mut R) -> Option<usize> {
    let last = standings.iter().map(|standing| standing.rank).max()?;
    let positions: Vec<usize> = (0..standings.len()).collect();
    positions.choose_weighted(rng, |&i| (last + 1 - standings[i].rank) as f64).ok().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn the_least_dominated_survive() {
        let costs: Vec<Vec<f64>> =
            [[3.0, 3.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [0.0, 0.0]].map(|row| row.to_vec()).to_vec();
        assert_eq!(survivors(&costs, &[0.0, 0.0, 0.0, 0.0, 1.0], 3), [1, 2, 3]);
        assert_eq!(survivors(&costs, &[0.0; 5], 9), [4, 1, 2, 3, 0]);
    }

    #[test]
    fn the_wheel_favours_the_first_front() {
        let standings: Vec<Standing> =
            (0..3).map(|rank| Standing { index: rank, rank, crowding: 0.0 }).collect();
        let mut rng = stream(1, 0);
        let mut counts = [0; 3];
        for _ in 0..6000 {
            counts[roulette(&standings, &mut rng).unwrap()] += 1;
        }
        // Shares of 3/6, 2/6 and 1/6 with a standard deviation of about 39.
        assert!((2800..3200).contains(&counts[0]) && (850..1150).contains(&counts[2]), "{counts:?}");
        assert_eq!(roulette(&[], &mut rng), None);
    }
}
