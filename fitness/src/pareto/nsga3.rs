//! Selection of NSGA-III: rank, then niches around reference directions (Deb and Jain, IEEE Trans.
//! Evol. Comput. 18, 577 (2014); constraints after Jain and Deb, ibid. 602).

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::dominance::violation_of;
use super::fronts;
use super::normalise::Normalisation;

/// Reference directions and what was learnt about the scale of the costs: the state of NSGA-III
/// between generations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceDirections {
    /// Directions of length 1.
    directions: Vec<Vec<f64>>,
    normalisation: Normalisation,
}

/// A survivor and its niche.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Niche {
    /// Index of the candidate.
    pub index: usize,
    /// Number of its front among the feasible candidates, 0 is the best; infeasible ones follow.
    pub rank: usize,
    /// Index of the nearest direction; `None` for a candidate that is infeasible or has a cost
    /// that is not finite.
    pub direction: Option<usize>,
    /// Distance from that direction in normalised costs.
    pub distance: f64,
}

impl ReferenceDirections {
    /// Selection along some directions, one non-negative weight per objective, for instance from
    /// [`das_dennis`](super::das_dennis). Directions without length are left out.
    pub fn new(directions: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let unit = |mut direction: Vec<f64>| {
            let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
            direction.iter_mut().for_each(|x| *x /= length);
            (length > 0.0 && length.is_finite()).then_some(direction)
        };
        Self {
            directions: directions.into_iter().filter_map(unit).collect(),
            normalisation: Normalisation::default(),
        }
    }

    /// Number of directions.
    pub fn len(&self) -> usize {
        self.directions.len()
    }

    /// Whether there is no direction.
    pub fn is_empty(&self) -> bool {
        self.directions.is_empty()
    }

    /// The best `count` candidates (all, if there are fewer): feasible ones front by front, the front
    /// that does not fit by niches; then infeasible ones by violation. Updates the scale of the
    /// costs.
    pub fn select<R: Rng + ?Sized>(
        &mut self,
        costs: &[Vec<f64>],
        violations: &[f64],
        count: usize,
        rng: &mut R,
    ) -> Vec<Niche> {
        let proper = |i: &usize| {
            violation_of(*i, costs, violations) == 0.0 && costs[*i].iter().all(|cost| cost.is_finite())
        };
        let mut survivors: Vec<Niche> = Vec::with_capacity(count.min(costs.len()));
        let all = fronts(costs, violations);
        let mut scaled = false;
        for (rank, front) in all.iter().enumerate() {
            let room = count - survivors.len();
            if room == 0 {
                break;
            }
            let (feasible, others): (Vec<usize>, Vec<usize>) = front.iter().partition(|i| proper(i));
            if !scaled && !feasible.is_empty() {
                self.learn_scale(costs, &all, &proper, &feasible, count);
                scaled = true;
            }
            let members: Vec<Niche> =
                feasible.into_iter().map(|i| self.associate(i, rank, &costs[i])).collect();
            if members.len() <= room {
                survivors.extend(members);
            } else {
                let chosen = self.fill_niches(&survivors, members, room, rng);
                survivors.extend(chosen);
            }
            let others =
                others.into_iter().map(|index| Niche { index, rank, direction: None, distance: 0.0 });
            survivors.extend(others.take(count - survivors.len()));
        }
        survivors
    }

    /// Updates ideal point and scale by the fronts that are needed for `count` survivors.
    fn learn_scale(
        &mut self,
        costs: &[Vec<f64>],
        all: &[Vec<usize>],
        proper: &dyn Fn(&usize) -> bool,
        first: &[usize],
        count: usize,
    ) {
        let mut needed: Vec<&[f64]> = Vec::new();
        for front in all {
            if needed.len() >= count {
                break;
            }
            needed.extend(front.iter().filter(|i| proper(i)).map(|&i| costs[i].as_slice()));
        }
        let first: Vec<&[f64]> = first.iter().map(|&i| costs[i].as_slice()).collect();
        self.normalisation.update(&needed, &first);
    }

    /// The nearest direction of a candidate.
    fn associate(&self, index: usize, rank: usize, costs: &[f64]) -> Niche {
        let point = self.normalisation.apply(costs);
        let square: f64 = point.iter().map(|x| x * x).sum();
        let mut nearest = (None, f64::NEG_INFINITY);
        for (number, direction) in self.directions.iter().enumerate() {
            // The smallest distance has the longest projection.
            let projection: f64 = point.iter().zip(direction).map(|(x, w)| x * w).sum();
            if projection > nearest.1 {
                nearest = (Some(number), projection);
            }
        }
        let distance =
            if nearest.0.is_some() { (square - nearest.1 * nearest.1).max(0.0).sqrt() } else { 0.0 };
        Niche { index, rank, direction: nearest.0, distance }
    }

