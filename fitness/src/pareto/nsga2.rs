//! Selection of NSGA-II: rank, then crowding (Deb et al., IEEE Trans. Evol. Comput. 6, 182 (2002)).

use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::crowding::thin_out;
use super::fronts;

/// Where a candidate stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Index of the candidate.
    pub index: usize,
    /// Number of its front, 0 is the best.
    pub rank: usize,
    /// Crowding distance within its front; more is better.
    pub crowding: f64,
}

/// The best `count` candidates (all, if there are fewer): front by front; from the front that does
/// not fit the most crowded member is taken out again and again (Kukkonen and Deb, CEC 2006). Best
/// first.
pub fn rank_and_crowding(costs: &[Vec<f64>], violations: &[f64], count: usize) -> Vec<Standing> {
    let mut survivors: Vec<Standing> = Vec::with_capacity(count.min(costs.len()));
    for (rank, front) in fronts(costs, violations).into_iter().enumerate() {
        let room = count - survivors.len();
        if room == 0 {
            break;
        }
        let mut members: Vec<Standing> = thin_out(costs, &front, room)
            .into_iter()
            .map(|(index, crowding)| Standing { index, rank, crowding })
            .collect();
        members.sort_by(|a, b| b.crowding.total_cmp(&a.crowding).then(a.index.cmp(&b.index)));
        survivors.extend(members);
    }
    survivors
}

/// Winners of `count` binary tournaments, as positions in `standings`: the lower rank wins, then the
/// larger crowding distance, then chance. Opponents come from shuffled rounds in which everybody
/// plays, so each candidate enters equally many tournaments (to within one).
///
/// Empty when there is nobody to choose from.
pub fn binary_tournaments<R: Rng + ?Sized>(standings: &[Standing], count: usize, rng: &mut R) -> Vec<usize> {
    // Opponents are in random order, so the first of a tie is as random as any.
    let better = |a: usize, b: usize| {
        let (x, y) = (&standings[a], &standings[b]);
        x.rank.cmp(&y.rank).then(y.crowding.total_cmp(&x.crowding)).is_le()
    };
    pairings(standings.len(), count, rng).into_iter().map(|(a, b)| if better(a, b) { a } else { b }).collect()
}

/// `count` pairs of numbers below `n`, from consecutive random permutations of them.
pub(super) fn pairings<R: Rng + ?Sized>(n: usize, count: usize, rng: &mut R) -> Vec<(usize, usize)> {
    if n == 0 {
        return Vec::new();
    }
    let mut entrants: Vec<usize> = Vec::with_capacity(2 * count + n);
    while entrants.len() < 2 * count {
        let round = entrants.len();
        entrants.extend(0..n);
        entrants[round..].shuffle(rng);
    }
    entrants.chunks_exact(2).take(count).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn whole_fronts_then_the_least_crowded() {
        let costs = vec![
            vec![0.0, 3.0],
            vec![0.5, 1.9],
            vec![0.8, 1.8],
            vec![3.0, 0.0],
            vec![0.0, 2.0],
            vec![2.0, 0.0],
        ];
        let chosen = |count| -> Vec<(usize, usize)> {
            rank_and_crowding(&costs, &[], count).iter().map(|s| (s.index, s.rank)).collect()
        };
        // 1 and 2 lie inside the front of 4 and 5; 0 and 3 are dominated. Distances of 1 and 2:
        // (0.8 - 0 + 2 - 1.8)/2 = 0.5 and (2 - 0.5 + 1.9 - 0)/2 = 1.7.
        assert_eq!(chosen(5), [(4, 0), (5, 0), (2, 0), (1, 0), (0, 1)]);
        assert_eq!(chosen(3), [(4, 0), (5, 0), (2, 0)]);
        assert_eq!(rank_and_crowding(&costs, &[], 9).len(), 6);
        assert!(rank_and_crowding(&costs, &[], 0).is_empty());
        assert!(rank_and_crowding(&[], &[], 3).is_empty());
    }

    #[test]
    fn feasible_candidates_come_first() {
        let costs = vec![vec![0.0], vec![5.0], vec![9.0]];
        let survivors = rank_and_crowding(&costs, &[0.2, 0.0, 0.1], 3);
        assert_eq!(survivors.iter().map(|s| s.index).collect::<Vec<_>>(), [1, 2, 0]);
    }

    #[test]
    fn tournaments_favour_the_better_and_are_fair() {
        let standings: Vec<Standing> =
            (0..10).map(|index| Standing { index, rank: index / 5, crowding: (index % 5) as f64 }).collect();
        let winners = binary_tournaments(&standings, 10_000, &mut ChaCha8Rng::seed_from_u64(1));
        let mut wins = [0; 10];
        for winner in winners {
            wins[winner] += 1;
        }
        // Expected share of wins by quality order: place q of 10 wins (9 - q) of 45 pairings.
        for (place, index) in [4, 3, 2, 1, 0, 9, 8, 7, 6, 5].into_iter().enumerate() {
            let expected = 10_000 * (9 - place) / 45;
            assert!((wins[index] - expected as i32).abs() < 150, "{wins:?}");
        }
        assert!(binary_tournaments(&[], 3, &mut ChaCha8Rng::seed_from_u64(1)).is_empty());
        assert_eq!(binary_tournaments(&standings[..1], 2, &mut ChaCha8Rng::seed_from_u64(1)), [0, 0]);
    }
}
