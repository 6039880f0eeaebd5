//! Crowding: how much room a candidate has for itself on its front.

use super::dominance::lexicographic;

/// Crowding distances of the members of `front` (indices into `costs`), in its order: the sum over
/// the costs of the gap between the two neighbours, as a share of the front's range (Deb et al. 2002).
///
/// The ends of the front get infinity. Of several members with the same costs the first gets the
/// distance and the others 0, so that copies are the first to go.
pub fn crowding_distance(costs: &[Vec<f64>], front: &[usize]) -> Vec<f64> {
    Chains::new(costs, front).distances()
}

/// The `count` members of `front` that are left when the most crowded one is taken out again and
/// again, with their distances at the end (Kukkonen and Deb, CEC 2006): better spread than taking out
/// all at once, after which a crowded region may be empty. In the order of `front`.
pub(super) fn thin_out(costs: &[Vec<f64>], front: &[usize], count: usize) -> Vec<(usize, f64)> {
    let mut chains = Chains::new(costs, front);
    let mut distances = chains.distances();
    let mut left: Vec<usize> = (0..front.len()).collect();
    while left.len() > count {
        // Of equally crowded members the last goes.
        let crowded = left
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| distances[**a].total_cmp(&distances[**b]).then(b.cmp(a)))
            .map_or(0, |(place, _)| place);
        let member = left.remove(crowded);
        for neighbour in chains.unlink(member) {
            distances[neighbour] = chains.distance(neighbour);
        }
    }
    left.into_iter().map(|member| (front[member], distances[member])).collect()
}

/// The members of a front, without copies, as a linked list per objective.
struct Chains<'a> {
    costs: Vec<&'a [f64]>,
    /// Whether a member repeats the costs of an earlier one.
    copies: Vec<bool>,
    /// `links[objective][member]`: the members before and after.
    links: Vec<Vec<[Option<usize>; 2]>>,
    /// Range of each objective; 0 where it is not a positive number.
    ranges: Vec<f64>,
}

impl<'a> Chains<'a> {
    fn new(costs: &'a [Vec<f64>], front: &[usize]) -> Self {
        let costs: Vec<&[f64]> = front.iter().map(|&i| costs[i].as_slice()).collect();
        let mut order: Vec<usize> = (0..costs.len()).collect();
        order.sort_by(|&a, &b| lexicographic(costs[a], costs[b]).then(a.cmp(&b)));
        order.dedup_by(|b, a| lexicographic(costs[*a], costs[*b]).is_eq());
        let mut copies = vec![true; costs.len()];
        for &member in &order {
            copies[member] = false;
        }
        let objectives = costs.first().map_or(0, |c| c.len());
        let mut links = vec![vec![[None; 2]; costs.len()]; objectives];
        let mut ranges = vec![0.0; objectives];
        for objective in 0..objectives {
            let cost = |member: usize| costs[member][objective];
            order.sort_by(|&a, &b| cost(a).total_cmp(&cost(b)).then(a.cmp(&b)));
            for pair in order.windows(2) {
                links[objective][pair[0]][1] = Some(pair[1]);
                links[objective][pair[1]][0] = Some(pair[0]);
            }
            if let (Some(&first), Some(&last)) = (order.first(), order.last()) {
                let range = cost(last) - cost(first);
                ranges[objective] = if range > 0.0 && range.is_finite() { range } else { 0.0 };
            }
        }
        Self { costs, copies, links, ranges }
    }

    fn distances(&self) -> Vec<f64> {
        (0..self.costs.len()).map(|member| self.distance(member)).collect()
    }

    fn distance(&self, member: usize) -> f64 {
        if self.copies[member] {
            return 0.0;
        }
        let mut sum = 0.0;
        for (objective, links) in self.links.iter().enumerate() {
            let [Some(before), Some(after)] = links[member] else { return f64::INFINITY };
            if self.ranges[objective] > 0.0 {
                sum +=
                    (self.costs[after][objective] - self.costs[before][objective]) / self.ranges[objective];
            }
        }
        sum
    }

    /// Takes a member out and returns those whose distance changes by it.
    fn unlink(&mut self, member: usize) -> Vec<usize> {
        let mut neighbours = Vec::new();
        for links in &mut self.links {
            let [before, after] = links[member];
            if let Some(before) = before {
                links[before][1] = after;
                neighbours.push(before);
            }
            if let Some(after) = after {
                links[after][0] = before;
                neighbours.push(after);
            }
        }
        neighbours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_shares_of_the_range() {
        let costs = vec![vec![0.0, 4.0], vec![1.0, 2.0], vec![3.0, 1.0], vec![4.0, 0.0], vec![1.0, 2.0]];
        let distance = crowding_distance(&costs, &[0, 1, 2, 3, 4]);
        // Member 1: (3 - 0)/4 + (4 - 1)/4; member 2: (4 - 1)/4 + (2 - 0)/4; member 4 is a copy of 1.
        assert_eq!(distance, [f64::INFINITY, 1.5, 1.25, f64::INFINITY, 0.0]);
    }

    #[test]
    fn small_and_flat_fronts() {
        let costs = vec![vec![1.0, 1.0], vec![1.0, 1.0]];
        assert_eq!(crowding_distance(&costs, &[0, 1]), [f64::INFINITY, 0.0]);
        assert!(crowding_distance(&costs, &[]).is_empty());
        assert_eq!(thin_out(&costs, &[0, 1], 1), [(0, f64::INFINITY)]);
    }

    #[test]
    fn thinning_leaves_one_of_a_crowd() {
        // Three points close together: taken out at once, two of them would go and leave a hole.
        let costs: Vec<Vec<f64>> =
            [0.0, 2.0, 4.9, 5.0, 5.1, 8.0, 10.0].iter().map(|&x| vec![x, 10.0 - x]).collect();
        let left = thin_out(&costs, &[0, 1, 2, 3, 4, 5, 6], 5);
        let kept: Vec<usize> = left.iter().map(|&(index, _)| index).collect();
        assert_eq!(kept.len(), 5);
        assert!([0, 1, 5, 6].iter().all(|index| kept.contains(index)), "{kept:?}");
        // The one that is left has its neighbours at 2 and 8, in both costs.
        assert!((left[2].1 - 1.2).abs() < 1e-12);
    }
}