    /// Chooses `room` of the members of the last front: again and again one for the direction with
    /// the fewest survivors; for a direction without any the nearest member, else a random one.
    fn fill_niches<R: Rng + ?Sized>(
        &self,
        survivors: &[Niche],
        mut members: Vec<Niche>,
        room: usize,
        rng: &mut R,
    ) -> Vec<Niche> {
        let mut filled = vec![0_usize; self.directions.len()];
        for direction in survivors.iter().filter_map(|niche| niche.direction) {
            filled[direction] += 1;
        }
        // Shuffled once, so that the last in a list is a random member.
        members.shuffle(rng);
        let mut waiting: Vec<Vec<Niche>> = vec![Vec::new(); self.directions.len()];
        let mut chosen: Vec<Niche> = Vec::with_capacity(room);
        for member in members {
            match member.direction {
                Some(direction) => waiting[direction].push(member),
                // No directions at all: the random order decides.
                None if chosen.len() < room => chosen.push(member),
                None => {}
            }
        }
        while chosen.len() < room {
            let open = |direction: &usize| !waiting[*direction].is_empty();
            let Some(fewest) = (0..waiting.len()).filter(open).map(|direction| filled[direction]).min()
            else {
                break;
            };
            let emptiest: Vec<usize> =
                (0..waiting.len()).filter(open).filter(|&direction| filled[direction] == fewest).collect();
            let direction = emptiest[rng.random_range(0..emptiest.len())];
            let queue = &mut waiting[direction];
            let nearest = (0..queue.len()).min_by(|&a, &b| queue[a].distance.total_cmp(&queue[b].distance));
            match nearest {
                Some(nearest) if fewest == 0 => chosen.push(queue.swap_remove(nearest)),
                _ => chosen.extend(queue.pop()),
            }
            filled[direction] += 1;
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::das_dennis;
    use super::*;

    fn indices(niches: &[Niche]) -> Vec<usize> {
        let mut indices: Vec<usize> = niches.iter().map(|niche| niche.index).collect();
        indices.sort_unstable();
        indices
    }

    #[test]
    fn one_survivor_per_direction_on_a_crowded_front() {
        // Directions of a ternary simplex, each with two points around it: one on it, one off it.
        let directions = das_dennis(3, 4);
        let mut costs = directions.clone();
        costs.extend(directions.iter().map(|w| {
            let shift = [0.04, -0.02, -0.02];
            let moved: Vec<f64> = w.iter().zip(shift).map(|(x, s)| (x + s).max(0.0)).collect();
            let sum: f64 = moved.iter().sum();
            moved.into_iter().map(|x| x / sum).collect()
        }));
        let mut selection = ReferenceDirections::new(directions);
        let survivors = selection.select(&costs, &[], 15, &mut ChaCha8Rng::seed_from_u64(3));
        let mut niches: Vec<usize> = survivors.iter().filter_map(|s| s.direction).collect();
        niches.sort_unstable();
        niches.dedup();
        assert_eq!(niches.len(), 15);
        assert!(survivors.iter().all(|s| s.distance < 0.02));
    }

    #[test]
    fn constraints_and_undefined_costs() {
        let costs = vec![
            vec![f64::NAN, 0.0],
            vec![0.0, 1.0],
            vec![0.0, 0.0],
            vec![f64::INFINITY, -1.0],
            vec![0.0, -9.0],
            vec![1.0, 0.0],
        ];
        let violations = [0.0, 0.0, 0.3, 0.0, 0.1, 0.0];
        let mut selection = ReferenceDirections::new(das_dennis(2, 4));
        let mut select =
            |count| indices(&selection.select(&costs, &violations, count, &mut ChaCha8Rng::seed_from_u64(3)));
        assert_eq!(select(2), [1, 5]);
        assert_eq!(select(3), [1, 3, 5]);
        assert_eq!(select(4), [1, 3, 4, 5]);
        assert_eq!(select(5), [1, 2, 3, 4, 5]);
        assert_eq!(select(9), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn state_survives_storage() {
        let costs: Vec<Vec<f64>> = das_dennis(3, 7);
        let mut first = ReferenceDirections::new(das_dennis(3, 4));
        first.select(&costs, &[], 10, &mut ChaCha8Rng::seed_from_u64(1));
        let text = serde_json::to_string(&first).unwrap();
        let mut second: ReferenceDirections = serde_json::from_str(&text).unwrap();
        assert_eq!(first, second);
        let select =
            |state: &mut ReferenceDirections| state.select(&costs, &[], 9, &mut ChaCha8Rng::seed_from_u64(5));
        assert_eq!(select(&mut first), select(&mut second));
    }
}
